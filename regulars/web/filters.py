"""Which store and which days a page is about: read from its address, carried along by links."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Protocol
from urllib.parse import urlencode

from django.http import HttpRequest
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _

PRESETS: dict[str, int] = {"7d": 7, "30d": 30, "90d": 90, "12m": 365}
DEFAULT = "30d"
OWN_KEYS = ("store", "period", "from", "to")
DROPPED_KEYS = (*OWN_KEYS, "page", "after")


@dataclass(frozen=True)
class StoreChoice:
    """A store as the filter knows it; `name` is in the reader's language."""

    id: int
    code: str
    name: str
    hint: str = ""


class StoreSource(Protocol):
    """What the domain of stores offers: one of them by code, and those that match a text."""

    def find(self, user: Any, code: str) -> StoreChoice | None: ...
    def matching(self, user: Any, text: str, limit: int) -> Sequence[StoreChoice]: ...


_sources: list[StoreSource] = []


def provide_stores(source: StoreSource) -> None:
    """Registers where stores come from; each answer holds only what the user may see."""
    _sources.append(source)


def stores_matching(user: Any, text: str, limit: int = 50) -> Sequence[StoreChoice]:
    """The stores this user may choose, by a part of the code, name or city."""
    return _sources[-1].matching(user, text, limit) if _sources else ()


@dataclass(frozen=True)
class Preset:
    """A period one click away."""

    key: str
    label: str
    query: str
    current: bool


@dataclass(frozen=True)
class Filters:
    """Store and days of a report. `to_on` is the last day and belongs to the period."""

    store: StoreChoice | None
    from_on: date
    to_on: date
    period: str
    today: date
    limit: frozenset[int] | None = None
    rest: tuple[tuple[str, str], ...] = ()

    @property
    def store_ids(self) -> frozenset[int] | None:
        """The stores to count: the chosen one, else all that the user may see; None is every store."""
        return frozenset({self.store.id}) if self.store else self.limit

    @property
    def days(self) -> int:
        """How many days the period has."""
        return (self.to_on - self.from_on).days + 1

    @property
    def from_at(self) -> datetime:
        """The moment the period begins, in the company's time zone."""
        return timezone.make_aware(datetime.combine(self.from_on, datetime.min.time()))

    @property
    def until_at(self) -> datetime:
        """The moment after the period's end: midnight after its last day."""
        following = self.to_on + timedelta(days=1)
        return timezone.make_aware(datetime.combine(following, datetime.min.time()))

    @property
    def before(self) -> "Filters":
        """The same length of time just before, to compare with."""
        end = self.from_on - timedelta(days=1)
        return replace(
            self, from_on=end - timedelta(days=self.days - 1), to_on=end, period="custom"
        )

    @property
    def query(self) -> str:
        """These filters as the query of an address; empty when all are as by default."""
        return urlencode(self._pairs(self.period))

    @property
    def presets(self) -> list[Preset]:
        """The periods of the filter bar, with the query of each."""
        labels = {
            "7d": _("7 days"),
            "30d": _("30 days"),
            "90d": _("90 days"),
            "12m": _("12 months"),
        }
        return [
            Preset(key, labels[key], self.query_for(key), self.period == key) for key in PRESETS
        ]

    @property
    def every_store_query(self) -> str:
        """The query of the same page without a chosen store."""
        return replace(self, store=None).query_for(self.period)

    @property
    def kept(self) -> list[tuple[str, str]]:
        """What a form for other days must send along, as hidden fields."""
        store = [("store", self.store.code)] if self.store else []
        return [*store, *self.rest]

    def with_store(self, code: str) -> str:
        """The query of the same page for another store."""
        return replace(self, store=StoreChoice(0, code, code)).query_for(self.period)

    def _pairs(self, period: str) -> list[tuple[str, str]]:
        pairs = [("store", self.store.code)] if self.store else []
        if period == "custom":
            return [*pairs, ("from", self.from_on.isoformat()), ("to", self.to_on.isoformat())]
        return [*pairs, ("period", period)] if period != DEFAULT else pairs

    def query_for(self, period: str) -> str:
        """The query of the same page, other keys included, for one of the presets."""
        return urlencode([*self._pairs(period), *self.rest])


def read_filters(request: HttpRequest, *, now: datetime | None = None) -> Filters:
    """The filters an address asks for; nonsense in it counts as not given."""
    asked = request.GET
    today = timezone.localdate(now or timezone.now())
    period = asked.get("period", DEFAULT)
    period = period if period in PRESETS else DEFAULT
    from_on, to_on = today - timedelta(days=PRESETS[period] - 1), today
    given = _date_of(asked.get("from", "")), _date_of(asked.get("to", ""))
    if any(given):
        period = "custom"
        to_on = given[1] or today
        from_on = given[0] or to_on - timedelta(days=PRESETS[DEFAULT] - 1)
        from_on, to_on = min(from_on, to_on), max(from_on, to_on)
    code = asked.get("store", "")
    store = _sources[-1].find(request.user, code) if code and _sources else None
    rest = tuple((key, str(asked[key])) for key in asked if key not in DROPPED_KEYS)
    limit = getattr(request.user, "store_ids", None)
    return Filters(store, from_on, to_on, period, today, limit, rest)


def _date_of(text: str) -> date | None:
    try:
        return parse_date(text)
    except ValueError:
        return None


def carried_query(request: HttpRequest) -> str:
    """The part of this page's query that other reports should keep, with its question mark."""
    pairs = [(key, request.GET[key]) for key in OWN_KEYS if request.GET.get(key)]
    return f"?{urlencode(pairs)}" if pairs else ""
