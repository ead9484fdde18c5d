"""Limits, one-time codes, watches and frozen cards: each says why, and none can be raced past."""

import re
from datetime import timedelta

import pytest
from django.test import Client

from regulars.channels.models import Message
from regulars.core.errors import Conflict, Refused
from regulars.customers.actions.privacy import open_privacy_request, restrict_customer
from regulars.loyalty.actions import (
    RuleInput,
    UnitInput,
    hold_points,
    redeem_points,
    take_purchases,
    undo_redemption,
)
from regulars.loyalty.actions.guarding import (
    TRIES_MAX,
    confirm_code,
    freeze_members,
    mark_as_employees,
    send_code,
    set_spending_limits,
    thaw_members,
)
from regulars.loyalty.actions.rewards import RewardInput, set_reward
from regulars.loyalty.actions.watching import WatchInput, decide_alarm, look_at, set_watch
from regulars.loyalty.models import Alarm, Member, Program, SpendingCode
from regulars.loyalty.tests.test_api import Caller
from tests import make
from tests.make import NOW

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def program() -> Program:
    return make.program(
        units=(UnitInput("points", "Points", "spendable", worth_minor=1),),
        tiers=(),
        rules=(RuleInput("base", "Base", "share_of_purchase"),),
    )


@pytest.fixture
def member(program: Program) -> Member:
    anna = make.customer("Anna", email="anna@example.com", card="1")
    buy(anna, 100_000)
    return Member.objects.get(customer=anna)


def buy(customer: object, total_minor: int, *, at: object = NOW) -> None:
    lines = [make.line(total_minor=total_minor)]
    entry = make.receipt(customer=customer, lines=lines, bought_at=at)  # type: ignore[arg-type]
    (taken,) = take_purchases([entry], now=NOW)
    assert taken.refused is None


def spend(member: Member, amount: int, key: str, *, hours: int = 0) -> None:
    redeem_points(member, amount, key=key, now=NOW + hours * HOUR)


def test_no_more_than_the_limits_is_spent_and_the_reason_says_which(
    program: Program, member: Member
) -> None:
    set_spending_limits(program, at_once=50, a_day=90, times_a_day=3)
    with pytest.raises(Refused, match="at most 50 points at once"):
        spend(member, 51, "a")
    spend(member, 50, "a")
    with pytest.raises(Refused, match="40 are left"):
        spend(member, 41, "b")
    hold_points(member, 20, key="h", ends_at=NOW + HOUR, now=NOW)
    with pytest.raises(Refused, match="20 are left"):
        spend(member, 21, "b")
    spend(member, 5, "b")
    with pytest.raises(Refused, match="at most 3 times"):
        spend(member, 1, "c")
    spend(member, 50, "d", hours=25)


def test_what_is_undone_or_repeated_does_not_count(program: Program, member: Member) -> None:
    set_spending_limits(program, times_a_day=1)
    spend(member, 10, "a")
    spend(member, 10, "a")
    row = redeem_points(member, 10, key="a", now=NOW)
    undo_redemption(row, now=NOW)
    spend(member, 10, "b")


def test_limits_that_make_no_sense_are_refused(program: Program) -> None:
    with pytest.raises(Refused) as refused:
        set_spending_limits(program, a_day=0)
    assert refused.value.field == "a_day"


def digits_of(code: SpendingCode) -> str:
    message = Message.objects.get(key=f"spending-code:{code.pk}")
    found = re.search(r"\b[0-9]{6}\b", message.text)
    assert found
    return found[0]


def test_much_is_spent_with_a_code_that_its_owner_was_sent(
    program: Program, member: Member
) -> None:
    set_spending_limits(program, code_from=100)
    spend(member, 99, "small")
    with pytest.raises(Refused, match="confirms with a code"):
        spend(member, 100, "big")
    code = send_code(member, 100, now=NOW)
    wrong = str((int(digits_of(code)) + 1) % 10**6).zfill(6)
    assert confirm_code(code, wrong, now=NOW).confirmed_at is None
    with pytest.raises(Refused, match="confirms with a code"):
        spend(member, 100, "big")
    assert confirm_code(code, digits_of(code), now=NOW).confirmed_at == NOW
    with pytest.raises(Refused, match="confirms with a code"):
        spend(member, 101, "more than was confirmed")
    spend(member, 100, "big")
    with pytest.raises(Refused, match="confirms with a code"):
        spend(member, 100, "again")


def test_a_code_ends_by_the_clock_and_by_guessing(program: Program, member: Member) -> None:
    late, guessed = send_code(member, 100, now=NOW), send_code(member, 100, now=NOW)
    assert confirm_code(late, digits_of(late), now=NOW + HOUR).confirmed_at is None
    for _ in range(TRIES_MAX):
        confirm_code(guessed, "nothing", now=NOW)
    assert confirm_code(guessed, digits_of(guessed), now=NOW).confirmed_at is None


