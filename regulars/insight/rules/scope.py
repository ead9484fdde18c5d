"""What a metric is asked about: days and stores."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta

TREND_DAYS_MIN = 91
"""A trend goes back at least this far, however short the period it stands beside."""


@dataclass(frozen=True)
class Scope:
    """Days, the last of which belongs to them, and the stores that count; None is every store.

    >>> scope = Scope(date(2026, 3, 1), date(2026, 3, 30))
    >>> scope.before.from_on, scope.before.to_on
    (datetime.date(2026, 1, 30), datetime.date(2026, 2, 28))
    >>> scope.trend_from
    datetime.date(2025, 12, 29)
    """

    from_on: date
    to_on: date
    store_ids: tuple[int, ...] | None = None

    @classmethod
    def of(cls, from_on: date, to_on: date, stores: Iterable[int] | None) -> "Scope":
        """The scope of these days and stores, whichever order the stores come in."""
        return cls(from_on, to_on, None if stores is None else tuple(sorted(stores)))

    @property
    def days(self) -> int:
        """How many days there are."""
        return (self.to_on - self.from_on).days + 1

    @property
    def before(self) -> "Scope":
        """As many days just before."""
        end = self.from_on - timedelta(days=1)
        return replace(self, from_on=end - timedelta(days=self.days - 1), to_on=end)

    @property
    def trend_from(self) -> date:
        """The Monday on which a trend that ends with this scope begins."""
        back = self.to_on - timedelta(days=max(self.days, TREND_DAYS_MIN))
        return back - timedelta(days=back.weekday())

    @property
    def weeks(self) -> list[date]:
        """The Mondays of the trend, oldest first; the last week may be under way."""
        count = (self.to_on - self.trend_from).days // 7 + 1
        return [self.trend_from + timedelta(weeks=at) for at in range(count)]

    @property
    def key(self) -> tuple[str, str, tuple[int, ...] | None]:
        """The scope as plain values, for keys of kept results."""
        return self.from_on.isoformat(), self.to_on.isoformat(), self.store_ids
