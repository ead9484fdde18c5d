"""Fields: what a target can take from a file, and how each is read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from regulars.connectors.rules.numbers import decimal_mark_of, milli_from, minor_from, whole_from
from regulars.connectors.rules.texts import key_from, text_from
from regulars.connectors.rules.times import day_comes_first, day_from, moment_from
from regulars.connectors.rules.unreadable import Unreadable

Parse = Callable[[str], Any]
NUMBERS = frozenset({"money", "signed_money", "quantity"})
TIMES = frozenset({"time", "date"})
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Field:
    """One thing a target takes: its name, how it is read, and what headers usually call it.

    `kind` is one of `text`, `key`, `money`, `signed_money`, `quantity`, `whole`, `time`, `date`,
    `email`, `phone`, `choice`. `of_group` tells what is said once for a whole receipt.
    """

    name: str
    label: Any
    kind: str
    required: bool = False
    synonyms: str = ""
    """What headers usually call it, with bars between."""
    length_max: int = 200
    of_group: bool = False
    hint: Any = ""
    choices: Mapping[str, str] = field(default_factory=dict)
    """What a choice can be, and how else each is written, with bars between."""

    @property
    def is_number(self) -> bool:
        """Whether its values are stored as whole numbers."""
        return self.kind in {"money", "signed_money", "quantity", "whole", "time"}


@dataclass(frozen=True)
class Habits:
    """What a file leaves unsaid: the zone of its times, the digits of its money, its marks."""

    zone: str = "UTC"
    digits: int = 2
    day_first: bool = True
    decimal_mark: str = "."
    known: frozenset[str] = field(default_factory=frozenset)
    """Names of habits that a person has set, and that a column may not overrule."""


def parser_of(wanted: Field, habits: Habits) -> Parse:
    """The function that reads a text of this field, or raises `Unreadable`."""
    makers: dict[str, Callable[[], Parse]] = {
        "text": lambda: partial(text_from, length_max=wanted.length_max),
        "key": lambda: partial(key_from, length_max=wanted.length_max),
        "money": lambda: partial(_amount, mark=habits.decimal_mark, digits=habits.digits),
        "signed_money": lambda: partial(_off, mark=habits.decimal_mark, digits=habits.digits),
        "quantity": lambda: partial(_quantity, mark=habits.decimal_mark),
        "whole": lambda: whole_from,
        "time": lambda: partial(_micros, zone=ZoneInfo(habits.zone), day_first=habits.day_first),
        "date": lambda: partial(_day, day_first=habits.day_first),
        "email": lambda: _email,
        "phone": lambda: partial(key_from, length_max=40),
        "choice": lambda: partial(_choice, known=_spellings(wanted.choices)),
    }
    return makers[wanted.kind]()


def habit_shown(wanted: Field, text: str, habits: Habits) -> Habits | None:
    """The habits with what this value shows of its column; None where it shows nothing."""
    if wanted.kind in NUMBERS and (mark := decimal_mark_of(text)):
        return replace(habits, decimal_mark=mark)
    if wanted.kind in TIMES and (first := day_comes_first(text)) is not None:
        return replace(habits, day_first=first)
    return None


def needs_habits(wanted: Field, habits: Habits) -> bool:
    """Whether the column has to be looked at before its values can be read."""
    return (wanted.kind in NUMBERS and "decimal_mark" not in habits.known) or (
        wanted.kind in TIMES and "day_first" not in habits.known
    )


def moment_of(micros: int) -> datetime:
    """The moment that a stored time stands for."""
    seconds, rest = divmod(micros, 1_000_000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest)


def _amount(text: str, *, mark: str, digits: int) -> int:
    minor = minor_from(text, decimal_mark=mark, digits=digits)
    if minor < 0:
        raise Unreadable("negative")
    return minor


def _off(text: str, *, mark: str, digits: int) -> int:
    """A discount; many tills print it with a minus, which says the same."""
    return abs(minor_from(text, decimal_mark=mark, digits=digits))


def _quantity(text: str, *, mark: str) -> int:
    milli = milli_from(text, decimal_mark=mark)
    if milli < 0:
        raise Unreadable("negative")
    return milli


def _micros(text: str, *, zone: ZoneInfo, day_first: bool) -> int:
    moment = moment_from(text, zone=zone, day_first=day_first)
    since = moment - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def _day(text: str, *, day_first: bool) -> str:
    day: date = day_from(text, day_first=day_first)
    return day.isoformat()


def _email(text: str) -> str:
    text = key_from(text, length_max=254)
    name, at, host = text.rpartition("@")
    if not (name and at and "." in host) or " " in text:
        raise Unreadable("bad_email")
    return text


def _spellings(choices: Mapping[str, str]) -> dict[str, str]:
    return {
        spelling.casefold(): choice
        for choice, others in choices.items()
        for spelling in (choice, *others.split("|"))
    }


def _choice(text: str, *, known: Mapping[str, str]) -> str:
    found = known.get(" ".join(text.split()).casefold())
    if found is None:
        raise Unreadable("unknown_kind")
    return found
