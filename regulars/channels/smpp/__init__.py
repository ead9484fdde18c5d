"""SMPP 3.4, the protocol of operators' message centres: our side of it, over one kept connection.

Our own because of one promise: what a centre brings is answered only once it is on record.
"""
