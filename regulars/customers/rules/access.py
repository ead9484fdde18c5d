"""The words of the audit trail."""


def gettext_noop(text: str) -> str:
    """The text itself; the name marks it for the translation catalogue."""
    return text


ACTORS: dict[str, str] = {
    "employee": gettext_noop("Employee"),
    "program": gettext_noop("Program"),
    "person": gettext_noop("The person"),
}

DEEDS: dict[str, str] = {
    "saw": gettext_noop("saw"),
    "changed": gettext_noop("changed"),
    "exported": gettext_noop("exported"),
    "revealed": gettext_noop("revealed"),
    "erased": gettext_noop("erased"),
}
