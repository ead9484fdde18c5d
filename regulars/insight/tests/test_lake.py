"""The lake holds what PostgreSQL holds: once, whatever dies and however often it runs."""

import threading
from datetime import UTC, datetime, timedelta

import duckdb
import pytest
from django.db import connection, connections, transaction

from regulars.customers.actions import void_purchases
from regulars.customers.models import Line, Purchase
from regulars.insight.actions.lake import (
    check_lake,
    refresh_lake,
    rewrite_fact,
    rewrite_purchases,
    wish_for,
)
from regulars.insight.lake import export
from regulars.insight.lake.files import lake_folder
from regulars.insight.models import LakeFact, LakePart
from tests import make

NOW = make.NOW


def in_lake(fact: str, column: str = "total_minor") -> tuple[int, int]:
    """Rows and a sum, read from every file in the fact's folder by name."""
    folder = lake_folder() / fact
    if not any(folder.rglob("*.parquet")):
        return 0, 0
    found = duckdb.sql(
        f"SELECT count(*), coalesce(sum({column}), 0) FROM read_parquet('{folder}/**/*.parquet')"
    ).fetchall()
    return int(found[0][0]), int(found[0][1])


def in_database(model: type = Purchase) -> tuple[int, int]:
    rows = model.objects.all()
    rows = (
        rows.filter(voided_at=None) if model is Purchase else rows.filter(purchase__voided_at=None)
    )
    return rows.count(), sum(rows.values_list("total_minor", flat=True))


def buy(count: int, *, days: int = 0) -> list[int]:
    """Purchases of ten different amounts, spread over the days before now."""
    return [
        make.purchase(
            lines=(make.line("milk", 100 + at), make.line("bread", 7)),
            card=f"c{at % 5}",
            store_code=f"s{at % 2}",
            bought_at=NOW - timedelta(days=days * at / count),
        ).purchase_id
        for at in range(count)
    ]


def refresh() -> dict[str, int]:
    return {one.fact: one.rows for one in refresh_lake(now=NOW)}


@pytest.mark.django_db(transaction=True)
def test_sums_in_the_lake_equal_sums_in_the_database():
    buy(30, days=100)
    written = refresh()
    assert written["purchases"] == 30
    assert in_lake("purchases") == in_database()
    assert in_lake("lines") == in_database(Line)
    months = {path.parent.name for path in (lake_folder() / "purchases").rglob("*.parquet")}
    assert {"month=2026-03", "month=2026-02"} <= months


@pytest.mark.django_db(transaction=True)
def test_a_second_run_changes_nothing():
    buy(5)
    refresh()
    versions = dict(LakeFact.objects.values_list("name", "version"))
    assert set(refresh().values()) == {0}
    assert dict(LakeFact.objects.values_list("name", "version")) == versions
    assert in_lake("purchases") == in_database()


@pytest.mark.django_db(transaction=True)
def test_new_rows_are_added_and_small_files_become_one(monkeypatch):
    monkeypatch.setattr(export, "PARTS_MAX", 3)
    for _ in range(6):
        buy(1)
        refresh()
        assert in_lake("purchases") == in_database()
    assert LakePart.objects.filter(fact="purchases").count() <= 3


@pytest.mark.django_db(transaction=True)
def test_a_first_export_goes_in_slices(monkeypatch):
    buy(20, days=40)
    # The first slice ends among the lines, wherever their ids begin.
    monkeypatch.setattr(export, "SLICE", Line.objects.order_by("id")[10].pk)
    refresh()
    assert in_lake("lines") == in_database(Line)
    assert check_lake() == {}


