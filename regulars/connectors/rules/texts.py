"""Texts: what may be stored, and what a spreadsheet must not run."""

import re

from regulars.connectors.rules.unreadable import Unreadable

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_ACTIVE = ("=", "+", "-", "@", "\t", "\r")
_NUMBER = re.compile(r"[+-]?[\d\s.,]+")


def text_from(text: str, *, length_max: int) -> str:
    """The text, if it can be stored.

    >>> text_from("Milk", length_max=10)
    'Milk'
    """
    if "\ufffd" in text:
        raise Unreadable("undecodable")
    if _CONTROL.search(text):
        raise Unreadable("control_characters")
    if len(text) > length_max:
        raise Unreadable("too_long")
    return text


def key_from(text: str, *, length_max: int) -> str:
    """A number or code that names something: one line, without what a spreadsheet adds to it.

    >>> key_from("12345.0", length_max=20)
    '12345'
    """
    text = text_from(text, length_max=length_max)
    if "\n" in text:
        raise Unreadable("control_characters")
    return text[:-2] if text.endswith(".0") and text[:-2].isdigit() else text


def harmless(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula.

    >>> harmless("=1+1"), harmless("-12,50")
    ("'=1+1", '-12,50')
    """
    if cell.startswith(_ACTIVE) and not _NUMBER.fullmatch(cell):
        return f"'{cell}"
    return cell
