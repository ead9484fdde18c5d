"""RFM scores of every customer, kept in PostgreSQL for pages that show one person or list many."""

from datetime import datetime, timedelta
from io import BytesIO
from typing import Any

from django.db import connection, transaction

from regulars.customers.actions.following import touch_customers
from regulars.insight.metrics import Tables
from regulars.insight.models import CustomerRfm
from regulars.insight.queries.company import company_today
from regulars.insight.queries.metrics import run_tables
from regulars.insight.rules.scope import Scope

COLUMNS = (
    "customer_id",
    "last_on",
    "recency_days",
    "frequency",
    "monetary_minor",
    "r",
    "f",
    "m",
    "segment",
)


AT_ONCE_MAX = 50_000
"""With more people than this, scores are made anew every ten minutes."""

TOLD_MAX = 50_000
"""When more people than this have other scores, segments are left to the next filling."""


def score_customers(*, now: datetime) -> int:
    """Scores every person who bought in two years, anew; says how many there are.

    Only rows that differ are written, in one transaction, so readers see the old scores or the
    new ones. Whoever has other quintiles than before is looked at again for segments.
    """
    today = company_today(now)
    scope = Scope(today - timedelta(days=1), today)
    scored = run_tables(lambda lake: _scores(lake, scope), ("purchases", "returns", "persons"))
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('regulars.rfm'))")
        _take(cursor, scored)
        cursor.execute(
            """DELETE FROM insight_customerrfm kept WHERE NOT EXISTS (
                SELECT FROM scored WHERE scored.customer_id = kept.customer_id)
            RETURNING customer_id"""
        )
        changed = [row[0] for row in cursor.fetchall()]
        cursor.execute(_DIFFERENT)
        changed += [row[0] for row in cursor.fetchall()]
        cursor.execute(_WRITE, [today])
        if len(changed) <= TOLD_MAX:
            touch_customers(changed, now=now)
        cursor.execute("SELECT count(*) FROM insight_customerrfm")
        return int(cursor.fetchone()[0])


def _take(cursor: Any, scored: Any) -> None:
    """The scores as a table of this transaction; rows never become objects of Python."""
    from pyarrow import csv  # slow to import

    cursor.execute("CREATE TEMP TABLE scored (LIKE insight_customerrfm) ON COMMIT DROP")
    cursor.execute("ALTER TABLE scored DROP COLUMN id, DROP COLUMN scored_on")
    options = csv.WriteOptions(include_header=False)
    with cursor.cursor.copy(f"COPY scored ({', '.join(COLUMNS)}) FROM STDIN (FORMAT csv)") as into:
        for batch in scored.select(list(COLUMNS)).to_batches(max_chunksize=100_000):
            text = BytesIO()
            csv.write_csv(batch, text, options)
            into.write(text.getvalue())
    cursor.execute("ANALYZE scored")


_DIFFERENT = """SELECT scored.customer_id FROM scored
    LEFT JOIN insight_customerrfm kept ON kept.customer_id = scored.customer_id
    WHERE (kept.segment, kept.r, kept.f, kept.m)
        IS DISTINCT FROM (scored.segment, scored.r, scored.f, scored.m)"""

# Sorted, so that all is read before the first row is written: row by row, a plan made for an empty
# table would look through all that it has written so far.
_WRITE = f"""INSERT INTO insight_customerrfm AS kept ({", ".join(COLUMNS)}, scored_on)
    SELECT {", ".join(f"scored.{name}" for name in COLUMNS)}, given.today
    FROM scored JOIN customers_customer customer ON customer.id = scored.customer_id
    CROSS JOIN (SELECT %s::date AS today) given
    WHERE NOT EXISTS (SELECT FROM insight_customerrfm same
        WHERE same.customer_id = scored.customer_id AND same.scored_on = given.today
        AND ({", ".join(f"same.{name}" for name in COLUMNS[1:])})
            = ({", ".join(f"scored.{name}" for name in COLUMNS[1:])}))
    ORDER BY scored.customer_id
    ON CONFLICT (customer_id) DO UPDATE SET scored_on = excluded.scored_on,
        {", ".join(f"{name} = excluded.{name}" for name in COLUMNS[1:])}"""


def is_scored_at_once() -> bool:
    """Whether so few people buy that scores are made anew with every purchase."""
    return not CustomerRfm.objects.order_by("pk")[AT_ONCE_MAX : AT_ONCE_MAX + 1].exists()


def _scores(lake: Tables, scope: Scope) -> Any:
    from regulars.insight.metrics.rfm import rfm_scores  # imports Ibis, which is slow

    return rfm_scores(lake, scope)
