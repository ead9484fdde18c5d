"""What is owed for vouchers and gift cards, and how it came about."""

from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from regulars.loyalty.models import Program


@dataclass(frozen=True)
class ValueLiability:
    """What was owed at the beginning of a time and at its end, and what moved it; minor units.

    Opening + issued + loaded + refunded - paid - expired - cancelled = closing.
    """

    opening_minor: int
    issued_minor: int
    loaded_minor: int
    refunded_minor: int
    paid_minor: int
    expired_minor: int
    cancelled_minor: int

    @property
    def closing_minor(self) -> int:
        """What is owed at the end."""
        added = self.issued_minor + self.loaded_minor + self.refunded_minor
        taken = self.paid_minor + self.expired_minor + self.cancelled_minor
        return self.opening_minor + added - taken


def liability_of(
    program: Program, kind: str, *, since: datetime, until: datetime
) -> ValueLiability:
    """The roll-forward of vouchers (`voucher`) or gift cards (`gift_card`) over [since, until).

    1 statement; the closing figure is the sum of all balances at that moment.
    """
    sums = {
        name: f"coalesce(sum(entry.amount_minor) FILTER (WHERE entry.kind = '{name}'"
        " AND entry.at >= %(since)s), 0)::bigint"
        for name in ("issue", "load", "refund", "capture", "expire", "cancel")
    }
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT coalesce(sum(CASE WHEN entry.kind IN ('issue', 'load', 'refund')
                    THEN entry.amount_minor::bigint ELSE -entry.amount_minor::bigint END)
                    FILTER (WHERE entry.at < %(since)s), 0)::bigint,
                {", ".join(sums.values())}
            FROM loyalty_valueentry entry
            JOIN loyalty_storedvalue value ON value.id = entry.value_id
            WHERE value.program_id = %(program)s AND value.kind = %(kind)s
                AND entry.at < %(until)s""",
            {"program": program.pk, "kind": kind, "since": since, "until": until},
        )
        return ValueLiability(*cursor.fetchone())
