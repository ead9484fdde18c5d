"""Plans that are kept: made once, and not kept for ever."""

import pytest
from django.db import connection

from regulars.core import sql
from regulars.core.sql import cursor_for

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
