"""Why a value of a file cannot be taken."""

from django.utils.translation import gettext_lazy as _


class Unreadable(ValueError):
    """A value that cannot be read; the code names the reason."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


REASONS: dict[str, object] = {
    "bad_email": _("this is no e-mail address"),
    "bad_phone": _("this is no phone number"),
    "control_characters": _("contains control characters"),
    "differs": _("differs from the first line of the same receipt"),
    "duplicate": _("the same key stands on an earlier line"),
    "missing": _("is empty, but needed"),
    "negative": _("is negative; returns are not imported as purchases"),
    "not_a_number": _("is no number"),
    "not_a_time": _("is no date that can be read"),
    "not_whole": _("is no whole number"),
    "other_content": _("is on record already with other content"),
    "out_of_range": _("is outside what is possible"),
    "too_few_cells": _("the line has fewer cells than the header"),
    "too_large": _("is too large"),
    "too_long": _("is too long"),
    "too_many_cells": _("the line has more cells than the header"),
    "too_many_decimals": _("has more decimals than the currency"),
    "in_the_future": _("lies in the future"),
    "undecodable": _("contains bytes that are no text in this encoding"),
    "other_text": _("the hash is not that of the text beside it"),
    "unknown_purpose": _("there is no purpose of this code"),
    "ends_before_it_begins": _("ends before it begins"),
    "unknown_kind": _("is none of the known values"),
    "nobody": _("the line names nobody"),
    "unreadable_text": _("is too long or contains control characters"),
    "unknown_customer": _("no customer has this number"),
    "no_lines": _("the receipt has no line, or more than a thousand"),
    "bad_identity": _("does not name a person"),
    "bad_birth_year": _("is no year of birth"),
    "bad_birthday": _("is no day of birth"),
    "bad_timezone": _("is no time zone such as Europe/Moscow"),
    "earned_later": _("lies ahead"),
    "has_expired": _("is over: these points would be dead already"),
    "no_dates_here": _("only points that are spent have dates"),
    "not_a_balance": _("is below zero, or no whole number of what is held"),
    "unknown_program": _("there is no program of this code"),
    "unknown_unit": _("the program has nothing of this code"),
    "too_many_traits": _("has more columns than a profile can keep"),
}
"""Every reason by its code, for pages, files of errors and the command line."""


def reason_text(code: str) -> str:
    """A reason in the current language; an unknown code stands for itself."""
    return str(REASONS.get(code, code))
