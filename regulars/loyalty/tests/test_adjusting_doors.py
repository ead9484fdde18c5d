"""Adjustments through the API and the pages, by who may and who may not."""

import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from regulars.core.api.keys import create_key
from regulars.loyalty.models import Account, Adjustment, Member, Program
from tests import make
from tests.make import NOW

pytestmark = pytest.mark.django_db
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


def signed(role: str) -> Client:
    client = Client()
    client.force_login(make.employee(role), BACKEND)
    return client


@pytest.fixture
def member() -> Member:
    return make.member(points=50, card="A1")


def balance() -> int:
    return Account.objects.get(member__isnull=False, unit__code="points").balance or 0


def test_a_batch_is_answered_line_by_line(member: Member) -> None:
    key = create_key(name="Help desk", scopes=["loyalty:write", "loyalty:read"], now=NOW)
    head = {"Authorization": f"Bearer {key.secret}"}
    good = {"key": "a", "member": member.number, "unit": "points", "amount": 20}
    lines: list[Any] = [
        good | {"reason": "goodwill"},
        good | {"key": "b", "reason": "goodwill", "amount": -71},
        good | {"key": "c", "reason": "because"},
        good | {"key": "d", "reason": "goodwill", "member": "1"},
        good | {"key": "e", "reason": "goodwill", "amount": "much"},
        good | {"reason": "correction"},
    ]
    body = "".join(f"{json.dumps(line)}\n" for line in lines)
    answer = Client().post(
        "/api/v1/adjustments/bulk", body, content_type="application/x-ndjson", headers=head
    )
    told = [json.loads(line) for line in answer.content.splitlines()]
    assert [one["status"] for one in told] == [200, 422, 422, 422, 422, 409]
    assert [one.get("code", "") for one in told][1:4] == [
        "not_enough_points",
        "unknown_reason",
        "unknown_member",
    ]
    assert balance() == 70
    listed = Client().get(f"/api/v1/adjustments?member_id={member.pk}", headers=head).json()
    assert [one["key"] for one in listed["items"]] == ["a"]
    one = Client().get(f"/api/v1/adjustments/{listed['items'][0]['id']}", headers=head).json()
    assert one == listed["items"][0]


def test_limits_are_set_by_api_and_page(member: Member) -> None:
    key = create_key(name="Desk", scopes=["loyalty:write", "loyalty:read"], now=NOW)
    head = {"Authorization": f"Bearer {key.secret}", "Idempotency-Key": "1"}
    path = f"/api/v1/programs/{member.program_id}/limits"
    asked = {"adjust_max": 500}
    put = Client().put(path, asked, content_type="application/json", headers=head)
    assert put.json()["adjust_max"] == Client().get(path, headers=head).json()["adjust_max"] == 500
    manager = signed("loyalty_manager")
    page = reverse("loyalty.limits", args=["club"])
    told = {"handover_max": 20, "handover_day_max": 30}
    assert manager.post(page, told | {"adjust_max": "-1"}).status_code == 422
    assert manager.post(page, told | {"adjust_max": "40"}).status_code == 302
    program = Program.objects.get()
    limits = program.adjust_max, program.handover_max, program.handover_day_max
    assert limits == (40, 20, 30)


def test_a_member_is_adjusted_from_the_wallet_and_a_second_press_is_harmless(
    member: Member,
) -> None:
    desk = signed("support_lead")
    wallet = desk.get(reverse("loyalty.wallet", args=[member.customer_id])).content.decode()
    page = reverse("loyalty.adjust", args=[member.pk])
    assert page in wallet
    assert (
        page
        not in signed("agent")
        .get(reverse("loyalty.wallet", args=[member.customer_id]))
        .content.decode()
    )
    told = {"unit": "points", "way": "give", "amount": "7", "reason": "goodwill", "key": "k"}
    for _ in range(2):
        assert desk.post(page, told).status_code == 302
    assert balance() == 57
    taken = desk.post(page, told | {"way": "take", "amount": "58", "key": "l"})
    assert taken.status_code == 422
    assert "There are not enough points for that." in taken.content.decode()
    nameless = desk.post(page, told | {"reason": "other", "key": "m"})
    assert "Say in the note what the reason is." in nameless.content.decode()
    assert balance() == 57


def test_a_colleague_decides_what_waits(member: Member) -> None:
    Program.objects.update(adjust_max=5)
    desk, manager = signed("support_lead"), signed("loyalty_manager")
    told = {"unit": "points", "way": "give", "amount": "6", "reason": "missing", "note": "R 5"}
    for key in ("k", "l"):
        desk.post(reverse("loyalty.adjust", args=[member.pk]), told | {"key": key})
    assert balance() == 50
    waiting = reverse("loyalty.adjustments", args=["club"])
    assert "R 5" in manager.get(waiting).content.decode()
    first, second = Adjustment.objects.order_by("id")
    decide = "loyalty.decide_adjustment"
    assert desk.post(reverse(decide, args=[first.pk]), {"act": "approve"}).status_code == 403
    manager.post(reverse(decide, args=[first.pk]), {"act": "approve"})
    manager.post(reverse(decide, args=[second.pk]), {"act": "decline"})
    assert balance() == 56
    states = Adjustment.objects.order_by("id").values_list("state", flat=True)
    assert list(states) == ["done", "declined"]
    listed = manager.get(f"{waiting}?show=all").content.decode()
    assert "Declined" in listed
    own = {"act": "approve"}
    manager.post(reverse("loyalty.adjust", args=[member.pk]), told | {"key": "m"})
    manager.post(reverse(decide, args=[Adjustment.objects.latest("id").pk]), own)
    assert balance() == 56
