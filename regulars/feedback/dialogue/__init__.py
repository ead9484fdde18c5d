"""A survey as a conversation, one question at a time: by text, in a messenger, in the ear.

Pure: no database, no clock, no Django. The path is the survey engine's own, so the same answers lead
to the same questions here and on a page.
"""
