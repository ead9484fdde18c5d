"""The loyalty operations of the API."""

import json
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from regulars.core.api.keys import create_key
from regulars.loyalty.models import Account, Member, Program
from regulars.loyalty.queries import audit
from tests import make
from tests.make import NOW

pytestmark = pytest.mark.django_db
SCOPES = ("purchases:write", "loyalty:read", "loyalty:write")


class Caller:
    """A till that talks to the API with a key of its own."""

    def __init__(self) -> None:
        secret = create_key(name="till", scopes=SCOPES, now=NOW).secret
        self.client = Client(headers={"authorization": f"Bearer {secret}"})

    def get(self, path: str, **query: str) -> Any:
        return self.client.get(f"/api/v1{path}", query)

    def put(self, path: str, body: Any) -> Any:
        return self.client.put(
            f"/api/v1{path}",
            json.dumps(body),
            content_type="application/json",
            headers={"idempotency-key": str(uuid4())},
        )

    def post(self, path: str, body: Any, key: str = "") -> Any:
        headers = {"idempotency-key": key or str(uuid4())}
        return self.client.post(
            f"/api/v1{path}", json.dumps(body), content_type="application/json", headers=headers
        )


@pytest.fixture
def till() -> Caller:
    make.program()
    return Caller()


def receipt(number: str = "R1", total_minor: int = 20_000, **more: Any) -> dict[str, Any]:
    return {
        "source": "till",
        "number": number,
        "customer": {"kind": "card", "value": "111"},
        "bought_at": "2026-03-01T12:00:00+03:00",
        "lines": [{"sku": "milk", "quantity_milli": 2000, "total_minor": total_minor}],
        **more,
    }


def test_a_purchase_answers_with_its_receipt_the_same_every_time(till: Caller) -> None:
    first = till.post("/purchases", receipt())
    assert first.status_code == 201, first.content
    (given,) = first.json()["receipts"]
    assert given["earned"] == {"points": 200, "status": 200}
    assert (given["tier"], given["next_tier"], given["missing"]) == ("silver", "gold", 300)
    assert till.post("/purchases", receipt()).json() == first.json()
    assert till.post("/purchases", receipt(), key="k").json() == first.json()


def test_other_content_under_a_known_number_is_a_conflict(till: Caller) -> None:
    till.post("/purchases", receipt())
    answer = till.post("/purchases", receipt(total_minor=1))
    assert answer.status_code == 409
    assert answer.json()["code"] == "other_content"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"currency": "EUR"}, "currency"),
        ({"bought_at": "2126-01-01T00:00:00Z"}, "bought_at"),
        ({"lines": []}, "lines"),
        ({"discount_minor": 10**9}, "discount_minor"),
    ],
)
def test_wrong_input_names_its_field(till: Caller, changes: Any, field: str) -> None:
    answer = till.post("/purchases", receipt(**changes))
    assert answer.status_code == 422, answer.content
    assert any(field in line["field"] for line in answer.json()["errors"])


def test_bulk_lines_are_answered_one_by_one(till: Caller) -> None:
    lines = [receipt("R1"), receipt("R2", currency="EUR"), receipt("R3"), {"number": "x"}]
    body = "\n".join(json.dumps(line) for line in lines)
    answer = till.client.post("/api/v1/purchases/bulk", body, content_type="application/x-ndjson")
    answers = [json.loads(line) for line in answer.content.decode().splitlines()]
    assert [line["status"] for line in answers] == [200, 422, 200, 422]
    assert Account.objects.get(unit__code="points", member__isnull=False).balance == 400


def test_returned_goods_take_their_share_of_points_back(till: Caller) -> None:
    till.post("/purchases", receipt(total_minor=999))
    entry = {
        "source": "till",
        "number": "B1",
        "purchase_source": "till",
        "purchase_number": "R1",
        "returned_at": "2026-03-02T10:00:00Z",
        "lines": [{"position": 1, "quantity_milli": 1000}],
    }
    first = till.post("/returns", entry)
    assert first.status_code == 201, first.content
    (member,) = first.json()["members"]
    left = {one["unit"]: one["balance"] for one in member["balances"]}
    assert left == {"points": 5, "status": 5}
    assert till.post("/returns", entry).json()["return_id"] == first.json()["return_id"]
    till.post("/returns", {**entry, "number": "B2"})
    assert Account.objects.get(unit__code="points", member__isnull=False).balance == 0
    assert Member.objects.get().visits == 0
    assert audit(NOW).mismatches == ()


def test_a_redemption_spends_once_and_can_be_undone(till: Caller) -> None:
    till.post("/purchases", receipt())
    number = Member.objects.get().number
    entry = {"key": "order-1", "member": number, "amount": 150}
    first = till.post("/redemptions", entry)
    assert first.status_code == 201, first.content
    assert till.post("/redemptions", entry).json() == first.json()
    assert till.post("/redemptions", {**entry, "amount": 10}).status_code == 409
    refused = till.post("/redemptions", {**entry, "key": "order-2"})
    assert (refused.status_code, refused.json()["code"]) == (422, "not_enough_points")
    undone = till.post(f"/redemptions/{first.json()['id']}/undo", {})
    assert undone.json()["undone_at"] is not None
    assert till.post("/redemptions/999999/undo", {}).status_code == 404
    assert till.post("/redemptions", {**entry, "member": "123"}).json()["code"] == "unknown_member"


