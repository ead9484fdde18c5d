"""Points from member to member: once, all or none, with their own dates, never overdrawn."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from regulars.core.api.keys import create_key
from regulars.core.errors import Conflict, Refused
from regulars.loyalty.actions import (
    TermsInput,
    UnitInput,
    hold_points,
    redeem_points,
    regroup_everywhere,
    reverse_purchases,
    take_purchases,
)
from regulars.loyalty.actions.handing import hand_over_points
from regulars.loyalty.models import Account, Handover, Lot, Member, Program, Transfer, Unit
from regulars.loyalty.queries import audit
from regulars.loyalty.queries.booked import booked_of
from regulars.loyalty.queries.history import by_day, history_of
from regulars.loyalty.queries.liability import liability_of
from regulars.loyalty.rules.expiry import Expiry
from regulars.loyalty.rules.replay.outcomes import differences
from regulars.loyalty.tests.test_replay import replayed
from tests import make
from tests.make import NOW

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def opened(months: int | None = 2) -> None:
    expiry = Expiry(kind="months", months=months) if months else Expiry()
    make.program(
        units=(UnitInput("points", "Points", "spendable", worth_minor=1, expiry=expiry),),
        tiers=(),
        rules=(make.RuleInput("base", "Base", "share_of_purchase"),),
        terms=TermsInput("unlimited"),
    )
    Program.objects.update(handover_max=60, handover_day_max=100)
    for card, days in (("a", 20), ("a", 0), ("b", 5)):
        bought(card, 5_000, days=days)


@pytest.fixture
def books() -> object:
    opened()
    yield
    assert audit(NOW).mismatches == ()


@pytest.fixture
def lasting() -> None:
    opened(None)


def bought(card: str, total_minor: int, *, days: int = 0) -> int:
    at = NOW - days * DAY
    lines = [make.line(total_minor=total_minor)]
    taken = take_purchases([make.receipt(card=card, lines=lines, bought_at=at)], now=at)
    return taken[0].purchase_id


def member(card: str) -> Member:
    return Member.objects.select_related("program").get(customer=make.owner_of("card", card))


def give(amount: int, key: str = "k", *, giver: str = "a", taker: str = "b") -> Handover:
    return hand_over_points(member(giver), member(taker), amount, key=key, now=NOW)


def balance(card: str) -> int:
    return Account.objects.get(member=member(card)).balance or 0


@pytest.mark.usefixtures("books")
def test_lots_change_hands_with_their_own_dates_soonest_first() -> None:
    for _ in range(2):
        give(60)
    assert (balance("a"), balance("b")) == (40, 110)
    older, newer = Lot.objects.filter(account__member=member("a")).order_by("pk")
    got = Lot.objects.filter(handover__isnull=False).order_by("pk")
    assert [(lot.granted, lot.expires_at, lot.first_id) for lot in got] == [
        (50, older.expires_at, older.pk),
        (10, newer.expires_at, newer.pk),
    ]
    with pytest.raises(Conflict):
        give(59)
    told = by_day(history_of(member("b")).entries)
    assert (told[0].amount, told[0].why) == (60, f"from card …{member('a').number[-4:]}")
    assert by_day(history_of(member("a")).entries)[0].amount == -60


@pytest.mark.usefixtures("books")
def test_what_came_can_be_given_on_and_is_still_the_lot_once_issued() -> None:
    give(60)
    give(60, "l", giver="b", taker="a")
    issued = Lot.objects.filter(handover=None)
    assert set(Lot.objects.filter(first__isnull=False).values_list("first", flat=True)) <= set(
        issued.values_list("pk", flat=True)
    )
    unit = Unit.objects.get()
    (last,) = liability_of(unit, now=NOW).months[-1:]
    assert last.open == balance("a") + balance("b") == 150
    assert sum(one.issued for one in liability_of(unit, now=NOW).months) == 150


@pytest.mark.usefixtures("books")
def test_reasons_to_refuse() -> None:
    held = hold_points(member("a"), 70, key="h", ends_at=NOW + DAY, now=NOW)
    told: list[tuple[str, dict[str, str], int]] = [
        ("not_enough_points", {}, 31),
        ("too_much_at_once", {}, 61),
        ("own_card", {"taker": "a"}, 5),
        ("nothing_to_give", {}, 0),
    ]
    for code, sides, amount in told:
        with pytest.raises(Refused) as refused:
            give(amount, **sides)
        assert refused.value.code == code
    give(20)
    Member.objects.filter(pk=member("b").pk).update(frozen_at=NOW)
    for sides in ({}, {"giver": "b", "taker": "a"}):
        with pytest.raises(Refused, match="frozen"):
            give(5, "f", **sides)
    Program.objects.update(handover_max=0)
    with pytest.raises(Refused, match="does not let"):
        give(5, "z")
    assert held.outcome == ""
    assert Handover.objects.count() == 1


@pytest.mark.usefixtures("books")
def test_a_day_has_its_limit_for_all_cards_of_a_person() -> None:
    bought("c", 9_000)
    a, c = make.owner_of("card", "a"), make.owner_of("card", "c")
    entry = make.merged(a, c)[-1]
    regroup_everywhere([a.pk, c.pk], cause=f"merging:{entry}", now=NOW)
    with pytest.raises(Refused) as refused:
        give(5, "x", taker="c")
    assert refused.value.code == "own_card"
    give(60)
    with pytest.raises(Refused) as refused:
        give(41, "l", giver="c")
    assert refused.value.code == "too_much_today"
    hand_over_points(member("c"), member("b"), 41, key="l", now=NOW + DAY)


@pytest.mark.usefixtures("books")
def test_a_debt_of_who_takes_is_repaid_first() -> None:
    purchase = bought("c", 3_000)
    redeem_points(member("c"), 30, key="r", now=NOW)
    reverse_purchases([purchase], "void", now=NOW)
    give(50, taker="c")
    lot = Lot.objects.latest("pk")
    assert (balance("c"), lot.granted, lot.remaining) == (20, 50, 20)
    assert audit(NOW).mismatches == ()
    assert liability_of(Unit.objects.get(), now=NOW).months[-1].open == 150 - 50 + 20


@pytest.mark.usefixtures("books")
def test_given_points_are_the_takers_when_records_part() -> None:
    give(60)
    b, a = make.owner_of("card", "b"), make.owner_of("card", "a")
    entry = make.merged(a, b)[-1]
    regroup_everywhere([a.pk, b.pk], cause=f"merging:{entry}", now=NOW)
    assert balance("a") == 150
    assert audit(NOW).mismatches == ()
    entry = make.parted(b)
    regroup_everywhere([a.pk, b.pk], cause=f"merging:{entry}", now=NOW)
    assert (balance("a"), balance("b")) == (40, 110)


@pytest.mark.usefixtures("books")
def test_a_replay_moves_them_too() -> None:
    give(60)
    redeem_points(member("b"), 70, key="r", now=NOW)
    program, upto = Program.objects.get(), NOW + 400 * DAY
    booked = booked_of(program.pk, 0, 2**62, upto=upto)
    assert [
        found
        for one in replayed(program, upto)
        for found in differences(one, booked[one.person_id])
    ] == []


@pytest.mark.usefixtures("lasting")
def test_the_api() -> None:
    key = create_key(name="App", scopes=["loyalty:write", "loyalty:read"], now=NOW)
    head = {"Authorization": f"Bearer {key.secret}", "Idempotency-Key": "1"}
    told = {"key": "k", "giver": member("a").number, "taker": member("b").number, "amount": 7}
    made = Client().post("/api/v1/handovers", told, content_type="application/json", headers=head)
    assert made.status_code == 201
    one = Client().get(f"/api/v1/handovers/{made.json()['id']}", headers=head).json()
    path = f"/api/v1/handovers?giver_id={member('a').pk}&taker_id={member('b').pk}"
    assert Client().get(path, headers=head).json()["items"] == [one] == [made.json()]
    wrong = Client().post(
        "/api/v1/handovers",
        told | {"taker": "1", "key": "l"},
        content_type="application/json",
        headers=head | {"Idempotency-Key": "2"},
    )
    assert (wrong.status_code, wrong.json()["code"]) == (422, "unknown_card")


@pytest.mark.usefixtures("lasting")
def test_a_member_gives_from_the_card_and_confirms() -> None:
    client, anna = Client(), member("a")
    page = reverse("loyalty.card_give", args=[anna.token])
    card = reverse("loyalty.card", args=[anna.token])
    assert page in client.get(card).content.decode()
    told = {"card": member("b").number, "amount": "9", "key": "k"}
    asked = client.post(page, told)
    assert f"…{member('b').number[-4:]}" in asked.content.decode()
    assert not Handover.objects.exists()
    for _ in range(2):
        assert client.post(page, told | {"confirmed": "yes"}).status_code == 302
    assert (balance("a"), balance("b")) == (91, 59)
    wrong = {"card": anna.number, "amount": "9", "key": "l", "confirmed": "yes"}
    assert client.post(page, wrong).status_code == 422
    assert client.post(page, told | {"card": "12x"}).status_code == 422
    assert client.post(page, told | {"card": "12"}).status_code == 422
    Program.objects.update(handover_max=0)
    assert client.get(page).status_code == 404
    assert page not in client.get(card).content.decode()


def hurried(giver: str, taker: str, number: int, together: Barrier) -> str:
    together.wait()
    try:
        give(9, f"{giver}{number}", giver=giver, taker=taker)
    except Refused as refused:
        return refused.code
    finally:
        connection.close()
    return "given"


@pytest.mark.django_db(transaction=True)
def test_two_who_give_to_each_other_at_once_never_overdraw_or_wait_for_ever() -> None:
    opened()
    Program.objects.update(handover_max=1_000, handover_day_max=1_000)
    for card in ("a", "b"):
        redeem_points(member(card), {"a": 85, "b": 35}[card], key=card, now=NOW)
    pairs = [("a", "b"), ("b", "a")] * 6
    together = Barrier(len(pairs))
    with ThreadPoolExecutor(len(pairs)) as hands:
        done = [
            hands.submit(hurried, giver, taker, number, together)
            for number, (giver, taker) in enumerate(pairs)
        ]
        outcomes = [one.result() for one in done]
    assert set(outcomes) <= {"given", "not_enough_points"}
    assert outcomes.count("given") == Handover.objects.count() >= 2
    assert balance("a") + balance("b") == 30
    assert min(balance("a"), balance("b")) >= 0
    assert Transfer.objects.filter(key__startswith="handover:").exists()
    assert audit(NOW).mismatches == ()
