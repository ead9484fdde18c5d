"""A ledger of any size, made by a few statements, whose every row is right and sealed.

Each member has a hundred transfers: a gift for joining, then nine rounds of five receipts, each of
which brings points and status points, and one spending that takes four lots. Members take turns, so
that what belongs together lies far apart, as it does in a shop.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from regulars.cli.bench.posting import program_of_bench
from regulars.cli.console import speech
from regulars.company.models import Brand
from regulars.loyalty.actions import open_program, seal_transfers
from regulars.loyalty.models import Account, Program, Rule, Tier, Unit

ENTRIES = 100
"""Transfers of each member."""
ROUNDS, IN_ROUND, GIFT, SPENT = 9, 5, 10, 35
"""Rounds, receipts in each, points of a lot, points of a spending."""
FIRST_ACCOUNT = 1_000
"""Accounts of members begin after this number; the pots lie below."""

LOT = """CASE lot WHEN 0 THEN n ELSE
            (1 + (lot - 1) / %(in_round)s * 11 + (lot - 1) %% %(in_round)s * 2)
                * %(members)s::bigint + n END"""
"""The number of member n's lot: that of the transfer which granted it."""

STEPS = {
    "customers": """
        INSERT INTO customers_customer (id, name, name_ru, email, phone, gender, address,
            occupation, interests, traits, language, known_since)
        SELECT n, 'Customer ' || n, '', '', '', '', '', '', '[]', '{}', 'en', %(start)s
        FROM generate_series(1, %(members)s + %(probes)s) n""",
    "purchases": """
        INSERT INTO customers_purchase (id, source, number, customer_id, bought_at, total_minor,
            discount_minor, fingerprint, recorded_at)
        SELECT r * %(members)s + n, 'bench', r || '-' || n, n, %(start)s + r * interval '9 days',
            1000, 0, decode(md5(n::text), 'hex'), %(start)s + r * interval '9 days'
        FROM generate_series(0, %(receipts)s - 1) r, generate_series(1, %(members)s) n""",
    "members": """
        INSERT INTO loyalty_member (id, number, token, visits, joined_at, customer_id, program_id,
            tier_id)
        SELECT n, (100000000000 + n)::text, md5('token' || n), CASE WHEN n > %(members)s THEN 0 ELSE %(receipts)s END,
            %(start)s, n, %(program)s, (
                SELECT id FROM loyalty_tier WHERE program_id = %(program)s AND n <= %(members)s
                    AND qualifying_min <= %(receipts)s * (1 + n %% 100)
                ORDER BY qualifying_min DESC LIMIT 1)
        FROM generate_series(1, %(members)s + %(probes)s) n""",
    "accounts": """
        INSERT INTO loyalty_account (id, pot, balance, member_id, unit_id)
        SELECT %(first)s + side * %(all)s + n, '', CASE
                WHEN n > %(members)s THEN CASE side WHEN 0 THEN %(lots)s ELSE 0 END
                WHEN side = 1 THEN %(receipts)s * (1 + n %% 100)
                ELSE %(gift)s * (1 + %(receipts)s) - %(spent)s * %(rounds)s END,
            n, CASE side WHEN 0 THEN %(points)s ELSE %(status)s END
        FROM generate_series(0, 1) side, generate_series(1, %(all)s) n""",
    "accruals": """
        INSERT INTO loyalty_accrual (id, at, posted_at, purchase_id, member_id, program_id,
            active_from, receipt)
        SELECT r * %(members)s + n, %(start)s + r * interval '9 days',
            %(start)s + r * interval '9 days', r * %(members)s + n, n, %(program)s,
            %(start)s + r * interval '9 days', jsonb_build_object(
                'purchase_id', r * %(members)s + n, 'program', 'bench', 'member', (100000000000 + n)::text,
                'earned', jsonb_build_object('points', %(gift)s, 'status', 1 + n %% 100),
                'balances', jsonb_build_object('points', %(gift)s * r, 'status', r * (1 + n %% 100)),
                'tier', 'silver', 'next_tier', 'gold', 'missing', 100, 'awards', jsonb_build_array(
                    jsonb_build_array(%(base)s, 'points', %(gift)s, 1000),
                    jsonb_build_array(%(other)s, 'status', 1 + n %% 100, 1000)))
        FROM generate_series(0, %(receipts)s - 1) r, generate_series(1, %(members)s) n""",
    "redemptions": """
        INSERT INTO loyalty_redemption (id, key, amount, worth_minor, redeemed_at, member_id,
            unit_id)
        SELECT c * %(members)s + n, 'bench:' || c || ':' || n, %(spent)s, %(spent)s,
            %(start)s + (c * %(in_round)s + 5) * interval '9 days', n, %(points)s
        FROM generate_series(0, %(rounds)s - 1) c, generate_series(1, %(members)s) n""",
    "transfers": """
        INSERT INTO loyalty_transfer (id, key, source_id, target_id, amount, accrual_id, rule_id,
            redemption_id, at, recorded_at)
        SELECT e * %(members)s::bigint + n,
            CASE what WHEN 'gift' THEN 'joined:' || n || ':1'
                WHEN 'spent' THEN 'redemption:' || (c * %(members)s + n)
                ELSE 'accrual:' || ((c * %(in_round)s + p / 2) * %(members)s + n) || ':' || p %% 2 + 1
                END,
            CASE what WHEN 'spent' THEN %(first)s + n WHEN 'status' THEN %(status_issued)s
                ELSE %(issued)s END,
            CASE what WHEN 'spent' THEN %(redeemed)s WHEN 'status' THEN %(first)s + %(all)s + n
                ELSE %(first)s + n END,
            CASE what WHEN 'spent' THEN %(spent)s WHEN 'status' THEN 1 + n %% 100 ELSE %(gift)s END,
            CASE WHEN what IN ('points', 'status')
                THEN (c * %(in_round)s + p / 2) * %(members)s + n END,
            CASE what WHEN 'points' THEN %(base)s WHEN 'status' THEN %(other)s END,
            CASE what WHEN 'spent' THEN c * %(members)s + n END, at, at
        FROM generate_series(0, %(entries)s - 1) e
        CROSS JOIN LATERAL (SELECT (e - 1) / 11 AS c, (e - 1) %% 11 AS p) cycle
        CROSS JOIN LATERAL (SELECT CASE WHEN e = 0 THEN 'gift' WHEN p = 10 THEN 'spent'
            WHEN p %% 2 = 0 THEN 'points' ELSE 'status' END AS what,
            %(start)s + (c * %(in_round)s + p / 2) * interval '9 days' AS at) kind
        CROSS JOIN generate_series(1, %(members)s) n""",
    "transfers of probes": """
        INSERT INTO loyalty_transfer (id, key, source_id, target_id, amount, at, recorded_at)
        SELECT %(entries)s * %(members)s::bigint + lot * %(probes)s + n,
            'joined:' || %(members)s + n || ':' || lot + 1, %(issued)s,
            %(first)s + %(members)s + n, 1, %(start)s + lot * interval '1 hour', %(start)s
        FROM generate_series(0, %(lots)s - 1) lot, generate_series(1, %(probes)s) n""",
    "lots": f"""
        INSERT INTO loyalty_lot (id, account_id, granted, remaining, activates_at, expires_at)
        SELECT {LOT}, %(first)s + n, %(gift)s, least(%(gift)s, greatest(0,
                %(gift)s * (lot + 1) - %(spent)s * %(rounds)s)),
            %(start)s, %(start)s + lot * interval '9 days' + interval '5 years'
        FROM generate_series(0, %(receipts)s) lot, generate_series(1, %(members)s) n""",
    "lots of probes": """
        INSERT INTO loyalty_lot (id, account_id, granted, remaining, activates_at, expires_at)
        SELECT id, target_id, 1, 1, at, at + interval '5 years'
        FROM loyalty_transfer WHERE id > %(entries)s * %(members)s::bigint""",
    "uses of lots": f"""
        INSERT INTO loyalty_lotuse (lot_id, transfer_id, amount)
        SELECT {LOT}, 11 * (c + 1) * %(members)s::bigint + n,
            least(%(gift)s * (lot + 1), %(spent)s * (c + 1)) - greatest(%(gift)s * lot, %(spent)s * c)
        FROM generate_series(0, %(rounds)s - 1) c
        CROSS JOIN LATERAL generate_series(%(spent)s * c / %(gift)s,
            (%(spent)s * (c + 1) - 1) / %(gift)s) lot
        CROSS JOIN generate_series(1, %(members)s) n""",
}


