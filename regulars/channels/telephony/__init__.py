"""A small telephone: SIP over UDP, PCMU over RTP, keys by RFC 4733. It answers calls and plays prompts.

It knows nothing of surveys; a `Script` says what to play and takes the keys.
"""
