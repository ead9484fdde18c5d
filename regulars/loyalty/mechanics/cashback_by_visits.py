"""The mechanic `cashback_by_visits`."""

from collections.abc import Iterator
from typing import Any, ClassVar, Literal

from pydantic import Field
from typing_extensions import override

from regulars.loyalty.rules.earning import Stage
from regulars.loyalty.rules.habits import Days, Receipt, Visit, visits_of, windows_of
from regulars.loyalty.rules.mechanic import Counts, Mechanic, mechanics
from regulars.loyalty.rules.memory import Slot
from regulars.loyalty.rules.rounding import Rounding, divided
from regulars.loyalty.rules.sales import Award, Back, Sale, Standing
from regulars.loyalty.rules.sentences import Say

WINDOWS_KEPT = 24
"""Windows that were paid and are remembered, so that goods of theirs can still come back."""


@mechanics.add("cashback_by_visits")
class CashbackByVisits(Mechanic):
    """A percentage of the last so many visits comes back as money, once they are full."""

    stage: ClassVar[Stage] = "habit"
    title: ClassVar[str] = "Cashback by visits"
    counts: ClassVar[Counts] = "window"
    pays_apart: ClassVar[bool] = True

    unit: str = Field(default="cashback", title="Unit", description="What members get")
    visits: int = Field(default=10, ge=2, le=100, title="Visits in a window")
    basis_points: int = Field(
        default=1_000, ge=1, le=10_000, title="Percent of the visits", description="1000 is 10 %"
    )
    window: Literal["separate", "rolling"] = Field(
        default="separate",
        title="Windows",
        description="Rolling pays at each visit from the last so many, their average",
    )
    visit: Literal["quiet_time", "day"] = Field(default="quiet_time", title="What is one visit")
    quiet_minutes: int = Field(
        default=60,
        ge=0,
        le=1_440,
        title="Quiet time in minutes",
        description="Receipts with no longer pause between them are one visit",
    )
    visit_min_minor: int = Field(
        default=0, ge=0, title="A visit counts from", description="In minor units"
    )
    cap_minor: int | None = Field(
        default=None, ge=1, title="At most for one window", description="In minor units"
    )
    rounding: Rounding = Field(default="floor", title="Rounding")

    @override
    def said(self, say: Say) -> str:
        phrase = (
            say.words.gettext("%(percent)s of the last %(visits)s visits back as %(unit)s")
            if self.window == "separate"
            else say.words.gettext(
                "%(percent)s of the average of the last %(visits)s visits back as %(unit)s"
            )
        )
        told = phrase % {
            "percent": say.percent(self.basis_points),
            "visits": self.visits,
            "unit": say.units.get(self.unit, self.unit),
        }
        if self.cap_minor is None:
            return told
        cap = say.words.gettext("at most %(amount)s for one window")
        return f"{told}; {cap % {'amount': say.show_money(self.cap_minor)}}"

    @override
    def steps(self, sale: Sale, member: Standing, slots: list[Slot]) -> Iterator[Award]:
        if not self.applies(sale, member) or sale.total_minor <= 0:
            return
        days = Days(member.zone)
        receipt = [sale.purchase_id, sale.at.timestamp(), sale.total_minor, sale.total_minor]
        if more := self._joins_paid(receipt, slots, days):
            yield from self._paid_more(more, receipt)
            return
        slots[0].setdefault("open", []).append(receipt)
        opened = [Receipt(*one[:3]) for slot in slots for one in slot.get("open", ())]
        visits = visits_of(opened, quiet_minutes=self._quiet, days=days)
        rolls = self.window == "rolling"
        for window in (self._rolled if rolls else self._separate)(visits, slots, sale):
            amount = self.payout(sum(visit.sum_minor for visit in window))
            kept = {
                str(one.purchase_id): [one.left_minor] * 2 for v in window for one in v.receipts
            }
            last = window[-1].receipts[-1].at
            paid = {"of": kept, "paid": amount, "last": last, "by": sale.purchase_id}
            slots[0].setdefault("windows", []).append(paid)
            del slots[0]["windows"][:-WINDOWS_KEPT]
            if amount:
                yield Award(self.unit, amount, sum(visit.sum_minor for visit in window))

    def payout(self, sum_minor: int) -> int:
        """What a window of visits pays: the share of its sum, rounded once and cut to the cap."""
        parts = 10_000 * (self.visits if self.window == "rolling" else 1)
        amount = divided(sum_minor * self.basis_points, parts, self.rounding)
        return amount if self.cap_minor is None else min(amount, self.cap_minor)

    @property
    def _quiet(self) -> int | None:
        return self.quiet_minutes if self.visit == "quiet_time" else None

    def _separate(self, visits: list[Visit], slots: list[Slot], sale: Sale) -> list[list[Visit]]:
        """Full windows; their receipts are used up, and what is over begins the next one."""
        windows = windows_of(visits, self.visits, spend_min_minor=self.visit_min_minor)
        used = {one.purchase_id for window in windows for visit in window for one in visit.receipts}
        for slot in slots if used else ():
            slot["open"] = [one for one in slot.get("open", ()) if one[0] not in used]
        return windows

    def _rolled(self, visits: list[Visit], slots: list[Slot], sale: Sale) -> list[list[Visit]]:
        """The last visits, if there are enough, at the receipt that makes its visit count."""
        least = max(self.visit_min_minor, 1)
        counted = [visit for visit in visits if visit.sum_minor >= least]
        latest = counted[-self.visits :]
        for slot in slots:
            kept = {
                one.purchase_id for visit in visits[-2 * self.visits :] for one in visit.receipts
            }
            slot["open"] = [one for one in slot.get("open", ()) if one[0] in kept]
        if len(latest) < self.visits or all(
            one.purchase_id != sale.purchase_id for one in latest[-1].receipts
        ):
            return []
        rest = latest[-1].sum_minor - sale.total_minor
        return [] if rest >= least else [latest]

    def _joins_paid(self, receipt: list[Any], slots: list[Slot], days: Days) -> Slot | None:
        """The window paid last, where the receipt belongs to the visit that closed it."""
        if self.window == "rolling":
            return None
        windows = [one for slot in slots for one in slot.get("windows", ())]
        latest = max(windows, key=lambda one: float(one["last"]), default=None)
        if latest is None or receipt[1] < latest["last"]:
            return None
        pair = [Receipt(0, latest["last"], 1), Receipt(*receipt[:3])]
        return latest if len(visits_of(pair, quiet_minutes=self._quiet, days=days)) == 1 else None

    def _paid_more(self, window: Slot, receipt: list[Any]) -> Iterator[Award]:
        """A receipt of a visit that was paid already adds its share at once."""
        window["of"][str(receipt[0])] = [receipt[2], receipt[2]]
        window["last"] = receipt[1]
        due = self.payout(sum(left for left, _ in window["of"].values()))
        if due > window["paid"]:
            yield Award(self.unit, due - window["paid"], receipt[2])
        window["paid"] = max(due, window["paid"])

    @override
    def undone(self, back: Back, slots: list[Slot]) -> Iterator[Award]:
        """Before the payout a visit stays with a smaller sum; after it the share is due back."""
        for slot in slots:
            for one in slot.get("open", ()):
                if one[0] == back.purchase_id:
                    one[2] = back.left_of(one[3])
            slot["open"] = [one for one in slot.get("open", ()) if one[2] > 0]
            for window in slot.get("windows", ()):
                if str(back.purchase_id) in window["of"]:
                    yield from self._due_back(window, back)

    def _due_back(self, window: Slot, back: Back) -> Iterator[Award]:
        kept = window["of"][str(back.purchase_id)]
        kept[0] = back.left_of(kept[1])
        due = self.payout(sum(left for left, _ in window["of"].values()))
        if due < window["paid"]:
            yield Award(self.unit, window["paid"] - due, kept[1] - kept[0])
            window["paid"] = due
