"""Spans of time in which something was done: the last days, from so long to so long ago, or dates."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal, TypeAlias

from regulars.core.conditions.words import Words, gettext_noop
from regulars.core.errors import Refused

WindowKind: TypeAlias = Literal["last_days", "last_hours", "days_ago", "dates"]

DAYS_MAX = 36_500
HOURS_MAX = 24 * 366
INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True)
class Window:
    """A span of time, most kinds of which move on with the present moment.

    `near` and `far` count days or hours back from now; `from_on` and `until_on` are days in the
    zone of now, both included. Nothing that lies after now is in any window.
    """

    kind: WindowKind
    near: int = 0
    far: int = 0
    from_on: date | None = None
    until_on: date | None = None

    @property
    def reach(self) -> tuple[timedelta, timedelta]:
        """How far back the window begins to hold a moment and ceases to, for those that move."""
        unit = timedelta(hours=1) if self.kind == "last_hours" else timedelta(days=1)
        return self.near * unit, self.far * unit

    def bounds(self, now: datetime) -> tuple[datetime | None, datetime]:
        """The first moment inside the window, if it has one, and the first after it, in UTC."""
        end = now.astimezone(UTC) + INSTANT
        if self.kind != "dates":
            near, far = self.reach
            return end - far, end - near
        first = _midnight(self.from_on, now) if self.from_on else None
        after = _midnight(self.until_on + timedelta(days=1), now) if self.until_on else end
        return first, min(after, end)

    def turns(self, at: datetime) -> Iterator[datetime]:
        """The moments at which something done `at` comes into the window and drops out of it."""
        if self.kind == "dates":
            yield at
        else:
            near, far = self.reach
            yield at + near
            yield at + far

    def as_json(self) -> Mapping[str, Any]:
        """The window in its JSON form."""
        match self.kind:
            case "dates":
                days = {"from": self.from_on, "until": self.until_on}
                return {name: day.isoformat() for name, day in days.items() if day}
            case "days_ago":
                return {"days_ago": [self.near, self.far]}
            case _:
                return {self.kind: self.far}


def bounds_of(window: Window | None, now: datetime) -> tuple[datetime | None, datetime]:
    """The bounds of a window; without one, everything up to now."""
    return window.bounds(now) if window else (None, now.astimezone(UTC) + INSTANT)


def read_window(raw: object, *, path: str, words: Words) -> Window:
    """The window that a JSON value means; `Refused` with the path to what is wrong."""
    complaint = words.gettext(
        "a window is one of last_days, last_hours, days_ago, or from and until"
    )
    if not isinstance(raw, dict) or not raw:
        raise Refused("wrong_window", complaint, path)
    keys = set(raw)
    if keys <= {"from", "until"}:
        return _dates(raw, path, words)
    if len(keys) != 1:
        raise Refused("wrong_window", complaint, path)
    (key,) = keys
    match key:
        case "last_days":
            return Window(key, far=_count(raw[key], DAYS_MAX, f"{path}.{key}", words=words))
        case "last_hours":
            return Window(key, far=_count(raw[key], HOURS_MAX, f"{path}.{key}", words=words))
        case "days_ago":
            return _days_ago(raw[key], f"{path}.{key}", words)
        case _:
            raise Refused("wrong_window", complaint, path)


def _dates(raw: dict[str, Any], path: str, words: Words) -> Window:
    days: dict[str, date | None] = {"from": None, "until": None}
    for name, value in raw.items():
        try:
            days[name] = date.fromisoformat(value)
        except (TypeError, ValueError):
            message = words.gettext("a day like 2026-01-31 is needed")
            raise Refused("wrong_value", message, f"{path}.{name}") from None
    first, last = days["from"], days["until"]
    if first and last and first > last:
        message = words.gettext("the first day comes after the last")
        raise Refused("wrong_value", message, f"{path}.until")
    return Window("dates", from_on=first, until_on=last)


def _days_ago(raw: object, path: str, words: Words) -> Window:
    if not isinstance(raw, list) or len(raw) != 2:
        message = words.gettext("two numbers of days are needed, the nearer first")
        raise Refused("wrong_value", message, path)
    far = _count(raw[1], DAYS_MAX, f"{path}[1]", words=words)
    near = 0 if raw[0] == 0 else _count(raw[0], DAYS_MAX, f"{path}[0]", words=words)
    if near >= far:
        message = words.gettext("two numbers of days are needed, the nearer first")
        raise Refused("wrong_value", message, path)
    return Window("days_ago", near=near, far=far)


def _count(raw: object, most: int, path: str, *, words: Words) -> int:
    if isinstance(raw, bool) or not isinstance(raw, int) or not 1 <= raw <= most:
        message = words.gettext(gettext_noop("a whole number from 1 to %(most)s is needed"))
        raise Refused("wrong_value", message % {"most": most}, path)
    return raw


def _midnight(day: date, now: datetime) -> datetime:
    return datetime.combine(day, time(), tzinfo=now.tzinfo).astimezone(UTC)
