"""What makes a value fit to point to one person."""

import re
from functools import lru_cache

_NOBODY = frozenset(
    {"", "-1", "null", "none", "nan", "n/a", "anonymous", "unknown", "undefined", "test@test"}
)
_ONLY_ZEROS = re.compile(r"[0-]*")
_NOT_A_DIGIT = re.compile(r"\D")


@lru_cache(maxsize=65_536)
def normal_value(kind: str, value: str) -> str | None:
    """The one spelling an identity is kept under, or None where the value points to nobody.

    E-mails are lower-cased; phones become E.164 (a Russian leading 8 is +7); others are trimmed.

    >>> normal_value("phone", "8 (916) 123-45-67")
    '+79161234567'
    >>> normal_value("card", "0000-00") is None
    True
    """
    value = value.strip()
    if value.lower() in _NOBODY or _ONLY_ZEROS.fullmatch(value):
        return None
    if kind == "email":
        return value.lower()
    if kind == "phone":
        return normal_phone(value)
    return value


def normal_phone(value: str) -> str | None:
    """A phone in E.164, or None where it has too few or too many digits for one.

    >>> normal_phone("+1 (555) 010-9999")
    '+15550109999'
    >>> normal_phone("12") is None
    True
    """
    digits = _NOT_A_DIGIT.sub("", value)
    if len(digits) == 11 and digits[0] == "8" and not value.startswith("+"):
        digits = f"7{digits[1:]}"
    return f"+{digits}" if 7 <= len(digits) <= 15 else None
