"""Warnings before a tier falls: each fall once, in time, behind the door, by page and API."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from regulars.channels.models import Message
from regulars.customers.actions import ConsentInput, CustomerRef, record_consents
from regulars.loyalty.actions import (
    end_given_tier,
    give_tier,
    judge_due_members,
    regroup_everywhere,
    take_purchases,
)
from regulars.loyalty.actions.warning import set_warnings, warn_of_falls, write_warnings
from regulars.loyalty.models import FallWarning, Ladder, Tier
from regulars.loyalty.tests.test_api import Caller
from regulars.loyalty.tests.test_ladders import YEARLY, at, buy, member, program
from regulars.loyalty.tests.test_pages import signed_in
from tests import make

pytestmark = pytest.mark.django_db
DAYS = 30
DAY = timedelta(days=1)
NEW_YEAR = datetime(2028, 1, 1, tzinfo=UTC)
"""When silver of 2026 ends: 2026 brought it, 2027 has to keep it."""


def ladder(**rules: object) -> Ladder:
    program(**{**YEARLY, **rules})
    return set_warnings(Ladder.objects.get(), DAYS)


def silver_of_2026(card: str = "111", points: int = 120) -> None:
    take_purchases([buy(at(2026, 4), points, card)], now=at(2026, 4))
    judge_due_members(now=at(2027, 6))


def warned() -> list[tuple[str, int, datetime, datetime]]:
    rows = FallWarning.objects.order_by("id").select_related("tier")
    return [(row.tier.code, row.missing, row.keep_by, row.falls_at) for row in rows]


def test_a_fall_is_told_once_and_in_time() -> None:
    ladder()
    silver_of_2026()
    take_purchases([buy(at(2027, 6), 30)], now=at(2027, 6))
    runs = [
        warn_of_falls(now=NEW_YEAR - days * DAY)
        for days in (DAYS + 1, DAYS, DAYS, DAYS - 1, DAYS / 2 - 1, 1)
    ]
    assert runs == [0, 1, 0, 0, 0, 0]
    assert warned() == [("silver", 70, NEW_YEAR, NEW_YEAR)]


def test_who_keeps_the_tier_hears_nothing() -> None:
    ladder()
    silver_of_2026()
    take_purchases([buy(at(2027, 6), 100)], now=at(2027, 6))
    assert warn_of_falls(now=NEW_YEAR - DAY) == 0


def test_grace_is_not_waited_for_and_brings_no_second_warning() -> None:
    ladder(grace_days=20)
    silver_of_2026()
    assert warn_of_falls(now=NEW_YEAR - DAYS * DAY) == 1
    judge_due_members(now=NEW_YEAR)
    assert warn_of_falls(now=NEW_YEAR + 5 * DAY) == 0
    assert warned() == [("silver", 100, NEW_YEAR, NEW_YEAR + 20 * DAY)]


def test_in_the_grace_the_end_of_the_grace_is_told() -> None:
    ladder(grace_days=20)
    silver_of_2026()
    judge_due_members(now=NEW_YEAR)
    assert warn_of_falls(now=NEW_YEAR + DAY) == 1
    ends = NEW_YEAR + 20 * DAY
    assert warned() == [("silver", 100, ends, ends)]


def test_a_tier_that_lasts_longer_is_not_threatened_by_the_period() -> None:
    ladder(minimum_months=30)
    silver_of_2026()
    assert warn_of_falls(now=NEW_YEAR - DAY) == 0
    judge_due_members(now=NEW_YEAR)
    later = datetime(2029, 1, 1, tzinfo=UTC)
    assert warn_of_falls(now=later - DAY) == 1
    assert warned() == [("silver", 100, later, later)]


def test_a_fall_that_moves_on_is_told_again_but_not_at_once() -> None:
    ladder(period="rolling_days", length=60, falls="at_once")
    take_purchases([buy(at(2026, 4), 100)], now=at(2026, 4))
    judge_due_members(now=at(2026, 5))
    first = member_falls()
    assert warn_of_falls(now=first - DAYS * DAY) == 1
    bought = first - (DAYS - 2) * DAY
    take_purchases([buy(bought, 100)], now=bought)
    moved = member_falls()
    assert warn_of_falls(now=moved - DAYS * DAY) == 1
    assert warn_of_falls(now=moved - DAY) == 0
    assert [row[3] for row in warned()] == [first, moved]


def member_falls() -> datetime:
    (row,) = Ladder.objects.raw("SELECT ladder_id AS id, valid_until FROM loyalty_ladderstanding")
    found = row.valid_until
    assert isinstance(found, datetime)
    return found


def test_a_tier_given_by_hand_just_ends() -> None:
    ladder()
    take_purchases([buy(at(2026, 4), 10)], now=at(2026, 4))
    gold = Tier.objects.get(code="gold")
    given = give_tier(member(), gold, key="g", reason="guest", now=at(2026, 5), to=at(2026, 8))
    assert warn_of_falls(now=at(2026, 8) - DAY) == 1
    assert warned() == [("gold", 0, at(2026, 8), at(2026, 8))]
    end_given_tier(given, now=at(2026, 7))
    assert warn_of_falls(now=at(2026, 7) + DAY) == 0


def test_records_that_are_merged_are_one_person() -> None:
    ladder()
    for card in ("a", "b"):
        silver_of_2026(card)
    a, b = member("a"), member("b")
    assert warn_of_falls(now=NEW_YEAR - DAYS * DAY) == 2
    make.merged(b.customer, a.customer)
    regroup_everywhere({a.customer_id, b.customer_id}, cause="m", now=NEW_YEAR - (DAYS - 1) * DAY)
    assert warn_of_falls(now=NEW_YEAR - DAY) == 0


def test_many_members_take_as_many_statements_as_few() -> None:
    ladder()
    counted = []
    for count in (1, 7):
        FallWarning.objects.all().delete()
        bought = [buy(at(2026, 4), 120, f"{count}-{n}") for n in range(count)]
        take_purchases(bought, now=at(2026, 4))
        judge_due_members(now=at(2027, 6))
        with CaptureQueriesContext(connection) as statements:
            assert warn_of_falls(now=NEW_YEAR - DAY) >= count
        counted.append(len(statements))
    assert counted[0] == counted[1]


def test_letters_pass_the_door_and_say_what_is_missing() -> None:
    ladder(basis="spend")
    agreed, silent = (make.customer(card=card, email=f"{card}@example.com") for card in "ab")
    agreed.language = "ru"
    agreed.save()
    no = ConsentInput(
        customer=CustomerRef("id", str(silent.pk)),
        purpose="loyalty",
        channel="email",
        state="refused",
        at=at(2026, 4),
        source="crm",
    )
    record_consents([no], now=at(2026, 4))
    for card in "ab":
        silver_of_2026(card)
    now = NEW_YEAR - DAYS * DAY
    assert warn_of_falls(now=now) == 2
    ids = list(FallWarning.objects.values_list("pk", flat=True))
    assert write_warnings(ids, now=now) == 1
    write_warnings(ids, now=now)
    letters = Message.objects.order_by("customer_id")
    assert [one.customer_id for one in letters] == [agreed.pk, silent.pk]
    assert [one.state for one in letters] == ["waiting", "refused"]
    assert "31 декабря 2027" in letters[0].text
    assert "чтобы сохранить" in letters[0].text
    assert "$3" in letters[1].text
    assert member("a").token in letters[0].text


def test_by_page_and_by_api() -> None:
    made = ladder()
    page, shown = signed_in(), reverse("loyalty.ladders", args=["club"])
    wrong = page.post(shown, {"warn-main-days": "900"})
    assert wrong.status_code == 422
    assert 'value="900"' in wrong.content.decode()
    assert page.post(shown, {"warn-main-days": "14"}).status_code == 302
    made.refresh_from_db()
    assert made.warns_days == 14
    till, path = Caller(), f"/programs/{made.program_id}/ladders/main/warnings"
    assert till.put(path, {"days": None}).json()["warns_days"] is None
    assert till.put(path, {"days": -1}).status_code == 422
    assert till.put(path.replace("main", "other"), {"days": 3}).status_code == 404