class Killed(Exception):
    pass


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("moment", ["_advance", "_replace"])
def test_a_run_that_dies_between_files_and_watermark_harms_nothing(monkeypatch, moment):
    buy(4)
    refresh()
    buy(4)

    whole = getattr(export, moment)

    def die(first, *rest, **named):
        if first.name == "lines":
            raise Killed
        return whole(first, *rest, **named)

    with monkeypatch.context() as broken:
        broken.setattr(export, moment, die)
        with pytest.raises(Killed):
            refresh()
    orphans = {str(path) for path in lake_folder().rglob("*.parquet")} - {
        str(lake_folder() / path) for path in LakePart.objects.values_list("path", flat=True)
    }
    assert orphans, "the run died after it had written"
    refresh()
    assert in_lake("purchases") == in_database()
    assert in_lake("lines") == in_database(Line)


@pytest.mark.django_db(transaction=True)
def test_an_id_that_appears_late_is_not_lost():
    """One transaction takes an id and commits after another that took a later one."""
    taken, may_commit = threading.Event(), threading.Event()

    def slow_till() -> None:
        with transaction.atomic():
            make.purchase("slow", lines=(make.line("milk", 999),))
            taken.set()
            may_commit.wait(10)
        connections["default"].close()

    make.purchase("first", lines=(make.line("milk", 1),))
    thread = threading.Thread(target=slow_till)
    thread.start()
    assert taken.wait(10)
    make.purchase("fast", lines=(make.line("bread", 5),))
    refresh()
    assert in_lake("purchases") == (2, 6)
    slow_state = LakeFact.objects.get(name="purchases")
    assert slow_state.settled_id < Purchase.objects.get(number="fast").pk
    may_commit.set()
    thread.join()
    refresh()
    assert in_lake("purchases") == (3, 1005)
    refresh()
    settled = LakeFact.objects.get(name="purchases").settled_id
    assert settled == Purchase.objects.latest("id").pk
    assert in_lake("purchases") == (3, 1005)


@pytest.mark.django_db(transaction=True)
def test_voided_purchases_leave_the_lake():
    ids = buy(10, days=60)
    refresh()
    void_purchases(ids[::3], now=NOW)
    rewrite_purchases(ids[::3])
    refresh()
    assert in_lake("purchases") == in_database()
    assert in_lake("lines") == in_database(Line)
    assert in_lake("purchases")[0] == 6


@pytest.mark.django_db(transaction=True)
def test_the_check_finds_what_no_event_told_of():
    ids = buy(6)
    refresh()
    Purchase.objects.filter(pk=ids[0]).update(voided_at=NOW)
    assert check_lake() == {"purchases": ["2026-03"], "lines": ["2026-03"]}
    refresh()
    assert check_lake() == {}
    assert in_lake("purchases") == in_database()


@pytest.mark.django_db(transaction=True)
def test_months_follow_the_company_s_time_zone():
    from regulars.company.models import Brand

    at = datetime(2026, 3, 1, 3, tzinfo=UTC)
    make.purchase(bought_at=at)
    refresh()
    assert LakePart.objects.get(fact="purchases").month == "2026-03"
    Brand.objects.update_or_create(pk=1, defaults={"name": "x", "timezone": "America/Chicago"})
    refresh()
    assert LakePart.objects.get(fact="purchases").month == "2026-02"
    assert in_lake("purchases") == in_database()


@pytest.mark.django_db(transaction=True)
def test_many_wishes_are_one_run():
    assert [wish_for("trade") for _ in range(50)] == [True] + [False] * 49


@pytest.mark.django_db(transaction=True)
def test_removed_rows_leave_after_a_rewrite():
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO feedback_signal (cause, method, channel, at, measure, native_score, share,"
            " text, language, is_unhappy, sample) SELECT 'g' || n, 'survey', 'web', %s, 'nps', 9,"
            " 0.9, '', 'en', false, n %% 2 = 0 FROM generate_series(1, 10) n",
            [NOW],
        )
        refresh()
        assert in_lake("signals", "native_score") == (10, 90)
        cursor.execute("DELETE FROM feedback_signal WHERE sample")
    rewrite_fact("signals")
    refresh()
    assert in_lake("signals", "native_score") == (5, 45)
