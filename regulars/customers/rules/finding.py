"""What a text that people type may mean."""

import re

_WORD = re.compile(r"\w+")
_PHONE = re.compile(r"[\d\s()+.-]+")


def name_query(text: str) -> str:
    """A text as a query of PostgreSQL's full-text search: each word begins a word of the name.

    >>> name_query("ann O'Br")
    "'ann':* & 'o':* & 'br':*"
    """
    words = [word.lower() for word in _WORD.findall(text)][:8]
    return " & ".join(f"'{word}':*" for word in words)


def phone_ending(text: str) -> str:
    """The digits of a text that may be the end of a phone, four at least; else nothing.

    A whole number counts without its first digits, which people write in several ways.

    >>> phone_ending("45-67"), phone_ending("8 916 123-45-67"), phone_ending("ann 4567")
    ('4567', '9161234567', '')
    """
    if not _PHONE.fullmatch(text):
        return ""
    digits = re.sub(r"\D", "", text)
    return digits[-10:] if len(digits) >= 4 else ""


def phone_beginnings(text: str) -> list[str]:
    """The spellings under which a text may begin a phone that is kept as E.164.

    >>> phone_beginnings("8 (916) 12"), phone_beginnings("ann")
    (['+891612', '+791612'], [])
    """
    if not _PHONE.fullmatch(text):
        return []
    digits = re.sub(r"\D", "", text)
    if len(digits) < 4:
        return []
    return [f"+{digits}", f"+7{digits[1:]}"] if digits[0] == "8" else [f"+{digits}"]
