"""RFM scores of every customer, kept in PostgreSQL for pages that show one person or list many."""

from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from regulars.insight.metrics import Tables
from regulars.insight.models import CustomerRfm
from regulars.insight.queries.company import company_today
from regulars.insight.queries.metrics import run_expression
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


def score_customers(*, now: datetime) -> int:
    """Scores every person who bought in two years, anew; says how many there are.

    The table is exchanged in one transaction, so readers see the old scores or the new ones.
    """
    today = company_today(now)
    scope = Scope(today - timedelta(days=1), today)
    rows = run_expression(_scores, ("purchases", "returns", "persons"), scope)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('regulars.rfm'))")
        cursor.execute("CREATE TEMP TABLE scored (LIKE insight_customerrfm) ON COMMIT DROP")
        cursor.execute("ALTER TABLE scored DROP COLUMN id")
        with cursor.cursor.copy(
            f"COPY scored ({', '.join(COLUMNS)}, scored_on) FROM STDIN"
        ) as into:
            for row in rows:
                into.write_row([*(row[name] for name in COLUMNS), today])
        CustomerRfm.objects.all().delete()
        names = f"{', '.join(COLUMNS)}, scored_on"
        cursor.execute(
            f"INSERT INTO insight_customerrfm ({names}) SELECT {names} FROM scored"
            " WHERE customer_id IN (SELECT id FROM customers_customer)"
        )
        return int(cursor.rowcount)


def _scores(lake: Tables, scope: Scope) -> Any:
    from regulars.insight.metrics.rfm import rfm_scores  # imports Ibis, which is slow

    return rfm_scores(lake, scope)
