"""Translation as the condition language needs it, without a framework."""

from gettext import NullTranslations
from typing import Protocol


class Words(Protocol):
    """Gives texts in the reader's language; `django.utils.translation` is one of these."""

    def gettext(self, message: str, /) -> str:
        """The text in the reader's language."""

    def ngettext(self, singular: str, plural: str, number: int, /) -> str:
        """The text that goes with a number in the reader's language."""


ENGLISH: Words = NullTranslations()


def gettext_noop(message: str) -> str:
    """The same text; marks it for the catalogue of translations."""
    return message
