"""The ledger browser: filters, sums, stories, seals, pages by number, and the export."""

import csv
import json
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from regulars.core.api.keys import create_key
from regulars.loyalty.actions import redeem_points, seal_transfers, take_purchases
from regulars.loyalty.actions.adjusting import AdjustmentInput, Asker, adjust_points
from regulars.loyalty.actions.handing import hand_over_points
from regulars.loyalty.models import Member, Program, Transfer
from regulars.loyalty.queries.entries import sealing_of, story_of
from regulars.loyalty.queries.ledger import POTS, Wanted, lines_of, sums_of
from tests import make
from tests.make import NOW

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def program() -> Program:
    made = make.program()
    Program.objects.update(handover_max=50, handover_day_max=50)
    store = make.store("A")
    for number, (card, days) in enumerate((("a", 9), ("b", 9), ("a", 0)), 1):
        bought = make.receipt(
            f"R{number}",
            card=card,
            lines=[make.line(total_minor=5_000)],
            bought_at=NOW - days * DAY,
            store_code=store.code if card == "a" else None,
        )
        take_purchases([bought], now=NOW - days * DAY)
    redeem_points(member("a"), 20, key="k", now=NOW, store_id=store.pk)
    told = AdjustmentInput("j", member("b").pk, "points", 7, "goodwill", "late parcel")
    adjust_points(made, [told], asker=Asker(), now=NOW)
    hand_over_points(member("a"), member("b"), 40, key="h", now=NOW)
    return Program.objects.get(pk=made.pk)


def member(card: str) -> Member:
    return Member.objects.select_related("program").get(customer=make.owner_of("card", card))


def found(program: Program, limit: int = 100, **told: object) -> list[int]:
    return [line.id for line in lines_of(program, Wanted(**told), limit=limit)]  # type: ignore[arg-type]


def test_every_filter_finds_what_a_plain_look_finds(program: Program) -> None:
    whole = lines_of(program, Wanted(), limit=100)
    assert [one.id for one in whole] == list(
        Transfer.objects.order_by("-id").values_list("pk", flat=True)
    )
    for pot in POTS:
        assert found(program, pot=pot) == [one.id for one in whole if one.pot == pot]
        both = [
            one.id
            for one in whole
            if one.pot == pot and member("b").number in {one.member, one.other}
        ]
        assert found(program, pot=pot, member=member("b").number) == both
    assert found(program, unit="status") == [one.id for one in whole if one.unit == "status"]
    assert found(program, rule="base") == [
        one.id for one in whole if one.rule == "Share of purchase"
    ]
    store = make.store("B").pk
    assert found(program, store_id=store) == []
    assert len(found(program, store_id=store - 1)) == len([1 for one in whole if one.store])
    since = [one.id for one in whole if one.recorded_at >= NOW]
    assert found(program, since=NOW) == since
    assert found(program, until=NOW) == [one.id for one in whole if one.id not in since]
    assert found(program, since=NOW + DAY) == []
    (first, *_) = [one for one in whole if one.key.startswith("accrual:")]
    assert first.id in found(program, key=first.key.rpartition(":")[0])
    assert found(program, key=first.key) == [first.id]
    assert found(program, key=first.key[:-3]) == []
    assert found(program, member="1") == found(program, unit="gold") == []


def test_sums_are_those_of_the_lines(program: Program) -> None:
    for told in ({}, {"pot": "issued"}, {"member": member("a").number}, {"since": NOW}):
        wanted = Wanted(**told)  # type: ignore[arg-type]
        lines = lines_of(program, wanted, limit=100)
        for one in sums_of(program, wanted):
            mine = [line for line in lines if line.pot == one.pot]
            assert one.transfers == len(mine)
            assert one.came == sum(line.amount for line in mine if line.is_in)
            assert one.went == sum(line.amount for line in mine if not line.is_in)
        assert {one.pot for one in sums_of(program, wanted)} == {line.pot for line in lines}


def test_pages_by_number_leave_nothing_out(program: Program) -> None:
    for told in ({}, {"pot": "issued"}, {"member": member("a").number}):
        wanted = Wanted(**told)  # type: ignore[arg-type]
        seen: list[int] = []
        while lines := lines_of(program, wanted, limit=2, before=seen[-1] if seen else None):
            seen += [line.id for line in lines]
        assert seen == found(program, **told)


def test_a_transfer_tells_its_story(program: Program) -> None:
    told = [story_of(one.pk) for one in Transfer.objects.filter(key__startswith="handover:")]
    assert sum(use.amount for story in told if story for use in story.used) == 40
    assert all(story and story.handover and story.made for story in told)
    first = Transfer.objects.filter(key__startswith="accrual:").earliest("id")
    story = story_of(first.pk)
    assert story is not None
    assert story.accrual is not None
    assert story.accrual.purchase.number == "R1"
    assert story.sealing is None


def test_a_change_behind_the_seal_shows(program: Program) -> None:
    newest = Transfer.objects.latest("id").pk
    assert seal_transfers(now=NOW, block=10**9) == 1
    sealing = sealing_of(newest)
    assert sealing is not None
    assert sealing.holds
    with connection.cursor() as cursor:
        cursor.execute("UPDATE loyalty_transfer SET amount = amount + 1 WHERE id = %s", [newest])
    assert sealing_of(newest) == replace(sealing, holds=False)


def test_pages(program: Program) -> None:
    client = Client()
    client.force_login(
        make.employee("loyalty_manager"), "allauth.account.auth_backends.AuthenticationBackend"
    )
    here = reverse("loyalty.ledger", args=["club"])
    told = client.get(here, {"pot": "adjusted"}).content.decode()
    moved = Transfer.objects.get(key__startswith="adjustment:")
    story = reverse("loyalty.ledger_entry", args=[moved.pk])
    assert story in told
    assert "late parcel" in client.get(story).content.decode()
    assert "No transfer is like this" in client.get(here, {"key": "nothing"}).content.decode()
    assert client.get(here, {"since": "yesterday"}).status_code == 422
    last = client.get(here, {"since": "0001-01-01", "until": "9999-12-31", "pot": "adjusted"})
    assert last.status_code == 200
    assert client.get(reverse("loyalty.ledger_entry", args=[10**9])).status_code == 404
    cashier = Client()
    cashier.force_login(
        make.employee("cashier"), "allauth.account.auth_backends.AuthenticationBackend"
    )
    assert cashier.get(here).status_code == 403


def test_the_api_gives_pages_and_files_that_agree(program: Program) -> None:
    key = create_key(name="Books", scopes=["loyalty:read"], now=NOW)
    head = {"Authorization": f"Bearer {key.secret}"}
    path = f"/api/v1/programs/{program.pk}/ledger"
    items: list[dict[str, object]] = []
    cursor: str | None = ""
    while cursor is not None:
        page = Client().get(f"{path}?limit=3&cursor={cursor}", headers=head).json()
        items += page["items"]
        cursor = page["next_cursor"]
    lines: list[dict[str, object]] = []
    more: str | None = ""
    while more is not None:
        answer = Client().get(f"{path}/file?limit=4&cursor={more}", headers=head)
        lines += [json.loads(line) for line in answer.content.splitlines()]
        more = answer.headers.get("Next-Cursor")
    assert lines == items
    table = Client().get(f"{path}/file?format=csv", headers=head).content.decode()
    assert [row["key"] for row in csv.DictReader(table.splitlines())] == [
        one["key"] for one in items
    ]
    wrong = Client().get(f"{path}?cursor=x", headers=head)
    assert wrong.status_code == 422