def fill_books(*, members: int, probes: int, lots: int, start: datetime) -> Program:
    """A program with so many members and their transfers, and `probes` with so many lots each."""
    Brand.objects.get_or_create(pk=1, defaults={"name": "Bench"})
    program = open_program(program_of_bench(), now=start)
    told = _told(program) | {
        "members": members,
        "probes": probes,
        "all": members + probes,
        "lots": lots,
        "start": start,
        "receipts": ROUNDS * IN_ROUND,
        "rounds": ROUNDS,
        "in_round": IN_ROUND,
        "gift": GIFT,
        "spent": SPENT,
        "entries": ENTRIES,
        "first": FIRST_ACCOUNT,
    }
    with _without_indexes():
        for what, statement in STEPS.items():
            speech.print(f"making {what}")
            with transaction.atomic(), connection.cursor() as cursor:
                # Every row is made right, which the audit proves; to look each one up takes as long again.
                cursor.execute("SET LOCAL session_replication_role = replica")
                cursor.execute(statement, told)
    _count_on()
    return program


LARGE = (
    *("customers_purchase", "loyalty_accrual", "loyalty_redemption", "loyalty_transfer"),
    *("loyalty_lot", "loyalty_lotuse"),
)

INDEXES = """
    SELECT CASE WHEN made.oid IS NULL THEN 'DROP INDEX ' || known.indexrelid::regclass
            ELSE format('ALTER TABLE %%s DROP CONSTRAINT %%I', known.indrelid::regclass, made.conname)
        END,
        CASE WHEN made.oid IS NULL THEN pg_get_indexdef(known.indexrelid)
            ELSE format('ALTER TABLE %%s ADD CONSTRAINT %%I %%s', known.indrelid::regclass,
                made.conname, pg_get_constraintdef(made.oid)) END
    FROM pg_index known LEFT JOIN pg_constraint made ON made.conindid = known.indexrelid
        AND made.contype = 'u'
    WHERE NOT known.indisprimary AND known.indrelid = ANY(%s::text[]::regclass[])
"""
"""How each index of the large tables is dropped, and made again."""


