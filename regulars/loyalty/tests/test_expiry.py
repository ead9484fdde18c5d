"""Expiry on the books: versions, rounding, prolonging by activity, and a job that may come late."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from regulars.company.models import Brand
from regulars.core.errors import Refused
from regulars.loyalty.actions import (
    RuleInput,
    UnitInput,
    expire_points,
    redeem_points,
    regroup_everywhere,
    take_purchases,
)
from regulars.loyalty.actions.prolonging import end_old_points, set_expiry
from regulars.loyalty.models import Account, Lot, Member, Program, Transfer, Unit
from regulars.loyalty.queries import audit
from regulars.loyalty.rules.dates import midnight, plus_months
from regulars.loyalty.rules.expiry import NEVER, Expiry, Life, last_usable_day
from regulars.loyalty.tests.test_api import Caller
from regulars.loyalty.tests.test_pages import signed_in
from tests import make
from tests.make import NOW

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
ROLLING = Expiry(kind="rolling", months=1)


def program(expiry: Expiry = NEVER, code: str = "club") -> Program:
    return make.program(
        code,
        units=(
            UnitInput("points", "Points", "spendable", worth_minor=1, expiry=expiry),
            UnitInput("status", "Status", "qualifying"),
        ),
        rules=(RuleInput("base", "Base", "share_of_purchase"),),
        tiers=(),
    )


def unit() -> Unit:
    return Unit.objects.get(code="points")


def buy(at: datetime, now: datetime | None = None, card: str = "1", points: int = 100) -> None:
    lines = [make.line(total_minor=points * 100)]
    take_purchases([make.receipt(card=card, lines=lines, bought_at=at)], now=now or at)


def ends() -> list[datetime | None]:
    return list(Lot.objects.order_by("pk").values_list("expires_at", flat=True))


def test_another_expiry_is_for_points_granted_from_then_on() -> None:
    program(Expiry(kind="months", months=1))
    buy(NOW)
    set_expiry(unit(), {"kind": "year_end"}, now=NOW + DAY)
    again = set_expiry(unit(), {"kind": "year_end"}, now=NOW + 2 * DAY)
    assert len(again.expiry) == 2
    buy(NOW + 3 * DAY)
    buy(NOW, now=NOW + 4 * DAY)
    month = midnight(plus_months(NOW.date(), 1) + DAY, UTC)
    assert ends() == [month, midnight(date(2027, 1, 1), UTC), month]


def test_expiry_that_is_switched_on_may_reach_points_without_an_end() -> None:
    program()
    buy(NOW)
    set_expiry(unit(), {"kind": "months", "months": 2}, now=NOW + 40 * DAY, reaches_old=True)
    assert (end_old_points(unit()), end_old_points(unit())) == (1, 0)
    buy(NOW + DAY, now=NOW + 41 * DAY)
    switched_on = Life(unit().life.versions[1:]).ends_at(NOW + 40 * DAY, UTC)
    assert ends() == [switched_on, switched_on]


def test_days_are_those_of_the_companys_zone_whatever_the_clocks_do() -> None:
    Brand.objects.update_or_create(defaults={"timezone": "Europe/Berlin"})
    berlin = ZoneInfo("Europe/Berlin")
    program(Expiry(kind="months", months=1, round_up="month"))
    buy(datetime(2026, 2, 10, 12, tzinfo=berlin))
    buy(datetime(2026, 9, 30, 23, 30, tzinfo=berlin))
    assert ends() == [
        datetime(2026, 3, 31, 22, tzinfo=UTC),
        datetime(2026, 10, 31, 23, tzinfo=UTC),
    ]


def test_buying_and_spending_prolong_what_is_alive() -> None:
    program(ROLLING)
    buy(NOW)
    member = Member.objects.get()
    redeem_points(member, 10, key="k", now=NOW + 10 * DAY)
    assert ends() == [midnight(plus_months((NOW + 10 * DAY).date(), 1) + DAY, UTC)]
    buy(NOW + 20 * DAY)
    assert len(set(ends())) == 1
    buy(NOW + 100 * DAY)
    assert len(set(ends())) == 2
    expire_points(now=NOW + 100 * DAY)
    assert Account.objects.get(member=member, unit__code="points").balance == 100
    assert audit(NOW + 100 * DAY).mismatches == ()


def test_a_purchase_that_comes_late_revives_nothing() -> None:
    balances = []
    for runs_before in (False, True):
        with transaction.atomic():
            program(ROLLING)
            buy(NOW)
            told_at = NOW + 60 * DAY
            if runs_before:
                expire_points(now=told_at)
            buy(NOW + 20 * DAY, now=told_at)
            expire_points(now=told_at)
            balances.append(Account.objects.get(member__isnull=False, unit__code="points").balance)
            assert audit(told_at).mismatches == ()
            transaction.set_rollback(True)
    assert balances == [0, 0]


def test_points_that_moved_with_a_merging_live_on_with_their_origin() -> None:
    program(ROLLING)
    for card in ("a", "b"):
        buy(NOW, card=card)
    one, other = (make.owner_of("card", card) for card in ("a", "b"))
    make.merged(one, other, now=NOW + DAY)
    regroup_everywhere([one.pk, other.pk], cause="merging:1", now=NOW + DAY)
    buy(NOW + 5 * DAY, card="b")
    assert len(set(ends())) == 1
    assert audit(NOW + 6 * DAY).mismatches == ()


def test_prolonging_takes_one_statement_however_many_members_buy() -> None:
    program(ROLLING)
    counts = []
    for batch, size in enumerate((2, 2, 20)):
        lines = [make.line(total_minor=100)]
        bought = [
            make.receipt(card=f"{batch}-{n}", lines=lines, bought_at=NOW) for n in range(size)
        ]
        with CaptureQueriesContext(connection) as statements:
            take_purchases(bought, now=NOW)
        counts.append(len(statements))
    assert counts[1] == counts[2]


LIVES = (
    Expiry(kind="months", months=1),
    Expiry(kind="months", months=1, round_up="quarter"),
    ROLLING,
    Expiry(kind="rolling", months=1, round_up="month"),
    Expiry(kind="year_end"),
)
acts = st.lists(
    st.tuples(st.sampled_from(("buy", "late", "spend")), st.sampled_from((1, 9, 25, 40))),
    max_size=8,
)
names = iter(range(10**9))


@settings(
    max_examples=15, phases=[Phase.generate], deadline=None, suppress_health_check=list(HealthCheck)
)
@given(st.sampled_from(LIVES), acts)
def test_a_late_or_repeated_run_gives_what_a_punctual_one_gives(
    expiry: Expiry, done: Sequence[tuple[str, int]]
) -> None:
    books = []
    for is_punctual in (True, False):
        with transaction.atomic():
            Program.objects.update(is_open=False)
            opened = program(expiry, code=f"late{next(names)}")
            books.append(_books(opened, done, is_punctual=is_punctual))
            transaction.set_rollback(True)
    assert books[0] == books[1]


def _books(
    opened: Program, done: Sequence[tuple[str, int]], *, is_punctual: bool
) -> list[tuple[Any, ...]]:
    """What expired when, and what is left, in the end."""
    now, end = NOW, NOW + 500 * DAY
    for place, (kind, days) in enumerate(done):
        for _ in range(days):
            now += DAY
            if is_punctual:
                expire_points(now=now)
        if kind == "spend":
            member = Member.objects.filter(program=opened).first()
            if member is not None:
                _spend(member, key=f"{opened.code}-{place}", now=now)
        else:
            buy(now - 20 * DAY if kind == "late" else now, now=now, card="x")
    for _ in range(2):
        expire_points(now=end)
    assert audit(end).mismatches == ()
    moved = Transfer.objects.filter(key__startswith="expiry:")
    expired = sorted(moved.values_list("at", "amount"))
    left = Account.objects.filter(member__program=opened).values_list("unit__code", "balance")
    return [*expired, *sorted(left)]


def _spend(member: Member, *, key: str, now: datetime) -> None:
    try:
        redeem_points(member, 30, key=key, now=now)
    except Refused:
        return


def test_by_api_with_the_field_that_is_wrong() -> None:
    program()
    till = Caller()
    path = f"/programs/{Program.objects.get().pk}/units"
    told = {"expiry": {"kind": "months", "months": 12, "round_up": "quarter"}}
    assert till.put(f"{path}/points/expiry", told).json()["expiry"]["round_up"] == "quarter"
    assert [len(one["versions"]) for one in till.get(path).json()] == [2, 0]
    for body, field in (
        ({"kind": "rolling"}, "months"),
        ({"kind": "months", "months": -1}, "months"),
        ({"kind": "fixed_dates"}, "table"),
    ):
        answer = till.put(f"{path}/points/expiry", {"expiry": body})
        assert answer.status_code == 422
        assert field in answer.content.decode()
    assert till.put(f"{path}/status/expiry", told).status_code == 422
    assert till.put(f"{path}/gems/expiry", told).status_code == 404


def test_the_leap_day_belongs_to_the_part_of_the_year_before_it() -> None:
    """A table with a gap from 28 February to 1 March does not make points immortal."""
    winter = {"from": "12-01", "to": "02-28", "expires": "04-01"}
    rest = {"from": "03-01", "to": "11-30", "expires": "12-24"}
    leap = {"from": "02-29", "to": "02-29", "expires": "06-01"}

    def last(*table: dict[str, str], on: date) -> date | None:
        told = Expiry.model_validate({"kind": "fixed_dates", "table": table})
        return last_usable_day(told, on)

    leap_day = date(2028, 2, 29)
    assert last(winter, rest, on=leap_day) == date(2028, 3, 31)
    assert last(winter, leap, rest, on=leap_day) == date(2028, 5, 31)
    assert last(rest, on=leap_day) is None


def test_by_page_as_sentences_in_both_languages() -> None:
    program(Expiry(kind="months", months=1))
    client = signed_in()
    edit = reverse("loyalty.edit_expiry", args=["club", "points"])
    assert client.post(edit, {"kind": "rolling"}).status_code == 422
    table = {"kind": "fixed_dates", "table": "01-01 06-30 12-31\nnonsense"}
    assert client.post(edit, table).status_code == 422
    assert client.post(edit, {"kind": "rolling", "months": "6"}).status_code == 302
    shown = reverse("loyalty.expiry", args=["club"])
    page = client.get(shown).content.decode()
    assert "Points live for 6 months after the latest purchase or spending." in page
    assert "Points live for 1 month." in page
    client.cookies["django_language"] = "ru"
    with translation.override("ru"):
        assert "после последней покупки или списания" in client.get(shown).content.decode()