def test_members_are_made_listed_and_read(till: Caller) -> None:
    anna = make.customer("Anna", card="A1")
    entry = {"program": "club", "customer": {"kind": "card", "value": "A1"}}
    made = till.post("/members", entry)
    assert made.status_code == 201, made.content
    assert till.post("/members", entry).json() == made.json()
    member = made.json()
    assert (member["customer_id"], member["next_tier"], member["missing"]) == (
        anna.pk,
        "silver",
        100,
    )
    assert till.get("/members", number=member["number"]).json()["items"] == [member]
    assert till.get(f"/members/{member['id']}").json() == member
    assert till.get(f"/members/{member['id']}/balances").json() == member["balances"]
    assert till.get("/members/999999").status_code == 404
    wrong = {"program": "nope", "customer": entry["customer"]}
    assert till.post("/members", wrong).json()["code"] == "unknown_program"
    nobody = {"program": "club", "customer": {"kind": "card", "value": "nobody"}}
    assert till.post("/members", nobody).status_code == 404


def test_programs_say_their_units_and_tiers(till: Caller) -> None:
    (program,) = till.get("/programs").json()
    assert [unit["code"] for unit in program["units"]] == ["points", "status"]
    assert [tier["qualifying_min"] for tier in program["tiers"]] == [100, 500]


def test_a_purchase_with_the_card_of_the_program_finds_its_member(till: Caller) -> None:
    till.post("/purchases", receipt())
    card = {"kind": "card", "value": Member.objects.get().number}
    answer = till.post("/purchases", receipt("R2", customer=card))
    assert answer.json()["receipts"][0]["balances"]["points"] == 400
    assert Member.objects.count() == 1


def test_points_that_paid_come_back_with_the_goods_and_terms_are_set(till: Caller) -> None:
    program = Program.objects.get()
    wrong = till.put(f"/programs/{program.pk}/terms", {"returns": "limited"})
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "debt_max")
    set_ = till.put(f"/programs/{program.pk}/terms", {"returns": "unlimited", "pending": "event"})
    assert set_.json()["terms"]["returns"] == "unlimited"
    till.post("/purchases", receipt())
    member = Member.objects.get()
    (points, _) = till.get(f"/members/{member.pk}/balances").json()
    assert (points["available"], points["pending"], points["debt"]) == (0, 200, 0)
    named = {"source": "till", "number": "R1"}
    stranger = {"source": "till", "number": "none"}
    done = till.post("/purchases/activate", {"purchases": [named, stranger]}).json()
    assert done == {"activated": 1, "unknown": [stranger]}
    body = {"key": "k", "member": member.number, "amount": 150}
    assert till.post("/redemptions", body).status_code == 201
    till.post("/purchases", receipt("R2", redemptions=["k"]))
    back = {
        "source": "till",
        "number": "B1",
        "purchase_source": "till",
        "purchase_number": "R2",
        "returned_at": "2026-03-02T12:00:00+03:00",
        "lines": [{"position": 1, "quantity_milli": 1000}],
    }
    (shown,) = till.post("/returns", back).json()["members"]
    assert shown["balances"][0] == points | {"balance": 225, "available": 125, "pending": 100} | {
        "worth_minor": 125
    }
    assert audit(NOW).mismatches == ()
    unknown = {**body, "key": "k2", "amount": 1, "purchase": stranger}
    assert till.post("/redemptions", unknown).json()["errors"][0]["field"] == "purchase"


def test_a_hold_is_captured_or_released_once(till: Caller) -> None:
    till.post("/purchases", receipt())
    member = Member.objects.get()
    body = {"key": "k", "member": member.number, "amount": 120}
    hold = till.post("/holds", body).json()
    assert till.post("/holds", body).json() == hold
    assert till.get(f"/members/{member.pk}/balances").json()[0]["held"] == 120
    captured = till.post(f"/holds/{hold['id']}/capture", {"amount": 100}).json()
    assert (captured["outcome"], captured["captured"]) == ("captured", 100)
    assert till.post(f"/holds/{hold['id']}/release", {}).status_code == 422
    other = till.post("/holds", {**body, "key": "k2", "amount": 101})
    assert (other.status_code, other.json()["errors"][0]["field"]) == (422, "amount")
    other = till.post("/holds", {**body, "key": "k2", "amount": 50}).json()
    assert till.get("/holds", open="true").json()["items"] == [other]
    assert till.post(f"/holds/{other['id']}/release", {}).json()["outcome"] == "released"
    assert till.get(f"/holds/{other['id']}").json()["redemption_id"] is None
    assert till.get("/holds", member_id=str(member.pk)).json()["items"][1] == captured
    assert audit(NOW).mismatches == ()
