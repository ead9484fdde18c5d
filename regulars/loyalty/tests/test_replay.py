"""A replay of today's rules gives what is on the books, whatever members did."""

import json
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from regulars.core.errors import Refused
from regulars.customers.actions import void_purchases
from regulars.customers.actions.returns import record_returns
from regulars.customers.rules.purchases import ReturnInput, ReturnLineInput
from regulars.loyalty.actions import (
    LadderInput,
    RuleInput,
    StepInput,
    TermsInput,
    UnitInput,
    activate_points,
    expire_points,
    give_tier,
    judge_due_members,
    post_returns,
    redeem_points,
    reverse_purchases,
    set_ladder,
    set_rule,
    take_purchases,
    undo_redemption,
)
from regulars.loyalty.actions.adjusting import AdjustmentInput, Asker, adjust_points
from regulars.loyalty.actions.holding import capture_hold, hold_points, release_hold
from regulars.loyalty.actions.prolonging import end_old_points, set_expiry
from regulars.loyalty.models import Hold, LadderVersion, Member, Program, Redemption, Tier, Unit
from regulars.loyalty.queries import audit
from regulars.loyalty.queries.booked import booked_of
from regulars.loyalty.queries.schemes import scheme_of
from regulars.loyalty.queries.stories import Reading, partitions_of, stories_of
from regulars.loyalty.rules.expiry import NEVER, Expiry
from regulars.loyalty.rules.replay import Outcome, Scheme, Story, replay
from regulars.loyalty.rules.replay.drafts import Changes, ExpiryChange, RuleChange, as_if
from regulars.loyalty.rules.replay.outcomes import Difference, differences
from regulars.loyalty.rules.replay.tallies import Tally, compared
from tests import make
from tests.make import NOW

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
CARDS = ("a", "b")
LATER = NOW + 1_000 * DAY


def stories(program: Program) -> list[Story]:
    waits = {"none": 0, "days": program.pending_days, "event": None}[program.pending]
    needs = Scheme(scheme_of(program)).needs
    reading = Reading(program.pk, needs, waits_days=waits, has_ladders=True, asks_when=True)
    parts = partitions_of(program.pk, 1)
    return [story for first, last in parts for story in stories_of(reading, first, last)]


def replayed(program: Program, upto: datetime = LATER) -> list[Outcome]:
    scheme = Scheme(scheme_of(program))
    return [replay(scheme, story, upto) for story in stories(program)]


def unlike_the_books(program: Program, upto: datetime = LATER) -> list[Difference]:
    booked = booked_of(program.pk, 0, 2**62, upto=upto)
    outcomes = replayed(program, upto)
    assert {one.person_id for one in outcomes} == booked.keys()
    return [found for one in outcomes for found in differences(one, booked[one.person_id])]


MONTHLY = Expiry(kind="months", months=1)


def opened(code: str, terms: TermsInput, *more: RuleInput, expiry: Expiry = MONTHLY) -> Program:
    return make.program(
        code,
        units=(
            UnitInput("points", "Points", "spendable", worth_minor=1, expiry=expiry),
            UnitInput("status", "Status points", "qualifying"),
        ),
        rules=(
            RuleInput("base", "Base", "share_of_purchase"),
            RuleInput("silver", "Silver", "share_of_purchase", {"tiers": ["silver", "gold"]}),
            RuleInput("status", "Status", "share_of_purchase", {"unit": "status"}),
            RuleInput("third", "Third visit", "every_nth_visit", {"every": 3, "points": 7}),
            RuleInput("hello", "Welcome", "welcome_gift", {"points": 15}),
            *more,
        ),
        terms=terms,
    )


