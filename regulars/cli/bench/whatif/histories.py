"""Made-up histories of members, the same in every process, and the schemes they are replayed by."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from regulars.loyalty.rules.expiry import Expiry, ExpiryVersion
from regulars.loyalty.rules.replay import Story, WrittenScheme
from regulars.loyalty.rules.replay.drafts import Changes, RuleChange, as_if
from regulars.loyalty.rules.replay.schemes import (
    WrittenEdition,
    WrittenLadder,
    WrittenRule,
    WrittenStep,
    WrittenTerms,
    WrittenTier,
    WrittenUnit,
)
from regulars.loyalty.rules.replay.stories import Joined, Returned, Spent, Step
from regulars.loyalty.rules.sales import Sale, SaleLine
from regulars.loyalty.rules.tiers.settings import LadderRules

BEGINNING = datetime(2024, 1, 1, 9, tzinfo=UTC)
UPTO = datetime(2026, 1, 1, tzinfo=UTC)
PRODUCTS = 1_000
STORES = 20
RECEIPTS = 50
"""Receipts of a member in two years, on average."""
SPENDS, RETURNS = 0.05, 0.04
"""Shares of receipts on which points are spent, and of which goods come back."""
NOT_TOBACCO = {"lines": {"except_categories": ["Tobacco"]}}


def histories(first: int, last: int) -> Iterator[Story]:
    """The stories of members from one number up to, and not with, another; each its own for ever."""
    for person_id in range(first, last):
        random = Random(person_id)  # noqa: S311 (repeatable figures)
        yield Story(person_id, list(_steps(person_id, random)), joined_at=BEGINNING)


def _steps(person_id: int, random: Random) -> Iterator[Step]:
    at = BEGINNING + timedelta(minutes=random.randrange(60 * 24 * 14))
    yield Joined(person_id, at)
    pause = (UPTO - BEGINNING).total_seconds() / RECEIPTS / random.choice((0.5, 1, 1.5))
    for number in range(RECEIPTS * 2):
        at += timedelta(seconds=1 + int(random.expovariate(1 / pause)))
        if at >= UPTO:
            return
        sale = _sale(person_id * 1_000 + number, person_id, random, at=at)
        yield sale
        chance = random.random()
        if chance < SPENDS:
            yield Spent(sale.purchase_id, "points", random.randrange(5, 60), at, sale.purchase_id)
        elif chance < SPENDS + RETURNS:
            back = sale.lines[0].total_minor
            yield Returned(sale.purchase_id, back, sale.total_minor, at + timedelta(minutes=1))


def _sale(number: int, person_id: int, random: Random, *, at: datetime) -> Sale:
    lines = tuple(_line(random) for _ in range(3))
    total = sum(line.total_minor for line in lines)
    return Sale(number, person_id, at, total, 0, lines, f"S{random.randrange(STORES)}")


SHELF = [(f"P{n}", "Food" if n % 10 else "Tobacco") for n in range(PRODUCTS)]
"""Articles and categories; one text for all lines of an article, as they are read from a database."""


def _line(random: Random) -> SaleLine:
    sku, category = SHELF[random.randrange(PRODUCTS)]
    return SaleLine(sku, category, 1_000, random.randrange(50, 2_000))


def _rule(place: int, code: str, kind: str, settings: dict[str, Any]) -> WrittenRule:
    return WrittenRule(id=place, code=code, kind=kind, settings=settings)


EVERYDAY = WrittenScheme(
    units=(
        WrittenUnit(
            code="points",
            kind="spendable",
            worth_minor=1,
            lives=(ExpiryVersion(expiry=Expiry(kind="months", months=12)),),
        ),
        WrittenUnit(code="status", kind="qualifying"),
    ),
    tiers=(
        WrittenTier(code="silver", qualifying_min=500),
        WrittenTier(code="gold", qualifying_min=2_000),
    ),
    rules=(
        _rule(1, "base", "share_of_purchase", NOT_TOBACCO),
        _rule(2, "status", "share_of_purchase", {"unit": "status"}),
        _rule(3, "tenth", "every_nth_visit", {"every": 10}),
    ),
    zone="Europe/Berlin",
)
"""The rules of `bench posting`: points without tobacco, status points, a gift every ten visits."""

RICH = EVERYDAY.model_copy(
    update={
        "rules": (
            *EVERYDAY.rules,
            _rule(4, "gold", "multiplier", {"factor": "1.5", "tiers": ["gold"], **NOT_TOBACCO}),
            _rule(5, "weekend", "bonus", {"points": 5, "terms": {"weekdays": ["sat", "sun"]}}),
            _rule(
                6,
                "evening",
                "bonus",
                {"points": 3, "terms": {"hour_from": 18}, "limits": {"month": 9}},
            ),
            _rule(7, "streak", "streak", {"points": 20, "length": 3}),
            _rule(8, "hello", "welcome_gift", {"points": 15}),
        ),
        "tiers": (),
        "ladders": (
            WrittenLadder(
                code="main",
                is_main=True,
                unit="status",
                editions=(
                    WrittenEdition(
                        in_force_from=BEGINNING,
                        rules=LadderRules(basis="unit", period="rolling_months", length=12),
                        steps=(
                            WrittenStep(code="silver", minimum=300),
                            WrittenStep(code="gold", minimum=900),
                        ),
                    ),
                ),
            ),
        ),
        "terms": WrittenTerms(returns="limited", debt_max=100, pending="days", pending_days=7),
    }
)
"""The same with a multiplier by tier, bonuses by day and hour, a monthly cap, a streak, a gift for
joining, tiers by the last twelve months, and points that are pending for a week."""

SCHEMES = {"everyday": EVERYDAY, "rich": RICH}


def draft_of(scheme: WrittenScheme) -> WrittenScheme:
    """The scheme with half as many points more, and a gift at every eighth visit instead."""
    base = NOT_TOBACCO | {"points": "1.5"}
    changes = Changes(
        rules=(
            RuleChange(code="base", kind="share_of_purchase", settings=base),
            RuleChange(code="tenth", kind="every_nth_visit", settings={"every": 8}),
        )
    )
    return as_if(scheme, changes)
