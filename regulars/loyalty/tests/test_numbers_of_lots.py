"""Lots that had numbers of their own get those of their transfers, wherever they are named."""

from importlib import import_module

import pytest
from django.db import connection

from regulars.loyalty.queries import audit
from regulars.loyalty.tests.test_merging import Shop
from tests.make import NOW

NUMBERS = import_module("regulars.loyalty.migrations.0025_lots_numbered_as_their_transfers")

APART = """
CREATE TEMPORARY TABLE apart ON COMMIT DROP AS
    SELECT id, row_number() OVER (ORDER BY id) AS number FROM loyalty_lot;
SET LOCAL session_replication_role = replica;
UPDATE loyalty_lotuse use SET lot_id = -apart.number FROM apart WHERE apart.id = use.lot_id;
UPDATE loyalty_lot lot SET origin_id = -apart.number FROM apart WHERE apart.id = lot.origin_id;
UPDATE loyalty_shortfall one SET lot_id = -apart.number FROM apart WHERE apart.id = one.lot_id;
UPDATE loyalty_lot lot SET id = -apart.number FROM apart WHERE apart.id = lot.id;
UPDATE loyalty_lotuse SET lot_id = -lot_id;
UPDATE loyalty_lot SET origin_id = -origin_id;
UPDATE loyalty_shortfall SET lot_id = -lot_id;
UPDATE loyalty_lot SET id = -id;
SET LOCAL session_replication_role = origin;
"""
"""Numbers from one upwards, which are those of other lots' transfers too."""

TOLD = """
    SELECT 'lot', id, account_id, remaining, origin_id FROM loyalty_lot
    UNION ALL SELECT 'use', lot_id, transfer_id, amount, NULL FROM loyalty_lotuse
    UNION ALL SELECT 'shortfall', lot_id, owner_id, amount, NULL FROM loyalty_shortfall
    ORDER BY 1, 2, 3
"""

KEYS = """
    SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
    WHERE confrelid = 'loyalty_lot'::regclass OR conrelid = 'loyalty_lot'::regclass ORDER BY 1
"""


def rows(statement: str) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall())


@pytest.mark.django_db
def test_lots_get_the_numbers_of_their_transfers() -> None:
    shop = Shop()
    shop.buy("a", 30_000)
    shop.buy("b", 5_000)
    shop.merge("a", "b")
    shop.pay("b", 80)
    shop.part("b")
    shop.buy("c", 1_000)
    shop.merge("a", "c")
    told, keys = rows(TOLD), rows(KEYS)
    assert {row[0] for row in told} == {"lot", "use", "shortfall"}
    assert any(row[4] for row in told)
    operation = NUMBERS.Migration.operations[0].database_operations[0]
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(operation.reverse_sql)
        cursor.execute(APART)
        assert rows(TOLD) != told
        cursor.execute(operation.sql)
    assert rows(TOLD) == told
    assert rows(KEYS) == keys
    assert audit(NOW).mismatches == ()
