"""A merge that is used and taken back leaves both as if it had never been, in every domain."""

import hashlib
import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from regulars.core.events import deliver
from regulars.core.models import Delivery
from regulars.customers.actions import (
    ConsentInput,
    CustomerRef,
    record_consents,
    resolve_all,
    resolve_due,
)
from regulars.customers.actions.following import follow
from regulars.customers.actions.merging import say_same, unmerge
from regulars.customers.actions.segments import SegmentInput, create_segment, put_into_segment
from regulars.customers.acts import Act
from regulars.customers.models import Consent, Customer, Purchase, SegmentMember
from regulars.customers.queries import history_of, leaders_of, states_of
from regulars.customers.queries.matches import wrong_merges
from regulars.feedback.actions import receive_answer
from regulars.feedback.models import Signal
from regulars.feedback.tests import cast
from regulars.loyalty.actions import redeem_points, take_purchases
from regulars.loyalty.models import Account, Lot, Member
from tests import make
from tests.make import NOW

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
OFFER = ("marketing", "email")


def delivered() -> None:
    """Every event that was published reaches its handlers, and segments follow."""
    while waiting := list(Delivery.objects.filter(delivered_at=None).order_by("pk")):
        for one in waiting:
            deliver(delivery_id=one.pk)
    follow(now=NOW)


class History:
    """Two records of one life, with or without a merge in its middle."""

    def __init__(self) -> None:
        make.program("club")
        self.asked = cast.survey()
        one = make.record("crm", "1", name="Ann Cooper", card="a1", occupation="nurse")
        other = make.record("web", "2", name="Anna Cooper", card="b2", gender="f")
        self.ids = (one.pk, other.pk)
        spends = {"field": "spend_minor", "is": "more", "value": 20_000}
        create_segment("spenders", SegmentInput("Spenders", condition=spends), now=NOW)
        vip = create_segment("vip", SegmentInput("Vip", kind="static"), now=NOW)
        put_into_segment(vip, [other.pk], now=NOW)
        self.buy("a1", 30_000, 0)
        self.buy("b2", 5_000, 0)
        self.say(one.pk, "given", 0)
        self.say(other.pk, "withdrawn", 0)
        resolve_due(now=NOW)
        delivered()

    def buy(self, card: str, total: int, hours: int) -> None:
        told = {"card": card, "lines": [make.line(total_minor=total)]}
        entry = make.receipt(f"{card}-{hours}", bought_at=NOW + hours * HOUR, **told)  # type: ignore[arg-type]
        assert take_purchases([entry], now=NOW + hours * HOUR)[0].refused is None

    def say(self, customer_id: int, state: str, hours: int) -> None:
        word = ConsentInput(
            customer=CustomerRef("id", str(customer_id)),
            purpose=OFFER[0],
            channel=OFFER[1],
            state=state,
            at=NOW + hours * HOUR,
            source="till",
        )
        assert record_consents([word], now=NOW + hours * HOUR)[0].refused is None

    def use(self) -> None:
        """What happens in the middle: earned, spent, agreed to, and answered."""
        one, other = self.ids
        self.buy("b2", 4_000, 2)
        member = Member.objects.get(customer=one)
        redeem_points(member, 100, key="spent", now=NOW + 2 * HOUR)
        self.say(one, "given", 2)
        answer = cast.answer(self.asked, customer_id=other, answered_at=NOW + 2 * HOUR)
        receive_answer(answer, now=NOW + 2 * HOUR)
        delivered()

    def told(self) -> list[dict[str, Any]]:
        return [profile(id_) for id_ in self.ids]


def profile(customer_id: int) -> dict[str, Any]:
    """All that hangs on a record, by natural keys."""
    row = Customer.objects.filter(pk=customer_id).values().get()
    member = Member.objects.select_related("tier").get(customer=customer_id)
    lots = Lot.objects.filter(account__member=member, remaining__gt=0)
    points: dict[str, int] = {}
    for unit, starts, ends, rest in lots.values_list(
        "account__unit__code", "activates_at", "expires_at", "remaining"
    ):
        points[f"{unit} {starts} {ends}"] = points.get(f"{unit} {starts} {ends}", 0) + rest
    state = states_of([customer_id], NOW + 5 * HOUR)[customer_id][OFFER]
    stays = SegmentMember.objects.filter(customer=customer_id, left_at=None)
    return {
        "profile": {name: row[name] for name in row if name not in ("id", "created_at")},
        "purchases": list(
            Purchase.objects.filter(customer=customer_id)
            .order_by("number")
            .values_list("number", "total_minor", "bought_at")
        ),
        "consents": list(
            Consent.objects.filter(customer=customer_id).order_by("at").values_list("state", "at")
        ),
        "may": state.state,
        "points": sorted(points.items()),
        "balances": list(
            Account.objects.filter(member=member)
            .order_by("unit__code")
            .values_list("unit__code", "balance")
        ),
        "tier": [member.tier and member.tier.code, member.visits, member.led_by_id],
        "answers": list(
            Signal.objects.filter(customer=customer_id)
            .order_by("measure")
            .values_list("measure", "native_score", "at")
        ),
        "segments": sorted(stays.values_list("segment__code", flat=True)),
        "timeline": sorted((str(one.at), one.kind) for one in history_of(customer_id)),
    }


def hashes(told: list[dict[str, Any]]) -> list[str]:
    texts = (json.dumps(one, sort_keys=True, default=str) for one in told)
    return [hashlib.sha256(text.encode()).hexdigest() for text in texts]


def without_merge() -> list[dict[str, Any]]:
    with transaction.atomic():
        history = History()
        history.use()
        resolve_all(now=NOW)
        delivered()
        told = history.told()
        transaction.set_rollback(True)
    return told


def test_merged_used_and_parted_is_as_if_it_had_never_been() -> None:
    alone = without_merge()
    history = History()
    one, other = history.ids
    say_same(one, other, by=None, now=NOW + HOUR)
    delivered()
    lead = leaders_of([other])[other]
    assert states_of([lead], NOW + HOUR)[lead][OFFER].state == "withdrawn"
    assert {row["tier"][2] for row in history.told()} != {None}
    history.use()
    acts: list[Act] = unmerge(other, by=None, now=NOW + 3 * HOUR)
    delivered()
    resolve_all(now=NOW + 4 * HOUR)
    delivered()
    assert [act.kind for act in acts] == ["redemption"]
    assert "100" in acts[0].text
    assert leaders_of([one, other]) == {one: one, other: other}
    assert not wrong_merges()
    assert history.told() == alone
    assert hashes(history.told()) == hashes(alone)
