"""Whatever is changed by hand, the fast audit says the same as all its checks done the long way."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import timedelta
from random import Random

import pytest
from django.db import IntegrityError, connection, transaction

from regulars.loyalty.actions import (
    redeem_points,
    reverse_purchases,
    seal_transfers,
    take_purchases,
    undo_redemption,
)
from regulars.loyalty.actions.holding import capture_hold, hold_points
from regulars.loyalty.models import Member
from regulars.loyalty.queries import audit, auditing, auditing_books, auditing_uses
from regulars.loyalty.queries.auditing import CHECKS
from tests import make
from tests.make import NOW

pytestmark = pytest.mark.django_db

TRIES = max(int(os.environ.get("REGULARS_HISTORIES", "200")) // 200, 1)
"""How many rows of chance each change is tried on; `make soak` tries many more."""

CHANGES = (
    "UPDATE loyalty_transfer SET amount = amount + {n} WHERE id = {transfer}",
    "UPDATE loyalty_transfer SET amount = amount + 2199023255552 WHERE id = {transfer}",
    "UPDATE loyalty_transfer SET amount = 9223372036854775807 WHERE id IN ({transfer}, {transfer_2})",
    "UPDATE loyalty_transfer SET target_id = {account} WHERE id = {transfer} AND source_id <> {account}",
    "UPDATE loyalty_transfer SET source_id = {account} WHERE id = {transfer} AND target_id <> {account}",
    "UPDATE loyalty_transfer SET target_id = 5000000000 WHERE id = {transfer}",
    "UPDATE loyalty_transfer SET accrual_id = {accrual} WHERE id = {transfer}",
    "UPDATE loyalty_transfer SET accrual_id = NULL WHERE id = {transfer}",
    "UPDATE loyalty_transfer SET accrual_id = -1 WHERE id = {transfer}",
    "UPDATE loyalty_transfer SET id = 4294967296 + {transfer} WHERE id = {transfer}",
    "UPDATE loyalty_transfer SET id = -{transfer} WHERE id = {transfer}",
    "DELETE FROM loyalty_transfer WHERE id = {transfer}",
    "UPDATE loyalty_account SET balance = balance + {n} WHERE id = {account}",
    "UPDATE loyalty_account SET balance = 9223372036854775807 WHERE id = {account} AND pot = ''",
    "UPDATE loyalty_account SET debt = debt + {n}, balance = balance - {n} WHERE id = {account} AND pot = ''",
    "UPDATE loyalty_account SET id = 1099511627776 + id WHERE id = {account}",
    "DELETE FROM loyalty_account WHERE id = {account}",
    "UPDATE loyalty_lot SET remaining = granted - {n} WHERE id = {lot} AND granted > {n}",
    "UPDATE loyalty_lot SET granted = granted + {n} WHERE id = {lot}",
    "UPDATE loyalty_lot SET granted = granted + {n}, remaining = remaining + {n} WHERE id = {lot}",
    "UPDATE loyalty_lot SET granted = 9223372036854775807 WHERE id = {lot}",
    "UPDATE loyalty_lot SET account_id = {account} WHERE id = {lot}",
    "UPDATE loyalty_lot SET account_id = 4294967296 # account_id # 1 WHERE id = {lot}",
    "UPDATE loyalty_lot SET id = 4294967296 + id WHERE id = {lot}",
    "DELETE FROM loyalty_lot WHERE id = {lot}",
    "UPDATE loyalty_lotuse SET amount = amount + {n} WHERE lot_id = {used}",
    "UPDATE loyalty_lotuse SET amount = -amount WHERE lot_id = {used}",
    "UPDATE loyalty_lotuse SET transfer_id = {transfer} WHERE lot_id = {used}",
    "UPDATE loyalty_lotuse SET lot_id = {lot} WHERE lot_id = {used} AND transfer_id = {spending}",
    "DELETE FROM loyalty_lotuse WHERE lot_id = {used}",
    "INSERT INTO loyalty_lotuse (lot_id, transfer_id, amount) VALUES ({lot}, {transfer}, {n})",
    """INSERT INTO loyalty_lotuse (lot_id, transfer_id, amount)
        SELECT id, id, {n} FROM loyalty_lot WHERE id = {lot}
        UNION ALL SELECT {lot_2}, id, -{n} FROM loyalty_lot WHERE id = {lot}""",
    "UPDATE loyalty_accrual SET receipt = jsonb_set(receipt, '{{earned,points}}', '{n}') WHERE id = {accrual}",
    "UPDATE loyalty_accrual SET receipt = jsonb_set(receipt, '{{earned,stars}}', '{n}') WHERE id = {accrual}",
    "UPDATE loyalty_accrual SET receipt = receipt - 'earned' WHERE id = {accrual}",
    "UPDATE loyalty_accrual SET reversed_at = now() WHERE id = {accrual}",
    "UPDATE loyalty_accrual SET member_id = {member} WHERE id = {accrual}",
    "UPDATE loyalty_member SET visits = visits + {n} WHERE id = {member}",
    "UPDATE loyalty_member SET tier_id = NULL WHERE id = {member}",
    "UPDATE loyalty_member SET tier_id = (SELECT max(id) FROM loyalty_tier) WHERE id = {member}",
)

PICKED = {
    "transfer": "SELECT id FROM loyalty_transfer",
    "transfer_2": "SELECT id FROM loyalty_transfer",
    "spending": "SELECT transfer_id FROM loyalty_lotuse",
    "used": "SELECT lot_id FROM loyalty_lotuse",
    "account": "SELECT id FROM loyalty_account",
    "accrual": "SELECT id FROM loyalty_accrual",
    "lot": "SELECT id FROM loyalty_lot",
    "lot_2": "SELECT id FROM loyalty_lot",
    "member": "SELECT id FROM loyalty_member",
}


def bought_and_spent() -> list[int]:
    """Purchases of three, of whom one has spent points; gives the purchases."""
    make.program()
    receipts = [
        make.receipt(
            f"R{number}",
            card=str(1 + number % 3),
            lines=[make.line(total_minor=10_000 + 7_000 * number)],
            bought_at=NOW,
        )
        for number in range(9)
    ]
    taken = take_purchases(receipts, now=NOW)
    redeem_points(Member.objects.order_by("id")[0], 120, key="kept", now=NOW)
    return [one.purchase_id or 0 for one in taken]


def much_happened() -> None:
    """The same, and a purchase taken back, and points given back, held and captured in part."""
    purchases = bought_and_spent()
    members = list(Member.objects.order_by("id"))
    undo_redemption(redeem_points(members[1], 50, key="undone", now=NOW), now=NOW)
    hold = hold_points(members[2], 90, key="held", ends_at=NOW + timedelta(days=1), now=NOW)
    capture_hold(hold, amount=60, now=NOW)
    reverse_purchases([purchases[4]], "void", now=NOW)


def long_way() -> set[str]:
    """Every check asked for by itself, as the audit words what it finds."""
    found = set()
    with connection.cursor() as cursor:
        for check, statement in CHECKS.items():
            cursor.execute(statement, {"now": NOW})
            for row, stored, derived in cursor.fetchall():
                found.add(f"{check}: {row} has {stored}, the transfers say {derived}")
    return found


def rows_picked(random: Random) -> dict[str, int]:
    picked = {"n": random.randint(1, 9)}
    with connection.cursor() as cursor:
        for name, statement in PICKED.items():
            cursor.execute(f"{statement} ORDER BY 1")
            picked[name] = random.choice(cursor.fetchall())[0]
    return picked


def changed(changes: Sequence[str]) -> Iterator[str]:
    """Each change made to rows of chance, and taken back after a look."""
    random = Random(5)
    for change in changes:
        for _ in range(TRIES):
            told = change.format(**rows_picked(random))
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SET LOCAL session_replication_role = replica")
                with suppress(IntegrityError), transaction.atomic():
                    cursor.execute(told)
                yield told
                transaction.set_rollback(True)


def both_ways_find_the_same(changes: Sequence[str]) -> None:
    assert audit(NOW).mismatches == ()
    found = set()
    for told in changed(changes):
        fast = {text for text in audit(NOW).mismatches if not text.startswith("sealed_")}
        assert fast == long_way(), told
        found |= {text.split(":")[0] for text in fast}
    assert len(found) >= 6


@pytest.mark.parametrize("happen", [bought_and_spent, much_happened])
def test_the_fast_way_finds_what_the_long_way_finds(happen: Callable[[], object]) -> None:
    happen()
    seal_transfers(now=NOW)
    both_ways_find_the_same(CHANGES)


def test_in_the_smallest_pieces_it_finds_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    much_happened()
    seal_transfers(now=NOW, block=7)
    redeem_points(Member.objects.order_by("id")[0], 10, key="not sealed", now=NOW)
    whole = audit(NOW)
    for name in ("BLOCK", "AT_ONCE", "ACCOUNTS_AT_ONCE", "PAGES"):
        monkeypatch.setattr(auditing, name, 2)
    for module in (auditing_books, auditing_uses):
        monkeypatch.setattr(module, "ROWS_MAX", 2)
    assert audit(NOW) == whole
    both_ways_find_the_same(CHANGES[::3])
