"""The door for tills: over ASGI, in the transaction of the test."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from datetime import timedelta
from itertools import count
from typing import Any

import httpx
import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from regulars.core.api.keys import create_key
from regulars.core.doors import Doors
from regulars.customers.models import Purchase
from regulars.loyalty.actions import open_standard_program, redeem_points
from regulars.loyalty.actions.guarding import freeze_members, set_spending_limits
from regulars.loyalty.models import Account, Cancellation, Member, Program, Transfer
from regulars.loyalty.queries.auditing import audit
from regulars.loyalty.till.door import PREFIX, TillDoor
from regulars.loyalty.till.settling import Asked, settle
from regulars.loyalty.till.shapes import Line, Who
from regulars.loyalty.till.shapes import Purchase as Told
from tests import make

pytestmark = pytest.mark.django_db

NOW = timezone.now()
Body = dict[str, Any]
_names = count(1)


class Till:
    """Speaks to a door of its own with a key of its own."""

    def __init__(self, scopes: Sequence[str] = ("purchases:write",)) -> None:
        self.secret = create_key(name="till", scopes=scopes, now=NOW).secret

    def __call__(self, act: str, *bodies: Body, name: str = "", **told: Any) -> Any:
        """The answer to each body, all sent at once; a list only where there are several."""
        headers = {"Authorization": f"Bearer {self.secret}", **told.pop("headers", {})}
        method = told.pop("method", "POST")

        async def ask(client: httpx.AsyncClient, body: Body) -> httpx.Response:
            mine = {"Idempotency-Key": name or f"n{next(_names)}", **headers}
            sent = {"json": body, **told}
            return await client.request(method, PREFIX + act, headers=mine, **sent)

        async def all_at_once(thread: Executor) -> list[httpx.Response]:
            doors = Doors({PREFIX: TillDoor(thread)}, pages=nowhere)
            transport = httpx.ASGITransport(app=doors)  # type: ignore[arg-type]
            async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
                return await asyncio.gather(*(ask(client, body) for body in bodies))

        answers = in_my_transaction(all_at_once)
        return answers if len(bodies) > 1 else answers[0]


def in_my_transaction(act: Callable[[Executor], Any]) -> Any:
    """Runs an act whose thread for the database works on the connection of the test."""
    mine = connections["default"]
    mine.inc_thread_sharing()

    def share() -> None:
        connections["default"] = mine

    try:
        with ThreadPoolExecutor(1, initializer=share) as thread:
            return asyncio.run(act(thread))
    finally:
        mine.dec_thread_sharing()


async def nowhere(_scope: Any, _receive: Any, _send: Any) -> None:
    raise AssertionError("this is no page")


@pytest.fixture
def till() -> Till:
    make.program()
    return Till()


def receipt(number: str = "1", *, card: str = "77", total_minor: int = 12_300, **told: Any) -> Body:
    return {
        "source": "pos",
        "number": number,
        "customer": {"kind": "card", "value": card},
        "bought_at": NOW.isoformat(),
        "lines": [{"sku": "milk", "total_minor": total_minor}],
        **told,
    }


def points(card: str = "77") -> int:
    member = Member.objects.get(customer=make.owner_of("card", card))
    return Account.objects.get(member=member, unit__code="points").balance or 0


def test_a_commit_is_on_the_books_and_answered(till: Till) -> None:
    answer = till("commit", receipt())
    assert answer.status_code == 201
    (given,) = answer.json()["receipts"]
    assert given["earned"] == {"points": 123, "status": 123}
    assert (given["tier"], given["next_tier"], given["missing"]) == ("silver", "gold", 377)
    assert points() == 123


def test_a_till_may_say_who_served(till: Till) -> None:
    assert till("commit", receipt("1", served_by=" 1042 ")).status_code == 201
    assert till("commit", receipt("2")).status_code == 201
    servers = Purchase.objects.order_by("number").values_list("served_by__code", flat=True)
    assert list(servers) == ["1042", None]


def test_the_same_name_gets_the_same_answer_once(till: Till) -> None:
    first = till("commit", receipt(), name="a")
    again = till("commit", receipt(), name="a")
    assert again.content == first.content
    assert again.headers["idempotent-replay"] == "true"
    other = till("commit", receipt("2"), name="a")
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")
    assert Purchase.objects.count() == 1


def test_one_receipt_under_many_names_counts_once(till: Till) -> None:
    answers = till("commit", *[receipt() for _ in range(6)])
    assert {one.status_code for one in answers} == {201}
    assert len({one.content for one in answers}) == 1
    assert points() == 123


def test_a_key_is_looked_up_once_for_all_who_come_at_once(till: Till) -> None:
    with CaptureQueriesContext(connection) as asked:
        answers = till("commit", *[receipt(str(number)) for number in range(12)])
    assert {one.status_code for one in answers} == {201}
    looks = [one for one in asked if 'FROM "core_apikey"' in one["sql"]]
    assert len(looks) == 1


def test_one_name_twice_in_a_group_is_done_once(till: Till) -> None:
    answers = till("commit", receipt("1"), receipt("1"), receipt("2"), name="same")
    assert sorted(one.status_code for one in answers) == [201, 201, 409]
    assert Purchase.objects.count() == 1


def test_a_bad_request_in_a_group_fails_alone(till: Till) -> None:
    future = (NOW + timedelta(days=3)).isoformat()
    good, late, bad = till(
        "commit",
        receipt("1"),
        receipt("2", bought_at=future),
        receipt("3", customer={"kind": "id", "value": "9" * 30}),
    )
    assert (good.status_code, late.status_code, bad.status_code) == (201, 422, 404)
    assert late.json()["code"] == "in_the_future"
    assert Purchase.objects.count() == 1


def test_statements_do_not_grow_with_the_group(till: Till) -> None:
    def statements(size: int) -> int:
        asked = [
            Asked(
                Told(
                    source="pos",
                    number=f"{size}-{n}",
                    bought_at=NOW,
                    lines=[Line(1_000)],
                    customer=Who("card", f"{size}{n}"),
                )
            )
            for n in range(size)
        ]
        settle([asked[0]])
        with CaptureQueriesContext(
            connection,
        ) as queries:
            answers = settle(asked[1:])
        assert {one.status for one in answers} == {201}
        return len(queries)

    assert statements(4) == statements(40)


def test_a_quote_says_what_the_commit_will_and_writes_nothing(till: Till) -> None:
    till("commit", receipt("1", total_minor=50_000))
    basket = {key: value for key, value in receipt().items() if key in {"customer", "lines"}}
    before = Transfer.objects.count(), Purchase.objects.count()
    quoted = till("quote", basket).json()
    assert (Transfer.objects.count(), Purchase.objects.count()) == before
    assert quoted["total_minor"] == 12_300
    (offer,) = quoted["redeemable"]
    assert (offer["unit"], offer["available"], offer["amount_max"]) == ("points", 500, 500)
    committed = till("commit", receipt("2")).json()
    assert quoted["receipts"] == committed["receipts"]


def test_no_more_can_be_redeemed_than_the_basket_costs(till: Till) -> None:
    till("commit", receipt("1", total_minor=50_000))
    basket = {"customer": {"kind": "card", "value": "77"}, "lines": [{"total_minor": 120}]}
    (offer,) = till("quote", basket).json()["redeemable"]
    assert (offer["amount_max"], offer["worth_minor"]) == (120, 120)


def test_a_quote_offers_no_more_than_limits_let_the_member_spend(till: Till) -> None:
    till("commit", receipt("1", total_minor=50_000))
    basket: Body = {"customer": {"kind": "card", "value": "77"}, "lines": [{"total_minor": 40_000}]}
    program, member = Program.objects.get(), Member.objects.get()

    def offered() -> Body:
        (offer,) = till("quote", basket).json()["redeemable"]
        kept = {"amount_max", "worth_minor", "limit", "code_from"}
        return {name: value for name, value in offer.items() if name in kept}

    set_spending_limits(program, at_once=90, a_day=200, times_a_day=2, code_from=80)
    told = {"amount_max": 90, "worth_minor": 90, "limit": "more_than_at_once", "code_from": 80}
    assert offered() == told
    redeem_points(member, 70, key="a", now=timezone.now())
    redeem_points(member, 70, key="b", now=timezone.now())
    assert offered() == {"amount_max": 0, "worth_minor": 0, "limit": "too_often_a_day"}
    set_spending_limits(program, a_day=200)
    assert offered() == {"amount_max": 60, "worth_minor": 60, "limit": "more_than_a_day"}
    basket["lines"] = [{"total_minor": 50}]
    assert offered() == {"amount_max": 50, "worth_minor": 50}
    freeze_members([member.pk], reason="lost", now=NOW)
    assert offered() == {"amount_max": 0, "worth_minor": 0, "limit": "member_is_frozen"}
    assert till("commit", receipt("2", redeem=[{"amount": 1}])).json()["code"] == "member_is_frozen"


def test_points_pay_and_do_not_lower_what_is_earned(till: Till) -> None:
    till("commit", receipt("1", total_minor=50_000))
    paid = till("commit", receipt("2", redeem=[{"amount": 300}]), name="p")
    assert paid.status_code == 201
    assert paid.json()["redeemed"] == [{"unit": "points", "amount": 300, "worth_minor": 300}]
    assert points() == 500 - 300 + 123
    assert till("commit", receipt("2", redeem=[{"amount": 300}]), name="p").content == paid.content
    assert points() == 323


def test_too_many_points_refuse_the_whole_receipt(till: Till) -> None:
    till("commit", receipt("1"))
    refused = till("commit", receipt("2", redeem=[{"amount": 1000}]), name="p")
    assert (refused.status_code, refused.json()["code"]) == (422, "not_enough_points")
    too_dear = till("commit", receipt("3", total_minor=50, redeem=[{"amount": 100}]))
    assert too_dear.json()["code"] == "pays_too_much"
    assert (points(), Purchase.objects.count()) == (123, 1)
    # An error leaves the name free.
    assert till("commit", receipt("2", redeem=[{"amount": 100}]), name="p").status_code == 201


def test_a_cancelled_receipt_leaves_no_trace_in_balances(till: Till) -> None:
    till("commit", receipt("1", total_minor=50_000))
    till("commit", receipt("2", redeem=[{"amount": 300}]))
    cancelled = till("cancel", {"source": "pos", "number": "2"})
    assert cancelled.status_code == 201
    held = {one["unit"]: one["balance"] for one in cancelled.json()["balances"]}
    assert (held["points"], points()) == (500, 500)
    again = till("cancel", {"source": "pos", "number": "2"})
    assert again.json()["purchase_id"] == cancelled.json()["purchase_id"]
    late = till("commit", receipt("2"))
    assert (late.status_code, late.json()["code"]) == (409, "cancelled")
    assert not audit(NOW).mismatches


def test_a_cancel_that_overtakes_its_receipt_holds(till: Till) -> None:
    assert till("cancel", {"source": "pos", "number": "9"}).json()["purchase_id"] is None
    assert till("commit", receipt("9")).status_code == 409
    assert Cancellation.objects.count() == 1
    assert not Member.objects.exists()


def test_returns_take_back_their_share(till: Till) -> None:
    till("commit", receipt("1", total_minor=10_000))
    back = {
        "source": "pos",
        "number": "r1",
        "purchase_source": "pos",
        "purchase_number": "1",
        "returned_at": NOW.isoformat(),
        "lines": [{"position": 1, "quantity_milli": 400}],
    }
    answer = till("return", back).json()
    assert answer["total_minor"] == 4_000
    assert points() == 60
    assert {one["unit"]: one["balance"] for one in answer["balances"]}["points"] == 60


def test_a_batch_may_be_sent_again_in_whole(till: Till) -> None:
    entries = [
        {"kind": "cancel", "source": "pos", "number": "2"},
        {"kind": "purchase", **receipt("1", bought_at="2026-01-05T10:00:00+03:00")},
        {"kind": "purchase", **receipt("2")},
        {"kind": "purchase", **receipt("3", currency="XXX")},
    ]
    first = till("batch", {"entries": entries})
    assert [one["status"] for one in first.json()["results"]] == [201, 201, 201, 422]
    again = till("batch", {"entries": entries})
    assert [one["status"] for one in again.json()["results"]] == [201, 201, 409, 422]
    assert points() == 123
    assert not audit(NOW).mismatches


@pytest.mark.parametrize(
    ("told", "status", "code"),
    [
        ({"content": b"{"}, 400, "malformed"),
        ({"json": {"source": "pos"}}, 422, "invalid"),
        ({"json": receipt(lines=[{"total_minor": -1}])}, 422, "invalid"),
        ({"json": receipt(bought_at="2026-01-05T10:00:00")}, 422, "invalid"),
        ({"headers": {"Authorization": "Bearer rk_x"}}, 401, "unauthorized"),
        ({"headers": {"Idempotency-Key": ""}}, 400, "idempotency_key_needed"),
        ({"method": "GET"}, 405, "method_not_allowed"),
    ],
)
def test_bad_requests_are_told_apart(till: Till, told: Body, status: int, code: str) -> None:
    answer = till("commit", receipt(), **told)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_wrong_field_is_named(till: Till) -> None:
    answer = till("commit", receipt(lines=[{"total_minor": 5}, {"total_minor": "x"}]))
    assert answer.json()["errors"][0]["field"] == "lines[1].total_minor"


def test_a_key_without_the_scope_is_refused() -> None:
    make.program()
    answer = Till(["customers:read"])("commit", receipt())
    assert (answer.status_code, answer.json()["code"]) == (403, "scope_is_missing")


def test_a_quote_of_a_stranger_makes_nobody(till: Till) -> None:
    open_standard_program(currency="USD", now=NOW, code="other")
    basket = {"customer": {"kind": "card", "value": "new"}, "lines": [{"total_minor": 1_000}]}
    answer = till("quote", basket)
    assert answer.status_code == 200
    assert not Member.objects.exists()


def test_points_held_by_nobody_pay_nothing(till: Till) -> None:
    answer = till("commit", receipt(redeem=[{"amount": 1}]))
    assert (answer.status_code, answer.json()["code"]) == (404, "no_member")
    till("commit", receipt("2"))
    member = Member.objects.get()
    redeem_points(member, 123, key="all", now=timezone.now())
    assert points() == 0
