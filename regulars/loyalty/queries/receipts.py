"""Receipts that were given."""

import json
from collections.abc import Collection

from django.db import connection

from regulars.core.sql import cursor_for, int_array
from regulars.loyalty.models import Program
from regulars.loyalty.rules.receipts import Receipt, read


def receipts_of(program: Program, purchase_ids: Collection[int]) -> dict[int, Receipt]:
    """The receipts given for those of these purchases that are on the program's books."""
    with cursor_for(len(purchase_ids)) as cursor:
        cursor.execute(
            "SELECT purchase_id, receipt FROM loyalty_accrual"
            " WHERE purchase_id = ANY(%s::bigint[]) AND program_id = %s",
            [int_array(purchase_ids), program.pk],
        )
        return {bought: read(json.loads(kept)) for bought, kept in cursor.fetchall()}


def receipts_by_accrual(accrual_ids: Collection[int]) -> dict[int, Receipt]:
    """The receipts that were kept, by accrual; 1 statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, receipt FROM loyalty_accrual WHERE id = ANY(%s::bigint[])",
            [int_array(accrual_ids)],
        )
        return {row[0]: read(json.loads(row[1])) for row in cursor.fetchall()}
