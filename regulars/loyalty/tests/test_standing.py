"""What posting reads of members for the rules in force, and what it keeps of them."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from regulars.core.api.keys import create_key
from regulars.customers.actions.segments import SegmentInput, create_segment
from regulars.customers.models import Customer, SegmentMember
from regulars.customers.rules.purchases import TenderInput
from regulars.loyalty.actions import RuleInput, set_rule, take_purchases
from regulars.loyalty.models import Campaign, MemberMemory, Program, Unit
from regulars.loyalty.queries import audit
from tests import make
from tests.make import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def program() -> Program:
    return make.program()


def add_rule(program: Program, kind: str = "bonus", code: str = "more", **settings: Any) -> None:
    set_rule(program, RuleInput(code, code.title(), kind, settings), now=NOW - timedelta(days=1))


def take(customer: Customer, total_minor: int = 1_000, **told: Any) -> dict[str, int]:
    lines = [make.line(total_minor=total_minor)]
    (taken,) = take_purchases([make.receipt(customer=customer, lines=lines, **told)], now=NOW)
    assert taken.refused is None
    return dict(taken.receipts[0].earned)


def test_a_rule_for_a_segment_and_one_for_birthdays(program: Program) -> None:
    anna, boris = make.customer("Anna"), make.customer("Boris")
    segment = create_segment("vip", SegmentInput("VIP", condition={"all": []}), now=NOW)
    SegmentMember.objects.filter(segment=segment).delete()
    SegmentMember.objects.create(segment=segment, customer=anna, entered_at=NOW)
    Customer.objects.filter(pk=boris.pk).update(birthday=date(1990, NOW.month, NOW.day))
    add_rule(program, points=5, terms={"segments": ["vip"]})
    add_rule(program, code="cake", points=7, terms={"birthday": True})
    assert (take(anna)["points"], take(boris)["points"]) == (15, 17)
    record = make.customer("Anna again")
    make.merged(anna, record)
    assert take(record)["points"] == 15
    assert audit(NOW).mismatches == ()


def test_what_no_rule_asks_for_is_not_read_and_the_rest_once_for_a_batch(program: Program) -> None:
    anna = make.customer("Anna")
    take(anna)
    with CaptureQueriesContext(connection) as plain:
        take(anna)
    assert not any("segmentmember" in one["sql"] for one in plain)
    add_rule(program, points=5, terms={"segments": ["vip"], "birthday": True}, limits={"day": 9})
    take(anna)
    counts = []
    for size in (1, 5):
        batch = [make.receipt(customer=anna) for _ in range(size)]
        with CaptureQueriesContext(connection) as asked:
            take_purchases(batch, now=NOW)
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_a_limit_of_a_day_holds_from_batch_to_batch(program: Program) -> None:
    anna = make.customer("Anna")
    add_rule(program, points=6, limits={"day": 10})
    assert [take(anna)["points"] for _ in range(3)] == [16, 14, 10]
    assert MemberMemory.objects.get().slots["cap:more"]["day"] == {NOW.date().isoformat(): 10}


def test_a_campaign_stops_paying_when_its_budget_is_spent(program: Program) -> None:
    unit = Unit.objects.get(program=program, code="points")
    spring = Campaign.objects.create(
        program=program, code="spring", name="Spring", unit=unit, budget=10, made_at=NOW
    )
    add_rule(program, points=6, campaign="spring")
    anna, boris = make.customer("Anna"), make.customer("Boris")
    assert [take(one)["points"] for one in (anna, boris, anna)] == [16, 14, 10]
    spring.refresh_from_db()
    assert spring.spent == 10
    Campaign.objects.filter(pk=spring.pk).update(budget=100, is_open=False)
    assert take(anna)["points"] == 10
    assert audit(NOW).mismatches == ()


def test_tenders_are_kept_and_do_not_lower_what_earns(program: Program) -> None:
    anna = make.customer("Anna")
    receipt = make.receipt(customer=anna, lines=[make.line(total_minor=1_000)])
    paid = {name: getattr(receipt, name) for name in receipt.__slots__}
    by_card = type(receipt)(**paid | {"tenders": (TenderInput("gift_card", 400),)})
    (taken,) = take_purchases([by_card], now=NOW)
    assert taken.receipts[0].earned["points"] == 10
    too_much = type(receipt)(**paid | {"number": "X", "tenders": (TenderInput("points", 1_001),)})
    (refused,) = take_purchases([too_much], now=NOW)
    assert refused.refused is not None
    assert refused.refused.field == "tenders"


def test_the_api_explains_every_award(program: Program) -> None:
    add_rule(program, code="shoes", points=20, limits={"purchase": 15})
    key = create_key(name="till", scopes=["purchases:write"], now=NOW)
    make.customer("Anna", card="A1")
    body = {
        "source": "till",
        "number": "1",
        "customer": {"kind": "card", "value": "A1"},
        "bought_at": NOW.isoformat(),
        "lines": [{"total_minor": 100_000}],
    }
    headers = {"Authorization": f"Bearer {key.secret}", "Idempotency-Key": "k1"}
    answer = Client().post("/api/v1/purchases", body, "application/json", headers=headers)
    assert answer.status_code == 201, answer.content
    (receipt,) = answer.json()["receipts"]
    told = receipt["explanations"]["points"]
    assert told.startswith("1,015 = 1,000 for $1,000 + 15 Shoes (20 before the limit")
    (_, _, shoes) = receipt["awards"]
    assert (shoes["rule"], shoes["amount"], shoes["capped_by"]) == ("shoes", 15, "purchase")
    headers |= {"Accept-Language": "ru", "Idempotency-Key": "k2"}
    again = Client().post("/api/v1/purchases", body, "application/json", headers=headers)
    assert "было бы 20 без предела" in again.json()["receipts"][0]["explanations"]["points"]
