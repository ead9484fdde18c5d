"""Texts from outside, as the database can keep them."""


def keepable(text: str) -> str:
    r"""The text without control characters, and without halves of characters, which no UTF-8 holds.

    >>> keepable("one\n\x00two\ud800")
    'one\ntwo'
    """
    return "".join(one for one in text if one in "\n\t" or (one >= " " and not _is_half(one)))


def _is_half(one: str) -> bool:
    return "\ud800" <= one <= "\udfff"
