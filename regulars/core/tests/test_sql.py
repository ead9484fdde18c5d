"""Plans that are kept, made once and not kept for ever; and arrays written as text."""

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from regulars.core import sql
from regulars.core.models import Delivery, Event
from regulars.core.sql import check_references, cursor_for, int_array, text_array, unawaited

ASK = "SELECT count(*) FROM seen WHERE number = ANY(%s::bigint[])"


def plan() -> str:
    """Asks as the product does; gives how the kept plan of that question reads the table."""
    with cursor_for(1) as cursor:
        cursor.execute(ASK, ["{1,2}"])
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM pg_prepared_statements WHERE statement LIKE '%FROM seen%'")
        (name,) = cursor.fetchone()
        cursor.execute(f"EXPLAIN EXECUTE {name}('{{1,2}}')")
        return "\n".join(row[0] for row in cursor.fetchall())


@pytest.mark.django_db
def test_a_plan_made_for_an_empty_table_does_not_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sql, "PLANS_LIVE_S", 60.0)
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE seen (number bigint PRIMARY KEY)")
        cursor.execute("ANALYZE seen")
        assert "Seq Scan" in plan()
        cursor.execute("INSERT INTO seen SELECT generate_series(1, 50000)")
    assert "Seq Scan" in plan()
    monkeypatch.setattr(sql, "PLANS_LIVE_S", 0.0)
    assert "Seq Scan" not in plan()


texts = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)))


@pytest.mark.django_db
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.none() | texts | st.sampled_from(("NULL", '"', "\\", '","', "{}"))))
@example(['a","b'])
@example([""])
@example(['"', ""])
def test_texts_come_out_as_they_went_in(values: list[str | None]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::text[]", [text_array(values)])
        assert cursor.fetchone()[0] == values


@pytest.mark.django_db
def test_whole_numbers_come_out_as_they_went_in() -> None:
    for values in ([], [1, None, -(2**63)], [0, 2**63 - 1]):
        with connection.cursor() as cursor:
            cursor.execute("SELECT %s::bigint[]", [int_array(values)])
            assert cursor.fetchone()[0] == values


def write_events(*numbers: int) -> None:
    with transaction.atomic(), unawaited(), connection.cursor() as cursor:
        for number in numbers:
            cursor.execute(
                "INSERT INTO core_event (id, name, body) VALUES (%s, 'unawaited', '{}')", [number]
            )


@pytest.mark.django_db(transaction=True)
def test_a_statement_that_nobody_awaits_fails_its_block_and_changes_nothing() -> None:
    with pytest.raises(IntegrityError):
        write_events(1, 1, 2)
    assert not Event.objects.filter(name="unawaited").exists()
    write_events(1, 2)
    assert Event.objects.filter(name="unawaited").count() == 2


@pytest.mark.django_db(transaction=True)
def test_references_are_checked_before_the_commit_when_asked() -> None:
    with transaction.atomic():
        Delivery.objects.create(event_id=-1, handler="nobody")
        with pytest.raises(IntegrityError):
            check_references()
        transaction.set_rollback(True)
