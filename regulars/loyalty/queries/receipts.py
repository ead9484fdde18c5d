"""Receipts that were given."""

import json
from collections.abc import Collection

from django.db import connection

from regulars.core.sql import int_array
from regulars.loyalty.models import Program
from regulars.loyalty.rules.receipts import Receipt, read


def receipts_of(program: Program, purchase_ids: Collection[int]) -> dict[int, Receipt]:
    """The receipts given for those of these purchases that are on the program's books."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT purchase_id, receipt FROM loyalty_accrual"
            " WHERE purchase_id = ANY(%s::bigint[]) AND program_id = %s",
            [int_array(purchase_ids), program.pk],
        )
        return {bought: read(json.loads(kept)) for bought, kept in cursor.fetchall()}
