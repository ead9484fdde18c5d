"""The mechanic `challenge`."""

from collections.abc import Iterator
from typing import ClassVar, Literal

from pydantic import Field
from typing_extensions import override

from regulars.loyalty.rules.earning import Stage
from regulars.loyalty.rules.mechanic import Counts, Lines, Mechanic, mechanics
from regulars.loyalty.rules.memory import Slot
from regulars.loyalty.rules.sales import Award, Back, Sale, Standing
from regulars.loyalty.rules.sentences import Say, lines_in_words


@mechanics.add("challenge")
class Challenge(Mechanic):
    """A goal to reach within so many days, in purchases, money or items, brings points."""

    stage: ClassVar[Stage] = "habit"
    title: ClassVar[str] = "Challenge"
    counts: ClassVar[Counts] = "goal"

    points: int = Field(default=100, ge=1, title="Points")
    measure: Literal["purchases", "money", "items"] = Field(
        default="purchases", title="What the goal counts"
    )
    target: int = Field(default=5, ge=1, title="Goal in purchases or items")
    target_minor: int = Field(
        default=10_000, ge=1, title="Goal in money", description="In minor units"
    )
    days: int = Field(
        default=30,
        ge=1,
        le=366,
        title="Days to reach it in",
        description="From the day of the first purchase that counts",
    )
    again: Literal["never", "after_expiry", "after_completion"] = Field(
        default="after_completion", title="Begins again"
    )
    lines: Lines = Field(default=Lines(), title="Lines that count")

    @override
    def said(self, say: Say) -> str:
        phrase = {
            "purchases": say.words.gettext("%(points)s for %(goal)s purchases in %(days)s days"),
            "items": say.words.gettext("%(points)s for %(goal)s items in %(days)s days"),
            "money": say.words.gettext("%(points)s for spending %(goal)s in %(days)s days"),
        }[self.measure]
        return phrase % {
            "points": say.amount(self.points, self.unit),
            "goal": say.show_money(self.goal) if self.measure == "money" else self.goal,
            "days": self.days,
        } + lines_in_words(self.lines, say)

    @property
    @override
    def needs_lines(self) -> bool:
        narrow = not self.lines.select_all or self.measure == "items"
        return super().needs_lines or narrow

    @override
    def steps(self, sale: Sale, member: Standing, slots: list[Slot]) -> Iterator[Award]:
        """An attempt is named by how many were completed before it, so cards of a person share it."""
        amount = self._amount(sale) if self.applies(sale, member) else 0
        if amount <= 0:
            return
        day = member.local(sale.at).date().toordinal()
        done = [one for slot in slots for one in slot.get("done", ())]
        if done and not self._begins_again(day, last=max(done)[0]):
            return
        tries = [slot for slot in slots if slot.get("no", 0) == len(done) and "from" in slot]
        if self.again == "never" and any(day >= one["from"] + self.days for one in tries):
            return
        running = [one for one in tries if one["from"] <= day < one["from"] + self.days]
        begun = min([one["from"] for one in running], default=day)
        own = slots[0]
        if not any(one is own for one in running):
            own.update({"no": len(done), "from": begun, "got": {}})
        own["got"][str(sale.purchase_id)] = amount
        reached = sum(
            sum(one["got"].values()) for one in {id(o): o for o in (own, *running)}.values()
        )
        if reached >= self.goal:
            own.setdefault("done", []).append([begun, sale.purchase_id])
            yield Award(self.unit, self.points, reached)

    @property
    def goal(self) -> int:
        """The goal in purchases, items or minor units of money."""
        return self.target_minor if self.measure == "money" else self.target

    def _begins_again(self, day: int, *, last: int) -> bool:
        if self.again == "after_completion":
            return True
        return self.again == "after_expiry" and day >= last + self.days

    def _amount(self, sale: Sale) -> int:
        if self.lines.select_all and self.measure != "items":
            return 1 if self.measure == "purchases" else sale.total_minor
        chosen = [line for line in sale.lines if self.lines.select(line)]
        if self.measure == "purchases":
            return 1 if chosen else 0
        if self.measure == "money":
            return sum(line.total_minor for line in chosen)
        return sum(line.quantity_milli // 1000 for line in chosen)

    @override
    def undone(self, back: Back, slots: list[Slot]) -> Iterator[Award]:
        """A purchase that came back whole counts no more, and a goal that it completed is open again."""
        if back.left_parts:
            return
        for slot in slots:
            slot.get("got", {}).pop(str(back.purchase_id), None)
            if "done" in slot:
                slot["done"] = [one for one in slot["done"] if one[1] != back.purchase_id]
        yield from ()
