"""Block keys are hashed anew, so that each tells whether it is of a weak kind."""

import json

from django.db import migrations

from regulars.core.sql import int_array
from regulars.customers.matching import Traits, block_keys, key_hash

CHUNK = 2_000


def hash_anew(apps, schema_editor):
    """All keys go and come again, with no comparing in between; then every record is due.

    A record compared while others still had old keys would lose the evidence it has with them.
    """
    last = 0
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("TRUNCATE customers_blockkey")
        while told := _told_after(cursor, last):
            rows = [
                (id_, key_hash(key))
                for id_, traits in told
                for key in block_keys(Traits(**json.loads(traits)))
            ]
            cursor.execute(
                """INSERT INTO customers_blockkey (customer_id, key)
                SELECT * FROM unnest(%s::bigint[], %s::bigint[]) ON CONFLICT DO NOTHING""",
                [int_array([row[0] for row in rows]), int_array([row[1] for row in rows])],
            )
            last = told[-1][0]
        cursor.execute("UPDATE customers_comparable SET due = true WHERE NOT due")


def _told_after(cursor, last):
    cursor.execute(
        """SELECT customer_id, traits::text FROM customers_comparable
        WHERE customer_id > %s ORDER BY customer_id LIMIT %s""",
        [last, CHUNK],
    )
    return cursor.fetchall()


class Migration(migrations.Migration):
    dependencies = [("customers", "0011_tenders_of_purchases")]

    operations = [migrations.RunPython(hash_anew, migrations.RunPython.noop)]
