"""The mechanic `streak`."""

from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field
from typing_extensions import override

from regulars.loyalty.rules.earning import Stage
from regulars.loyalty.rules.habits import After, Period, period_of, streaks_due
from regulars.loyalty.rules.mechanic import Counts, Mechanic, mechanics
from regulars.loyalty.rules.memory import Slot
from regulars.loyalty.rules.sales import Award, Back, Sale, Standing
from regulars.loyalty.rules.sentences import Say


@mechanics.add("streak")
class Streak(Mechanic):
    """So many days, weeks or months in a row with a purchase bring a gift of points."""

    stage: ClassVar[Stage] = "habit"
    title: ClassVar[str] = "Streak"
    counts: ClassVar[Counts] = "periods"

    points: int = Field(default=100, ge=1, title="Points")
    period: Period = Field(default="week", title="Period")
    length: int = Field(default=3, ge=2, le=60, title="How many in a row")
    purchases_min: int = Field(default=1, ge=1, le=100, title="Purchases in each")
    after: After = Field(default="start_over", title="After a full row")

    @override
    def said(self, say: Say) -> str:
        ngettext, count = say.words.ngettext, self.length
        row = {
            "day": ngettext("%(count)s day in a row", "%(count)s days in a row", count),
            "week": ngettext("%(count)s week in a row", "%(count)s weeks in a row", count),
            "month": ngettext("%(count)s month in a row", "%(count)s months in a row", count),
        }[self.period] % {"count": count}
        phrase = (
            say.words.gettext("%(points)s for %(row)s with a purchase")
            if self.purchases_min == 1
            else say.words.gettext(
                "%(points)s for %(row)s with at least %(least)s purchases in each"
            )
        )
        points = say.amount(self.points, self.unit)
        return phrase % {"points": points, "row": row, "least": self.purchases_min}

    @override
    def steps(self, sale: Sale, member: Standing, slots: list[Slot]) -> Iterator[Award]:
        """A period without enough purchases breaks the row; the present one still has time."""
        if not self.applies(sale, member):
            return
        period = period_of(member.local(sale.at).date(), self.period)
        seen = slots[0].setdefault("seen", {}).setdefault(str(period), [])
        if sale.purchase_id not in seen:
            seen.append(sale.purchase_id)
        counts = self._counts(slots)
        kept = {one for one, count in counts.items() if count >= self.purchases_min}
        if period not in kept:
            return
        paid = {int(end) for slot in slots for end in slot.get("paid", {})}
        due = streaks_due(kept, period, length=self.length, paid=paid, after=self.after)
        for end in due:
            slots[0].setdefault("paid", {})[str(end)] = sale.purchase_id
            yield Award(self.unit, self.points, self.length)
        self._tidy(slots[0], newest=max(counts))

    @override
    def undone(self, back: Back, slots: list[Slot]) -> Iterator[Award]:
        """A purchase that came back whole is taken out, and with it a row that it completed."""
        if back.left_parts:
            return
        for slot in slots:
            for name in ("seen", "paid"):
                slot[name] = dict(self._without(slot.get(name, {}), back.purchase_id))
        yield from ()

    @staticmethod
    def _without(kept: Slot, purchase_id: int) -> Iterator[tuple[str, object]]:
        for period, told in kept.items():
            if isinstance(told, list):
                rest = [one for one in told if one != purchase_id]
                if rest:
                    yield period, rest
            elif told != purchase_id:
                yield period, told

    @staticmethod
    def _counts(slots: list[Slot]) -> dict[int, int]:
        counts: dict[int, int] = {}
        for slot in slots:
            for period, bought in slot.get("seen", {}).items():
                counts[int(period)] = counts.get(int(period), 0) + len(bought)
        return counts

    def _tidy(self, slot: Slot, *, newest: int) -> None:
        """Forget periods that no row can reach any more; a row that pays only once is kept."""
        oldest = newest - 2 * self.length
        for name in ("seen",) if self.after == "once" else ("seen", "paid"):
            for period in [one for one in slot.get(name, {}) if int(one) < oldest]:
                del slot[name][period]