def test_codes_are_sent_so_often_only_and_never_to_whom_nothing_may_be_sent(
    program: Program, member: Member
) -> None:
    buy(shy := make.customer("Shy", email="shy@example.com"), 1_000)
    told = {"asked_by": "employee", "verified": "seen", "now": NOW}
    asked = open_privacy_request(shy.pk, "restriction", **told)  # type: ignore[arg-type]
    restrict_customer(asked.pk, "", by=None, now=NOW)
    with pytest.raises(Refused, match="restricted"):
        send_code(Member.objects.get(customer=shy), 100, now=NOW)
    for _ in range(5):
        send_code(member, 100, now=NOW)
    with pytest.raises(Refused, match="within an hour"):
        send_code(member, 100, now=NOW)
    assert send_code(member, 100, now=NOW + 2 * HOUR)


def test_a_frozen_card_spends_nothing_until_it_is_thawed(member: Member) -> None:
    assert freeze_members([member.pk], reason="lost", now=NOW) == 1
    assert freeze_members([member.pk], reason="stolen", now=NOW) == 0
    with pytest.raises(Refused, match="lost"):
        spend(member, 1, "a")
    assert thaw_members([member.pk]) == 1
    spend(member, 1, "a")


def test_nobody_serves_their_own_card(program: Program, member: Member) -> None:
    cashier, colleague = make.employee("cashier"), make.employee("cashier")
    mark_as_employees(member, cashier.pk)
    with pytest.raises(Refused, match="ask a colleague"):
        redeem_points(member, 1, key="a", now=NOW, employee_id=cashier.pk)
    redeem_points(member, 1, key="a", now=NOW, employee_id=colleague.pk)
    buy(other := make.customer("Other", card="9"), 1_000)
    with pytest.raises(Conflict):
        mark_as_employees(Member.objects.get(customer=other), cashier.pk)


@pytest.mark.parametrize(
    ("counts", "most", "alarms"),
    [
        ("purchases", 3, [4]),
        ("purchases", 4, []),
        ("earned", 1_029, [1_030]),
        ("earned", 1_030, []),
        ("redemptions", 1, [2]),
        ("redeemed", 29, [30]),
        ("redeemed", 30, []),
    ],
)
def test_more_than_a_watch_lets_pass_raises_one_alarm(
    member: Member, counts: str, most: int, alarms: list[int]
) -> None:
    program = member.program
    set_watch(program, "fast", WatchInput(counts, most, hours=2))
    for _ in range(3):
        buy(member.customer, 1_000)
    buy(member.customer, 50_000, at=NOW - 3 * HOUR)
    spend(member, 10, "a")
    spend(member, 20, "b")
    for _ in range(2):
        look_at(program.pk, [member.pk], now=NOW + HOUR / 2)
    assert list(Alarm.objects.values_list("found", flat=True)) == alarms


def test_an_alarm_may_freeze_and_is_decided_once(program: Program, member: Member) -> None:
    set_watch(program, "fast", WatchInput("purchases", 1, hours=2, freezes=True))
    buy(member.customer, 1_000)
    (alarm,) = look_at(program.pk, [member.pk], now=NOW)
    with pytest.raises(Refused, match="more than 1 purchases within 2 hours"):
        spend(member, 1, "a")
    decide_alarm(alarm, "harmless", note="a feast", employee_id=None, now=NOW)
    with pytest.raises(Refused, match="decided before"):
        decide_alarm(alarm, "fraud", employee_id=None, now=NOW)
    assert look_at(program.pk, [member.pk], now=NOW + HOUR) == []
    buy(member.customer, 1_000, at=NOW + 5 * HOUR)
    buy(member.customer, 1_000, at=NOW + 5 * HOUR)
    assert len(look_at(program.pk, [member.pk], now=NOW + 6 * HOUR)) == 1


def test_fraud_freezes(program: Program, member: Member) -> None:
    set_watch(program, "fast", WatchInput("earned", 1, hours=2))
    (alarm,) = look_at(program.pk, [member.pk], now=NOW)
    decide_alarm(alarm, "fraud", note="invented receipts", employee_id=None, now=NOW)
    with pytest.raises(Refused, match="invented receipts"):
        spend(member, 1, "a")


def test_a_watch_over_employees_leaves_others_alone(program: Program, member: Member) -> None:
    watch = WatchInput("purchases", 1, hours=2, staff_only=True)
    set_watch(program, "staff", watch)
    buy(member.customer, 1_000)
    assert look_at(program.pk, [member.pk], now=NOW) == []
    mark_as_employees(member, make.employee("cashier").pk)
    assert len(look_at(program.pk, [member.pk], now=NOW)) == 1


def test_looking_at_many_costs_what_looking_at_one_costs(
    program: Program, member: Member, django_assert_num_queries: object
) -> None:
    set_watch(program, "fast", WatchInput("purchases", 5, hours=2))
    for number in range(20):
        buy(make.customer(f"C{number}", card=f"4{number}"), 1_000)
    ids = list(Member.objects.values_list("pk", flat=True))
    for some in (ids[:1], ids):
        with django_assert_num_queries(2):  # type: ignore[operator]
            look_at(program.pk, some, now=NOW)