@contextmanager
def _without_indexes() -> Iterator[None]:
    """Rows are written first and indexed afterwards, which is several times as fast."""
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = off")
        cursor.execute(INDEXES, [list(LARGE)])
        statements = cursor.fetchall()
        for drop, _ in statements:
            cursor.execute(drop)
        yield
        for number, (_, make) in enumerate(statements, 1):
            speech.print(f"making index {number} of {len(statements)}")
            cursor.execute(make)
        cursor.execute("RESET synchronous_commit")


def _told(program: Program) -> dict[str, Any]:
    units = {unit.code: unit.pk for unit in Unit.objects.filter(program=program)}
    rules = {rule.code: rule.pk for rule in Rule.objects.filter(program=program)}
    pots = {(one.unit_id, one.pot): one.pk for one in Account.objects.filter(unit__program=program)}
    assert Tier.objects.filter(program=program).exists()
    return {
        "program": program.pk,
        "points": units["points"],
        "status": units["status"],
        "base": rules["base"],
        "other": rules["status"],
        "issued": pots[units["points"], "issued"],
        "redeemed": pots[units["points"], "redeemed"],
        "status_issued": pots[units["status"], "issued"],
    }


def _count_on() -> None:
    """Have the numbers of new rows begin after those that were given, and the planner know the tables."""
    tables = (
        *("customers_customer", "customers_purchase", "loyalty_member", "loyalty_account"),
        *("loyalty_accrual", "loyalty_redemption", "loyalty_transfer"),
    )
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(
                f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}"
            )
        cursor.execute("ANALYZE" if connection.in_atomic_block else "VACUUM ANALYZE")


def seal_books(*, now: datetime) -> int:
    """Seal every transfer; gives the number of blocks."""
    return seal_transfers(now=now)
