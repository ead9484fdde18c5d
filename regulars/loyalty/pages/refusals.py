"""Refusals of actions beside the fields of forms, in the language of the reader."""

from django.forms import BaseForm

from regulars.core.errors import Refused
from regulars.loyalty.reasons import refusal_in_words
from regulars.web.pages import blame


def blame_in_words(form: BaseForm, refused: Refused) -> None:
    """Puts a refusal beside the field that it names, in words for people where there are any."""
    blame(form, Refused(refused.code, refusal_in_words(refused), refused.field))
