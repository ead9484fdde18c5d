"""What tills write by the hundred: one look at what the rows name a statement.

A foreign key looks at each row by itself and locks what it finds, so that all tills mark the same few
rows: the program, its pots and its rules. What is named can neither leave nor change its number.
"""

import django.db.models.deletion
from django.db import migrations, models

LOOK = """
CREATE FUNCTION {table}_has_its_ends() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF {missing} THEN
        RAISE foreign_key_violation USING MESSAGE = '{words}', CONSTRAINT = '{name}',
            TABLE = '{table}';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER {name} AFTER INSERT ON {table}
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION {table}_has_its_ends();
"""

MISSING = """EXISTS (
        SELECT FROM (SELECT DISTINCT {column} AS id FROM added WHERE {column} IS NOT NULL) named
        LEFT JOIN {parent} parent ON parent.id = named.id WHERE parent.id IS NULL
    )"""

STAYS = """
CREATE TRIGGER nothing_leaves_the_ledger BEFORE DELETE OR UPDATE OF id ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION loyalty_nothing_leaves();
"""

PARENTS = (
    "loyalty_account",
    "loyalty_accrual",
    "loyalty_rule",
    "loyalty_program",
    "loyalty_member",
)
TRANSFERS = {
    "source_id": "loyalty_account",
    "target_id": "loyalty_account",
    "accrual_id": "loyalty_accrual",
    "rule_id": "loyalty_rule",
}
ACCRUALS = {"program_id": "loyalty_program", "member_id": "loyalty_member"}
LOTS = {"account_id": "loyalty_account", "transfer_id": "loyalty_transfer"}


def looked_at(table, ends, *, name, words):
    missing = " OR ".join(MISSING.format(column=one, parent=ends[one]) for one in ends)
    return LOOK.format(table=table, missing=missing, name=name, words=words)


STAYS_WITH = """
CREATE TRIGGER {name} BEFORE UPDATE OF {columns} ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION loyalty_stays_where_it_is();
"""

WATCHED = (
    looked_at(
        "loyalty_transfer",
        TRANSFERS,
        name="a_transfer_has_its_ends",
        words="a transfer is between accounts, of a receipt and by a rule that exist",
    )
    + """
CREATE TRIGGER a_changed_transfer_has_its_ends AFTER UPDATE ON loyalty_transfer
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION loyalty_transfer_has_its_ends();
CREATE FUNCTION loyalty_stays_where_it_is() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE foreign_key_violation USING MESSAGE = 'what is on the books stays where it was written',
        CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
END $$;
"""
    + looked_at(
        "loyalty_lot",
        LOTS,
        name="a_lot_has_its_account_and_transfer",
        words="a lot is of an account and of a transfer that exist",
    )
    + looked_at(
        "loyalty_accrual",
        ACCRUALS,
        name="an_accrual_has_its_program_and_member",
        words="an accrual is of a program and of a member that exist",
    )
    + STAYS_WITH.format(name="a_lot_stays", columns=", ".join(LOTS), table="loyalty_lot")
    + STAYS_WITH.format(
        name="an_accrual_stays", columns=", ".join(ACCRUALS), table="loyalty_accrual"
    )
    + "".join(STAYS.format(table=one) for one in PARENTS)
)

UNWATCHED = (
    "".join(f"DROP TRIGGER nothing_leaves_the_ledger ON {one};" for one in PARENTS)
    + """
DROP TRIGGER an_accrual_stays ON loyalty_accrual;
DROP TRIGGER a_lot_stays ON loyalty_lot;
DROP FUNCTION loyalty_stays_where_it_is();
DROP TRIGGER an_accrual_has_its_program_and_member ON loyalty_accrual;
DROP FUNCTION loyalty_accrual_has_its_ends();
DROP TRIGGER a_lot_has_its_account_and_transfer ON loyalty_lot;
DROP FUNCTION loyalty_lot_has_its_ends();
DROP TRIGGER a_changed_transfer_has_its_ends ON loyalty_transfer;
DROP TRIGGER a_transfer_has_its_ends ON loyalty_transfer;
DROP FUNCTION loyalty_transfer_has_its_ends();
"""
)


def end(to, kind=models.ForeignKey, **told):
    return kind(
        db_constraint=False,
        on_delete=django.db.models.deletion.PROTECT,
        related_name="+",
        to=to,
        **told,
    )


class Migration(migrations.Migration):
    dependencies = [("loyalty", "0022_orders_keep_their_partner")]

    operations = [
        migrations.AlterField("accrual", "program", end("loyalty.program", db_index=False)),
        migrations.AlterField("accrual", "member", end("loyalty.member")),
        migrations.AlterField("transfer", "source", end("loyalty.account", db_index=False)),
        migrations.AlterField("transfer", "target", end("loyalty.account", db_index=False)),
        migrations.AlterField("transfer", "accrual", end("loyalty.accrual", null=True)),
        migrations.AlterField("transfer", "rule", end("loyalty.rule", db_index=False, null=True)),
        migrations.AlterField("lot", "account", end("loyalty.account", db_index=False)),
        migrations.AlterField("lot", "transfer", end("loyalty.transfer", models.OneToOneField)),
        migrations.RunSQL(WATCHED, UNWATCHED),
    ]