@dataclass
class Tale:
    """Does to the product what hypothesis thinks of, each act a while after the one before."""

    program: Program
    at: datetime = NOW
    bought: list[tuple[str, int]] = field(default_factory=list)
    spent: list[Redemption] = field(default_factory=list)
    held: list[Hold] = field(default_factory=list)
    number: int = 0

    def name(self, what: str) -> str:
        self.number += 1
        return f"{self.program.code}-{what}-{self.number}"

    def act(self, kind: str, card: str, number: int, hours: int) -> None:
        self.at += timedelta(hours=hours)
        with suppress(Refused), transaction.atomic():
            getattr(self, kind)(card, number)

    def buy(self, card: str, number: int) -> None:
        name = self.name("r")
        late = timedelta(days=number % 3)
        lines = [make.line(total_minor=number * 50, quantity_milli=10_000)]
        card = f"{self.program.code}-{card}"
        entry = make.receipt(name, card=card, lines=lines, bought_at=self.at - late)
        (taken,) = take_purchases([entry], now=self.at)
        self.bought.append((name, taken.purchase_id))

    def give_back(self, card: str, number: int) -> None:
        if not self.bought:
            return
        name, _ = self.bought[number % len(self.bought)]
        line = ReturnLineInput(1, (1 + number % 6) * 1_000)
        told = ReturnInput("till", self.name("b"), "till", name, returned_at=self.at, lines=(line,))
        (done,) = record_returns([told], now=self.at)
        if done.refused is None:
            post_returns(return_ids=[done.return_id], now=self.at)

    def undo(self, card: str, number: int) -> None:
        if self.bought:
            ids = void_purchases([self.bought[number % len(self.bought)][1]], now=self.at)
            reverse_purchases(ids, "voided", now=self.at)

    def spend(self, card: str, number: int) -> None:
        member = Member.objects.filter(program=self.program).order_by("id").first()
        if member:
            on = self.bought[number % len(self.bought)][1] if self.bought and number % 2 else None
            key = self.name("k")
            self.spent.append(
                redeem_points(member, 1 + number % 120, key=key, now=self.at, purchase_id=on)
            )

    def hold(self, card: str, number: int) -> None:
        member = Member.objects.filter(program=self.program).order_by("id").first()
        if member:
            key, ends_at = self.name("h"), self.at + 20 * DAY
            amount = 1 + number % 120
            self.held.append(hold_points(member, amount, key=key, ends_at=ends_at, now=self.at))

    def settle(self, card: str, number: int) -> None:
        if not self.held:
            return
        held = self.held[number % len(self.held)]
        if number % 3:
            on = self.bought[-1][1] if self.bought else None
            part = 1 + number % held.amount
            self.spent.append(capture_hold(held, amount=part, purchase_id=on, now=self.at))
        else:
            release_hold(held, now=self.at)

    def unspend(self, card: str, number: int) -> None:
        if self.spent:
            row = self.spent[number % len(self.spent)]
            undo_redemption(row, now=self.at, within=None)

    def wake(self, card: str, number: int) -> None:
        if self.bought:
            activate_points([self.bought[number % len(self.bought)][1]], now=self.at)

    def expire(self, card: str, number: int) -> None:
        expire_points(now=self.at)

    def judge(self, card: str, number: int) -> None:
        judge_due_members(now=self.at)

    def give(self, card: str, number: int) -> None:
        member = Member.objects.filter(program=self.program).order_by("id").first()
        tier = Tier.objects.filter(program=self.program, code="silver").first()
        if member and tier:
            told = {"key": self.name("g"), "reason": "Guest", "to": self.at + number * DAY}
            give_tier(member, tier, now=self.at, **told)
            self.program.refresh_from_db()

    def step(self, card: str, number: int) -> None:
        """Another version; what counts stays, for that has no versions."""
        version = LadderVersion.objects.filter(ladder__program=self.program, ladder__position=0)
        now = version.order_by("-version")[0].rules
        rules = {name: now[name] for name in ("basis", "returns") if name in now}
        told = LADDERS[number % len(LADDERS)] | {"basis": "unit", "returns": "undo"} | rules
        size = 30 + number % 4 * 10
        steps = tuple(StepInput(one, one, size * place) for place, one in enumerate(TIERS, 1))
        set_ladder(self.program, LadderInput("main", "Main", steps, told), now=self.at)

    def adjust(self, card: str, number: int) -> None:
        member = Member.objects.filter(program=self.program).order_by("-id").first()
        if member:
            amount, unit = number % 90 - 30 or 1, "status" if number % 5 == 0 else "points"
            told = AdjustmentInput(self.name("j"), member.pk, unit, amount, "goodwill")
            adjust_points(self.program, [told], asker=Asker(), now=self.at)

    def live(self, card: str, number: int) -> None:
        unit = Unit.objects.get(program=self.program, code="points")
        told = LIVES[number % len(LIVES)].model_dump(mode="json")
        set_expiry(unit, told, now=self.at, reaches_old=number % 2 == 0)
        end_old_points(unit)

    def rule(self, card: str, number: int) -> None:
        told = {"points": str(1 + number % 4)}
        set_rule(self.program, RuleInput("base", "Base", "share_of_purchase", told), now=self.at)


