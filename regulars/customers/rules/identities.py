"""What makes a value fit to point to one person."""

import re
from functools import lru_cache

NOBODY = frozenset(
    "null none nan na unknown undefined anonymous test noname xxx customer guest".split()
)
"""Words that stand where somebody's name or mailbox should."""

_NOBODY = frozenset(
    {"", "-1", "null", "none", "nan", "n/a", "anonymous", "unknown", "undefined", "test@test"}
)
_ONLY_ZEROS = re.compile(r"[0-]*")
_NOT_A_DIGIT = re.compile(r"\D")


@lru_cache(maxsize=65_536)
def normal_value(kind: str, value: str) -> str | None:
    """The one spelling an identity is kept under, or None where the value points to nobody.

    E-mails are lower-cased; phones become E.164 (a Russian leading 8 is +7); others are trimmed.
    What was typed because something had to be, such as a phone of one digit, points to nobody.

    >>> normal_value("phone", "8 (916) 123-45-67")
    '+79161234567'
    >>> normal_value("card", "0000-00"), normal_value("phone", "+7 (999) 999-99-99")
    (None, None)
    >>> normal_value("email", "no mail"), normal_value("email", "test@test.com")
    (None, None)
    """
    value = value.strip()
    if value.lower() in _NOBODY or _ONLY_ZEROS.fullmatch(value):
        return None
    if kind == "email":
        return _normal_email(value)
    if kind == "phone":
        phone = normal_phone(value)
        return None if phone is None or len(set(phone[-7:])) == 1 else phone
    return value


def _normal_email(value: str) -> str | None:
    local, _, domain = value.lower().partition("@")
    if not local or not domain:
        return None
    is_made_up = local in NOBODY and domain.partition(".")[0] in NOBODY
    return None if is_made_up else f"{local}@{domain}"


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
