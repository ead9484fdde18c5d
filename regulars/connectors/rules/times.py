"""Reading moments and days in the formats that files of this trade have."""

import re
from datetime import UTC, date, datetime, timedelta, tzinfo

from regulars.connectors.rules.unreadable import Unreadable

_CLOCK = r"(?:[T ,]+(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d+)?)?\s*([AaPp]\.?[Mm]\.?)?)?"
_ZONE = r"\s*(Z|UTC|GMT|[+-]\d{2}:?\d{2}|[+-]\d{2})?"
_YEAR_FIRST = re.compile(rf"(\d{{4}})[-./](\d{{1,2}})[-./](\d{{1,2}}){_CLOCK}{_ZONE}")
_YEAR_LAST = re.compile(rf"(\d{{1,2}})([-./])(\d{{1,2}})\2(\d{{4}}|\d{{2}}){_CLOCK}{_ZONE}")
_NAMED = re.compile(rf"(\d{{1,2}})[ -]([^\W\d_]{{3,}})\.?[ -](\d{{4}}){_CLOCK}{_ZONE}")
_NAMED_US = re.compile(rf"([^\W\d_]{{3,}})\.? (\d{{1,2}}),? (\d{{4}}){_CLOCK}{_ZONE}")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})(?:[T ]?(\d{2})(\d{2})(\d{2})?)?(?:Z)?")
_SERIAL = re.compile(r"\d{5}(?:\.\d+)?")
_EPOCH = re.compile(r"\d{10}(?:\d{3})?")
_EXCEL_ZERO = datetime(1899, 12, 30)  # noqa: DTZ001 (a serial number knows no zone)
_UNIX_ZERO = datetime(1970, 1, 1, tzinfo=UTC)
_NAMES_OF_MONTHS = "jan янв|feb фев|mar мар|apr апр|may май мая|jun июн|jul июл|aug авг|sep сен|oct окт|nov ноя|dec дек"
_MONTHS = {
    name: number
    for number, names in enumerate(_NAMES_OF_MONTHS.split("|"), 1)
    for name in names.split()
}


def day_comes_first(text: str) -> bool | None:
    """Whether a value shows that the day stands before the month; None where it may be either.

    >>> day_comes_first("3/25/2026"), day_comes_first("3/4/2026"), day_comes_first("2026-03-04")
    (False, None, True)
    """
    found = _YEAR_LAST.match(text)
    if not found or found[2] == ".":
        return True
    if int(found[1]) > 12:
        return True
    return False if int(found[3]) > 12 else None


def moment_from(text: str, *, zone: tzinfo, day_first: bool = True) -> datetime:
    """The moment that a text says, in UTC; a text without an offset is local to the zone.

    Understood are ISO 8601, day.month.year, day/month/year or month/day/year, names of months in
    English and Russian, `20261120`, serial days of spreadsheets and seconds since 1970.

    >>> moment_from("20.11.2026 18:05", zone=UTC)
    datetime.datetime(2026, 11, 20, 18, 5, tzinfo=datetime.timezone.utc)
    >>> moment_from("46346.5", zone=UTC)
    datetime.datetime(2026, 11, 20, 12, 0, tzinfo=datetime.timezone.utc)
    """
    moment = _unzoned(text, day_first=day_first)
    try:
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
    except OverflowError as error:
        raise Unreadable("out_of_range") from error


def day_from(text: str, *, day_first: bool = True) -> date:
    """The day that a text says.

    >>> day_from("20.11.1980")
    datetime.date(1980, 11, 20)
    """
    return _unzoned(text, day_first=day_first).date()


def _unzoned(text: str, *, day_first: bool) -> datetime:
    try:
        moment = _iso(text) or _worded(text, day_first=day_first) or _counted(text)
    except (ValueError, OverflowError) as error:
        raise Unreadable("not_a_time") from error
    if moment is None:
        raise Unreadable("not_a_time")
    if not 1900 <= moment.year <= 2100:
        raise Unreadable("out_of_range")
    return moment


def _iso(text: str) -> datetime | None:
    if len(text) < 10 or text[4:5] != "-":
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _worded(text: str, *, day_first: bool) -> datetime | None:
    """A day with its parts apart, and perhaps a clock time and an offset after it."""
    if found := _YEAR_FIRST.fullmatch(text):
        year, month, day = int(found[1]), int(found[2]), int(found[3])
        return _assembled((year, month, day), found.groups()[3:])
    if found := _YEAR_LAST.fullmatch(text):
        first, second, year = int(found[1]), int(found[3]), int(found[4])
        if len(found[4]) == 2:
            year += 2000 if year < 70 else 1900
        swapped = found[2] != "." and not day_first
        day, month = (second, first) if swapped else (first, second)
        return _assembled((year, month, day), found.groups()[4:])
    if found := _NAMED.fullmatch(text):
        return _assembled((int(found[3]), _month(found[2]), int(found[1])), found.groups()[3:])
    if found := _NAMED_US.fullmatch(text):
        return _assembled((int(found[3]), _month(found[1]), int(found[2])), found.groups()[3:])
    return None


def _assembled(day: tuple[int, int, int], rest: tuple[str | None, ...]) -> datetime:
    hour, minute, second, half, offset = rest
    hours = int(hour or 0)
    if half:
        if not 1 <= hours <= 12:
            raise Unreadable("not_a_time")
        hours = hours % 12 + (12 if half[0] in "pP" else 0)
    moment = datetime(*day, hours, int(minute or 0), int(second or 0))  # noqa: DTZ001
    return moment.replace(tzinfo=_offset(offset)) if offset else moment


def _offset(text: str) -> tzinfo:
    if text in {"Z", "UTC", "GMT"}:
        return UTC
    padded = text if len(text) > 3 else f"{text}00"
    zone = datetime.strptime(padded, "%z").tzinfo
    assert zone is not None
    return zone


def _month(name: str) -> int:
    if (number := _MONTHS.get(name[:3].lower())) is None:
        raise Unreadable("not_a_time")
    return number


def _counted(text: str) -> datetime | None:
    """A moment as digits only: year, month and day run together, a serial day, or seconds."""
    if _SERIAL.fullmatch(text):
        seconds = round(float(text) * 86_400)
        return _EXCEL_ZERO + timedelta(seconds=seconds)
    if _EPOCH.fullmatch(text):
        return _UNIX_ZERO + timedelta(seconds=int(text[:10]))
    if found := _COMPACT.fullmatch(text):
        numbers = [int(part or 0) for part in found.groups()]
        return datetime(*numbers)  # type: ignore[arg-type]  # noqa: DTZ001
    return None