HABIT = RuleInput(
    "habit", "Back", "cashback_by_visits", {"unit": "points", "visits": 3, "quiet_minutes": 0}
)
CAPPED = RuleInput("capped", "Capped", "bonus", {"points": 20, "limits": {"month": 30}})
LIVES = (
    MONTHLY,
    Expiry(kind="months", months=1, round_up="quarter"),
    Expiry(kind="year_end"),
    Expiry(kind="rolling", months=1),
    Expiry(kind="rolling", months=2, round_up="month"),
    NEVER,
)
ACTS = (
    "buy",
    "buy",
    "give_back",
    "undo",
    "spend",
    "spend",
    "unspend",
    "wake",
    "expire",
    "rule",
    "live",
    "hold",
    "settle",
    "adjust",
)
act = st.tuples(
    st.sampled_from(ACTS),
    st.sampled_from(CARDS),
    st.integers(0, 500),
    st.sampled_from((1, 30, 24 * 16, 24 * 40)),
)
TIERS = ("silver", "gold")
LADDERS: tuple[dict[str, Any], ...] = (
    {},
    {"period": "rolling_days", "length": 45},
    {"period": "calendar", "calendar": "quarter", "falls": "at_period_end"},
    {"period": "tier_anniversary", "length": 2, "falls": "at_period_end", "downgrade": "one_down"},
    {"basis": "spend", "period": "rolling_months", "length": 2, "returns": "count"},
    {"basis": "spend", "downgrade": "never"},
    {"basis": "visits", "period": "fixed_term", "length": 50, "grace_days": 10},
    {"basis": "visits", "period": "rolling_days", "length": 30, "returns": "count"},
)
laddered = st.tuples(
    st.sampled_from(("buy", "buy", "buy", "give_back", "undo", "judge", "give", "step", "expire")),
    st.sampled_from(CARDS),
    st.integers(0, 500),
    st.sampled_from((1, 30, 24 * 16, 24 * 40)),
)
TERMS = (
    TermsInput("unlimited", dead_points="reinstate"),
    TermsInput("limited", debt_max=50),
    TermsInput("within_balance", pending="days", pending_days=2),
    TermsInput("only_pending", pending="event"),
    TermsInput("keep"),
)
runs = iter(range(10**9))


@settings(
    max_examples=12, phases=[Phase.generate], deadline=None, suppress_health_check=list(HealthCheck)
)
@given(st.sampled_from(TERMS), st.sampled_from(LIVES), st.lists(act, max_size=18))
def test_a_replay_of_todays_rules_gives_what_is_on_the_books(
    terms: TermsInput, expiry: Expiry, acts: list[tuple[str, str, int, int]]
) -> None:
    with transaction.atomic():
        name = f"replay{next(runs)}"
        tale = Tale(opened(name, terms, HABIT, CAPPED, expiry=expiry))
        for one in acts:
            tale.act(*one)
        assert unlike_the_books(tale.program, tale.at) == []
        assert unlike_the_books(tale.program) == []
        assert all(sums.is_closed for one in replayed(tale.program) for sums in one.sums.values())
        transaction.set_rollback(True)


