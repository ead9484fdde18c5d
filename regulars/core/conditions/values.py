"""Values written in a condition: checked against the type of their field."""

import math
from collections.abc import Callable
from datetime import UTC, date, datetime

from regulars.core.conditions.fields import Field, FieldType
from regulars.core.conditions.notes import DIGITS_MAX
from regulars.core.conditions.tree import Scalar
from regulars.core.conditions.words import Words, gettext_noop
from regulars.core.errors import Refused

TEXT_MAX = 1000
WHOLE_MAX = 2**63 - 1


def check_value(field: Field, value: object, *, path: str, words: Words) -> Scalar:
    """The value in the field's own type; `Refused` with the path when it does not fit."""
    read, complaint = _READERS[field.type]
    found = read(value)
    if found is None:
        raise Refused("wrong_value", words.gettext(complaint), path)
    choices = field.current_choices()
    if choices is not None and found not in {choice.value for choice in choices}:
        message = words.gettext("“%(value)s” is not one of the values of this field")
        raise Refused("unknown_choice", message % {"value": found}, path)
    return found


def _text(value: object) -> str | None:
    """A text that any database can hold: not empty, no NUL, no half of a surrogate pair."""
    if not isinstance(value, str) or not 0 < len(value) <= TEXT_MAX:
        return None
    return None if "\0" in value or not _is_encodable(value) else value


def _is_encodable(value: str) -> bool:
    return not any("\ud800" <= letter <= "\udfff" for letter in value)


def _integer(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if abs(value) <= WHOLE_MAX else None


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if math.isfinite(found) else None


def _decimal(value: object) -> int | float | None:
    """A number as it was told, which is compared digit by digit."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value if abs(value) < 10**DIGITS_MAX else None
    return _number(value)


def _boolean(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _date(value: object) -> date | None:
    try:
        return date.fromisoformat(value) if isinstance(value, str) and len(value) == 10 else None
    except ValueError:
        return None


def _datetime(value: object) -> datetime | None:
    """A moment with an offset, in UTC; one without could mean any of a day's hours."""
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
        return found.astimezone(UTC) if found and found.tzinfo else None
    except (ValueError, OverflowError):
        return None


_READERS: dict[FieldType, tuple[Callable[[object], Scalar | None], str]] = {
    "text": (_text, gettext_noop("a text of 1 to 1000 characters is needed")),
    "path": (_text, gettext_noop("a text of 1 to 1000 characters is needed")),
    "list of text": (_text, gettext_noop("a text of 1 to 1000 characters is needed")),
    "integer": (_integer, gettext_noop("a whole number is needed")),
    "number": (_number, gettext_noop("a number is needed")),
    "decimal": (_decimal, gettext_noop("a number is needed")),
    "anything": (lambda _value: None, gettext_noop("no value is needed")),
    "boolean": (_boolean, gettext_noop("true or false is needed")),
    "date": (_date, gettext_noop("a day like 2026-01-31 is needed")),
    "datetime": (_datetime, gettext_noop("a moment like 2026-01-31T18:00:00+03:00 is needed")),
}
