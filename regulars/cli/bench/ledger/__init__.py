"""The bench of the ledger: its audit at size, and spending over very many lots."""
