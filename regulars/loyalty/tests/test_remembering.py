"""What rules remember is told again by the audit: who tampered is found, and nobody else."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from regulars.loyalty.actions import (
    RuleInput,
    TermsInput,
    set_rule,
    take_purchases,
)
from regulars.loyalty.models import Member, MemberMemory, Program
from regulars.loyalty.queries import audit
from regulars.loyalty.queries.auditing_memories import memories_that_differ
from regulars.loyalty.tests.test_replay import Tale
from tests import make
from tests.make import NOW

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
HABITS: dict[str, tuple[str, dict[str, Any]]] = {
    "row": ("streak", {"length": 2, "points": 10}),
    "monthly": ("streak", {"length": 2, "period": "month", "after": "once", "purchases_min": 2}),
    "goal": ("challenge", {"target": 3, "days": 20, "lines": {"products": ["P1"]}}),
    "spend": ("challenge", {"measure": "money", "target_minor": 9_000, "again": "after_expiry"}),
    "visits": ("cashback_by_visits", {"unit": "points", "visits": 3, "quiet_minutes": 30}),
    "rolling": ("cashback_by_visits", {"unit": "points", "visits": 2, "window": "rolling"}),
    "capped": ("bonus", {"points": 20, "limits": {"day": 30, "month": 50, "member": 400}}),
    "first": ("streak", {"length": 2, "terms": {"first_purchase": True}}),
}
runs = iter(range(10**9))


def opened(*codes: str, returns: str = "within_balance") -> Program:
    rules = [RuleInput(code, code.title(), *HABITS[code]) for code in codes or HABITS]
    share = RuleInput("base", "Base", "share_of_purchase")
    code = f"remembers{next(runs)}"
    return make.program(code, rules=(share, *rules), terms=TermsInput(returns))  # type: ignore[arg-type]


class Till(Tale):
    """Buys goods that habits look at, days late, and changes rules in between."""

    def buy(self, card: str, number: int) -> None:
        name = self.name("r")
        line = make.line(total_minor=number * 30, quantity_milli=10_000, sku=f"P{number % 2}")
        entry = make.receipt(
            name,
            card=f"{self.program.code}-{card}",
            lines=[line],
            bought_at=self.at - number % 4 * DAY,
        )
        (taken,) = take_purchases([entry], now=self.at)
        self.bought.append((name, taken.purchase_id))

    def change(self, card: str, number: int) -> None:
        """Another version of a rule, in force at once or from a week ago on."""
        code = list(HABITS)[number % len(HABITS)]
        kind, told = HABITS[code]
        points = {"points": 5 + number % 9} if "points" in told else {}
        since = self.at - 7 * DAY if number % 3 == 0 else None
        entry = RuleInput(code, code.title(), kind, told | points, in_force_from=since)
        set_rule(self.program, entry, now=self.at)


act = st.tuples(
    st.sampled_from(("buy", "buy", "buy", "give_back", "undo", "spend", "change")),
    st.sampled_from(("a", "b")),
    st.integers(0, 500),
    st.sampled_from((1, 30, 24 * 6, 24 * 20)),
)


@settings(
    max_examples=15, phases=[Phase.generate], deadline=None, suppress_health_check=list(HealthCheck)
)
@given(st.sampled_from(("within_balance", "unlimited", "keep")), st.lists(act, max_size=25))
def test_nobody_is_accused_who_only_bought_and_gave_back(
    returns: str, acts: list[tuple[str, str, int, int]]
) -> None:
    with transaction.atomic():
        till = Till(opened(returns=returns))
        for one in acts:
            till.act(*one)
        assert memories_that_differ() == []
        transaction.set_rollback(True)


def much_bought(program: Program) -> None:
    till = Till(program)
    for card, number in (("a", 100), ("a", 201), ("b", 301), ("a", 333), ("b", 100)):
        till.act("buy", card, number, 24 * 7)
    till.act("give_back", "a", 9, 1)


def spoiled(code: str, slot: object) -> None:
    for row in MemberMemory.objects.order_by("id"):
        row.slots = {**row.slots, code: slot}
        row.save()
        return


@pytest.mark.parametrize(
    ("code", "slot"),
    [
        ("row", {}),
        ("row", {"seen": {"105769": [1], "105770": [1]}}),
        ("goal", {"no": 0, "from": 739_000, "got": {"1": 2}}),
        ("visits", {"open": [[1, 1.0, 10**6, 10**6]]}),
        ("cap:capped", {"all": 1}),
    ],
)
def test_a_memory_that_was_tampered_with_is_named(code: str, slot: object) -> None:
    program = opened()
    much_bought(program)
    assert audit(NOW + 99 * DAY).mismatches == ()
    spoiled(code, slot)
    (found,) = audit(NOW + 99 * DAY).mismatches
    owner = MemberMemory.objects.order_by("id")[0].member_id
    assert found.startswith(f"memory_follows_from_purchases: {owner} on {program.code}/{code} has")
    assert found.split(" has ")[1].startswith(
        json.dumps(slot, sort_keys=True)[:10] if slot else "null"
    )


def test_a_memory_that_was_deleted_is_missed() -> None:
    much_bought(opened("row"))
    MemberMemory.objects.all().delete()
    assert len(memories_that_differ()) == 2
    assert len(memories_that_differ(limit=1)) == 1


def test_a_habit_remembers_nothing_from_before_it_was_written_down() -> None:
    till = Till(opened("capped"))
    till.act("buy", "a", 100, 24)
    till.act("change", "a", list(HABITS).index("row"), 24)
    till.act("buy", "a", 100, 24 * 5)
    assert MemberMemory.objects.get().slots["row"]["seen"]
    assert memories_that_differ() == []


@pytest.mark.parametrize(
    "more",
    [
        {"tiers": ["silver"]},
        {"terms": {"segments": ["loyal"]}},
        {"terms": {"birthday": True}},
        {"terms": {"when": {"field": "tier", "is": "equals", "value": "silver"}}},
    ],
)
def test_what_only_todays_facts_could_tell_is_left_alone(more: dict[str, Any]) -> None:
    program = opened("capped")
    set_rule(program, RuleInput("row", "Row", "streak", more), now=NOW)
    much_bought(program)
    spoiled("row", {"seen": {"1": [1]}})
    assert memories_that_differ() == []


def at_once(program: Program, moment: datetime) -> None:
    till = Till(program)
    till.at = moment
    till.act("buy", "a", 100, 0)


def test_a_sale_booked_while_a_rule_changed_accuses_nobody() -> None:
    program = opened("row")
    at_once(program, NOW)
    spoiled("row", {})
    assert memories_that_differ() == []


def test_records_that_were_merged_are_left_alone() -> None:
    program = opened("row")
    much_bought(program)
    one, other = Member.objects.filter(program=program).order_by("id")
    make.merged(one.customer, other.customer, now=NOW + 99 * DAY)
    MemberMemory.objects.all().delete()
    assert memories_that_differ() == []
