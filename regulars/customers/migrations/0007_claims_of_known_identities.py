"""Records that are known already claim the identities that point to them."""

from django.db import migrations

CLAIM = """
INSERT INTO customers_claim (identity_id, customer_id, source, said_at, work_id)
SELECT identity.id, identity.customer_id, coalesce((SELECT substr(min(own.kind), 4)
    FROM customers_identity own WHERE own.customer_id = identity.customer_id
    AND own.kind LIKE 'id@%'), ''), now(), identity.work_id
FROM customers_identity identity
WHERE EXISTS (SELECT FROM customers_sourcerecord WHERE customer_id = identity.customer_id)
ON CONFLICT DO NOTHING
"""
STAND_FOR = """
INSERT INTO customers_identity (kind, value, customer_id, work_id)
SELECT DISTINCT ON (source, outside_id) 'record@' || source, outside_id, customer_id, work_id
FROM customers_sourcerecord record
WHERE NOT EXISTS (SELECT FROM customers_identity
    WHERE kind = 'id@' || record.source AND value = record.outside_id)
ORDER BY source, outside_id, id DESC
ON CONFLICT DO NOTHING
"""


class Migration(migrations.Migration):
    dependencies = [("customers", "0006_claims_and_evidence")]

    operations = [
        migrations.RunSQL(CLAIM, migrations.RunSQL.noop),
        migrations.RunSQL(STAND_FOR, migrations.RunSQL.noop),
    ]