def test_the_till_asks_for_a_code_and_then_redeems(
    client: Client, program: Program, member: Member
) -> None:
    set_spending_limits(program, code_from=100)
    client.force_login(
        make.employee("cashier"), backend="allauth.account.auth_backends.AuthenticationBackend"
    )
    told = {"points": 150, "key": "press"}
    page = client.post(f"/till/{member.number}/redeem", told)
    assert "Send the code" in page.content.decode()
    page = client.post(f"/till/{member.number}/code", told)
    code = SpendingCode.objects.get()
    told["code"] = code.pk
    page = client.post(f"/till/{member.number}/code", told | {"digits": "000"})
    assert "Tries left: 4" in page.content.decode()
    page = client.post(f"/till/{member.number}/code", told | {"digits": digits_of(code)})
    assert page.status_code == 302
    code.refresh_from_db()
    assert code.used_for == "till:press"


def test_the_till_says_why_a_card_is_frozen(client: Client, member: Member) -> None:
    freeze_members([member.pk], reason="reported lost", now=NOW)
    client.force_login(
        make.employee("cashier"), backend="allauth.account.auth_backends.AuthenticationBackend"
    )
    told = {"points": 5, "key": "press"}
    page = client.post(f"/till/{member.number}/redeem", told)
    assert "reported lost" in page.content.decode()


def test_the_till_and_the_card_say_beforehand_what_may_be_spent(
    client: Client, program: Program, member: Member
) -> None:
    client.force_login(
        make.employee("cashier"), backend="allauth.account.auth_backends.AuthenticationBackend"
    )
    places = (f"/till/{member.number}", f"/card/{member.token}")

    def told(language: str = "en") -> list[str]:
        return [client.get(at, HTTP_ACCEPT_LANGUAGE=language).content.decode() for at in places]

    assert not any("may be spent now" in page for page in told())
    set_spending_limits(program, at_once=90)
    assert all("No more than 90 may be spent now." in page for page in told())
    set_spending_limits(program)
    freeze_members([member.pk], reason="reported lost", now=NOW)
    assert all("it earns, and spends nothing. reported lost" in page for page in told())
    set_reward(program, RewardInput("mug", kind="gift", name="Mug", price=100), now=NOW)
    assert "This card is frozen" in client.get(f"{places[1]}/rewards").content.decode()


def test_the_manager_sees_alarms_and_decides(
    client: Client, program: Program, member: Member
) -> None:
    client.force_login(
        make.employee("loyalty_manager"),
        backend="allauth.account.auth_backends.AuthenticationBackend",
    )
    client.post(
        f"/loyalty/{program.code}/guards/watches/new",
        {"counts": "earned", "most": 1, "hours": 2, "is_on": "on"},
    )
    assert (
        "More than 1 points earned"
        in client.get(f"/loyalty/{program.code}/guards").content.decode()
    )
    (alarm,) = look_at(program.pk, [member.pk], now=NOW)
    assert "Anna" in client.get(f"/loyalty/{program.code}/alarms").content.decode()
    client.post(f"/loyalty/alarms/{alarm.pk}/decide", {"state": "fraud", "note": "no"})
    member.refresh_from_db()
    assert member.frozen_reason == "no"
    client.post(f"/loyalty/members/{member.pk}/freeze", {"thaw": "1"})
    member.refresh_from_db()
    assert member.frozen_at is None


def test_the_api_sets_limits_and_watches_and_asks_for_codes(
    program: Program, member: Member
) -> None:
    door = Caller()
    path = f"/programs/{program.pk}/spending-limits"
    assert door.put(path, {"code_from": 100}).json()["code_from"] == 100
    assert door.get(path).json()["at_once"] is None
    mistyped = door.put(path, {"at_once_max": 5})
    assert (mistyped.status_code, mistyped.json()["errors"][0]["field"]) == (422, "at_once_max")
    assert door.get(path).json()["code_from"] == 100
    watch = {"counts": "earned", "most": 5, "hours": 3}
    assert door.put(f"/programs/{program.pk}/watches/w", watch).status_code == 200
    redemption = {"key": "k", "member": member.number, "amount": 100}
    assert door.post("/redemptions", redemption).json()["code"] == "code_is_needed"
    code = door.post("/spending-codes", {"member": member.number, "amount": 100}).json()
    digits = digits_of(SpendingCode.objects.get(pk=code["id"]))
    confirm = f"/spending-codes/{code['id']}/confirm"
    assert door.post(confirm, {"digits": "12"}).json()["confirmed_at"] is None
    assert door.post(confirm, {"digits": digits}).json()["confirmed_at"]
    assert door.post("/redemptions", redemption).status_code == 201