@settings(
    max_examples=12,
    phases=[Phase.explicit, Phase.generate],
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(st.sampled_from(LADDERS), st.lists(laddered, max_size=14))
@example({}, [("buy", "a", 220, 1), ("buy", "a", 20, 1), ("step", "a", 325, 1)])
@example({}, [("buy", "a", 100, 1), ("step", "a", 0, 1), ("buy", "a", 9, 1)])
@example({}, [("buy", "a", 2, 1), ("buy", "a", 0, 1), ("undo", "a", 0, 1), ("buy", "a", 0, 1)])
@example({}, [("buy", "a", 0, 1), ("buy", "a", 0, 1), ("give_back", "a", 0, 1), ("buy", "a", 0, 1)])
def test_a_replay_tells_ladders_with_a_memory(
    rules: dict[str, Any], acts: list[tuple[str, str, int, int]]
) -> None:
    with transaction.atomic():
        tale = Tale(opened(f"ladder{next(runs)}", TermsInput("within_balance")))
        steps = tuple(StepInput(one, one, 50 * place) for place, one in enumerate(TIERS, 1))
        set_ladder(tale.program, LadderInput("main", "Main", steps, rules), now=NOW)
        visits = {"basis": "visits", "period": "rolling_days", "length": 60}
        often = LadderInput("often", "Often", (StepInput("often", "Often", 2),), visits)
        set_ladder(tale.program, often, now=NOW)
        for one in acts:
            tale.act(*one)
        assert unlike_the_books(tale.program, tale.at) == []
        assert audit(tale.at).mismatches == ()
        assert unlike_the_books(tale.program) == []
        transaction.set_rollback(True)


def test_ladders_that_no_story_holds_are_named() -> None:
    program = opened("hand", TermsInput("within_balance"), expiry=Expiry())
    steps = (StepInput("silver", "Silver", 100),)
    set_ladder(program, LadderInput("main", "Main", steps, {"basis": "balance"}), now=NOW)
    Tale(program).act("buy", "a", 300, 1)
    assert scheme_of(program).untold == ("main",)
    assert [one.tier for one in replayed(program)] == [""]
    assert unlike_the_books(program) == []


@pytest.mark.parametrize("back", ["undo", "give_back"])
def test_points_spent_on_anothers_purchase_come_back_with_it(back: str) -> None:
    program = opened("paid", TermsInput("keep"), expiry=Expiry())
    tale = Tale(program)
    for kind, card, number in (("buy", "b", 160), ("buy", "a", 376), ("spend", "b", 285)):
        tale.act(kind, card, number, 24)
    tale.act(back, "a", 249, 24)
    b, _a = replayed(program)
    points = b.sums["points"]
    assert (points.spent, points.given_back) == (46, 46 if back == "undo" else 18)
    assert b.visits == 1
    assert unlike_the_books(program) == []


def test_a_second_purchase_undone_is_told_in_its_own_place() -> None:
    program = opened("twice", TermsInput("within_balance"), expiry=Expiry())
    tale = Tale(program)
    for kind, number in (("buy", 331), ("spend", 319), ("undo", 151), ("buy", 101), ("undo", 151)):
        tale.act(kind, "a", number, 24)
    (outcome,) = replayed(program)
    assert (outcome.visits, outcome.sums["status"].balance) == (0, 0)
    assert unlike_the_books(program) == []


def test_an_end_that_came_later_does_not_say_which_points_were_spent_first() -> None:
    program = opened("reached", TermsInput("within_balance"), expiry=Expiry(kind="year_end"))
    tale = Tale(program)
    never, monthly = 425, 438
    for kind, number, hours in (
        ("buy", 189, 1),
        ("live", never, 3325),
        ("buy", 189, 1),
        ("spend", 105, 960),
        ("live", monthly, 30),
        ("expire", 0, 992),
    ):
        tale.act(kind, "a", number, hours)
    assert unlike_the_books(program, tale.at) == []
    assert unlike_the_books(program) == []


def test_a_replay_counts_what_a_plain_story_gives() -> None:
    program = opened("plain", TermsInput("within_balance"), expiry=Expiry())
    tale = Tale(program)
    for kind, number in (("buy", 300), ("buy", 300), ("spend", 100), ("buy", 100), ("undo", 1)):
        tale.act(kind, "a", number, 24)
    (outcome,) = replayed(program)
    points = outcome.sums["points"]
    assert points.issued == 15 + 150 + 300 + 100 + 7
    assert (points.spent, points.taken_back, points.balance) == (101, 300, 171)
    assert (outcome.visits, outcome.tier, outcome.sums["status"].balance) == (2, "silver", 200)
    assert unlike_the_books(program) == []


def test_a_draft_is_told_as_if_it_had_always_been_in_force() -> None:
    program = opened("drafted", TermsInput("within_balance"), expiry=Expiry())
    tale = Tale(program)
    tale.act("buy", "a", 400, 1)
    tale.act("spend", "a", 99, 1)
    tale.act("rule", "a", 1, 1)
    tale.act("buy", "a", 400, 1)
    changes = Changes(
        rules=(
            RuleChange(code="base", kind="share_of_purchase", settings={"per_minor": 1_000}),
            RuleChange(code="hello", ends=True),
        ),
        tiers={"gold": 300},
        expiries=(ExpiryChange(unit="points", expiry=Expiry(kind="months", months=1)),),
    )
    today = scheme_of(program)
    before, after = Scheme(today), Scheme(as_if(today, changes))
    told = stories(program)
    had = [replay(before, story, LATER) for story in told]
    has = [replay(after, story, LATER) for story in told]
    tally = compared(had, has, (before.units, after.units))
    assert (tally.today["points"].issued, tally.draft["points"].issued) == (615, 240)
    assert (tally.today["points"].unmet, tally.draft["points"].unmet) == (0, 80)
    assert (tally.today["points"].expired, tally.draft["points"].expired) == (0, 220)
    assert (tally.gain, tally.lose) == (0, 1)
    assert tally.losers[0].gain_minor == 20 - 615
    assert tally.tiers == {("silver", "gold"): 1}
    assert Tally.read(json.loads(json.dumps(tally.written))) == tally
