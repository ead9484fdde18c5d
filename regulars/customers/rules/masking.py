"""How people's data look to those without need of them: enough to recognise, not enough to use."""

import re
from typing import Any

DOTS = "•••"
TELLING = ("name", "name_ru", "email", "phone", "address", "birthday")
"""Facts that are masked; the others (a gender, a year, a language) name nobody."""


def mask_name(name: str) -> str:
    """The initials of a name.

    >>> mask_name("Anna Petrova-Lee")
    'A. P.'
    """
    return " ".join(f"{word[0].upper()}." for word in name.split()[:3])


def mask_email(email: str) -> str:
    """The first letter and the domain of an e-mail.

    >>> mask_email("anna@example.com")
    'a••@example.com'
    """
    local, _, domain = email.partition("@")
    return f"{local[:1]}••@{domain}" if domain else DOTS


def mask_phone(phone: str) -> str:
    """The beginning and the last four digits of a phone.

    >>> mask_phone("+79161234567")
    '+7 ••• ••• 45 67'
    """
    digits = re.sub(r"\D", "", phone)
    if len(digits) < 7:
        return DOTS
    country = digits[: max(len(digits) - 10, 0)] or digits[:1]
    return f"+{country} {DOTS} {DOTS} {digits[-4:-2]} {digits[-2:]}"


def mask_number(number: str) -> str:
    """The last four characters of a card or an id.

    >>> mask_number("4600000000017"), mask_number("17")
    ('••• 0017', '•••')
    """
    return f"{DOTS} {number[-4:]}" if len(number) > 6 else DOTS


def masked_fact(fact: str, value: Any) -> Any:
    """A fact of a profile as it is shown to people without need of it.

    >>> masked_fact("birthday", "1990-12-31"), masked_fact("gender", "f")
    ('1990', 'f')
    """
    if value in ("", None) or fact not in TELLING:
        return value
    text = str(value)
    makers = {"name": mask_name, "name_ru": mask_name, "email": mask_email, "phone": mask_phone}
    if fact in makers:
        return makers[fact](text)
    return text[:4] if fact == "birthday" else DOTS


def masked_identity(kind: str, value: str) -> str:
    """An identity as it is shown to people without need of it."""
    return {"email": mask_email, "phone": mask_phone}.get(kind, mask_number)(value)
