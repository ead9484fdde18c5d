"""Vouchers and gift cards: issued, loaded, expired, cancelled, blocked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction

from regulars.core.errors import Conflict, Refused
from regulars.core.sealing import keyring
from regulars.core.sql import int_array, text_array, time_array
from regulars.loyalty.models import Program
from regulars.loyalty.models.values import StoredValue, ValueEntry
from regulars.loyalty.rules.codes import new_value_number

PIN_PURPOSE = "loyalty gift card pin"
AMOUNT_MAX = 10**11
BATCH = 5_000

INSERT_ENTRIES = """
    INSERT INTO loyalty_valueentry (key, value_id, payment_id, kind, amount_minor, at)
    SELECT key, value_id, payment_id, kind, amount_minor, %s
    FROM unnest(%s::text[], %s::bigint[], %s::bigint[], %s::text[], %s::bigint[])
        AS told (key, value_id, payment_id, kind, amount_minor)
"""


@dataclass(frozen=True)
class ValueInput:
    """A voucher (of a member) or a gift card to issue. `key` names it for ever.

    A gift card may have a PIN of 4 to 8 digits; a voucher may be good for one payment only.
    """

    key: str
    kind: str
    amount_minor: int
    member_id: int | None = None
    pin: str = ""
    is_single_use: bool = False
    expires_at: datetime | None = None


@dataclass(frozen=True)
class Entry:
    """A movement to put down."""

    key: str
    value_id: int
    kind: str
    amount_minor: int
    payment_id: int | None = None


@dataclass(frozen=True)
class LoadInput:
    """Money that is put on a gift card. `key` names it for ever."""

    key: str
    value_id: int
    amount_minor: int


@transaction.atomic
def issue_values(
    program: Program, entries: Sequence[ValueInput], *, now: datetime
) -> list[StoredValue | Refused]:
    """Vouchers and gift cards, each once by its key: a number of its own, and the money on it.

    The same key with other content is a `Conflict`; what cannot be issued is refused, alone. Two
    statements, and two more in the rare case that a number was drawn before.
    """
    wrong = {one.key: refused for one in entries if (refused := _problem(one, now=now))}
    missing = {one.key: one for one in entries if one.key not in wrong}
    while missing:
        made = _insert(program, list(missing.values()), now=now)
        rows = StoredValue.objects.filter(key__in=list(missing))
        found = {row.key: row for row in rows}
        write_entries(
            [
                Entry(f"issue:{found[key].pk}", found[key].pk, "issue", found[key].face_minor)
                for key in made
            ],
            at=now,
        )
        missing = {key: one for key, one in missing.items() if key not in found}
    rows = StoredValue.objects.filter(key__in=[one.key for one in entries])
    known = {row.key: row for row in rows.select_related("program")}
    return [wrong.get(one.key) or _same(known[one.key], one, program=program) for one in entries]


def _problem(entry: ValueInput, *, now: datetime) -> Refused | None:
    if entry.kind not in ("voucher", "gift_card"):
        return Refused("unknown_kind", "a voucher or a gift card", "kind")
    if not 0 < entry.amount_minor <= AMOUNT_MAX:
        return Refused("bad_amount", "the amount must be above zero", "amount_minor")
    if entry.kind == "voucher" and entry.member_id is None:
        return Refused("member_is_missing", "a voucher belongs to a member", "member")
    if entry.pin and not (entry.pin.isascii() and entry.pin.isdigit() and 4 <= len(entry.pin) <= 8):
        return Refused("bad_pin", "a PIN is 4 to 8 digits", "pin")
    if entry.expires_at is not None and entry.expires_at <= now:
        return Refused("has_expired", "the end lies in the past", "expires_at")
    return None


def _same(row: StoredValue, entry: ValueInput, *, program: Program) -> StoredValue | Refused:
    told = (entry.kind, entry.amount_minor, entry.member_id, entry.is_single_use, program.pk)
    kept = (row.kind, row.face_minor, row.member_id, row.is_single_use, row.program_id)
    if told == kept:
        return row
    return Conflict("other_content", "this key was used for another one", "key")


def _insert(program: Program, entries: Sequence[ValueInput], *, now: datetime) -> list[str]:
    """The keys of what is new; a number that exists already leaves its row out."""
    numbers = [new_value_number(one.kind) for one in entries]
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO loyalty_storedvalue (key, program_id, kind, code, pin_hash, pin_misses,
                member_id, currency, face_minor, balance_minor, held_minor, is_single_use,
                issued_at, expires_at)
            SELECT key, %s, kind, code, pin_hash, 0, member_id, %s, amount, amount, 0,
                is_single_use = 1, %s, expires_at
            FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::bigint[],
                %s::bigint[], %s::bigint[], %s::timestamptz[])
                AS told (key, kind, code, pin_hash, member_id, amount, is_single_use, expires_at)
            ORDER BY key ON CONFLICT DO NOTHING RETURNING key""",
            [
                program.pk,
                program.currency,
                now,
                text_array(one.key for one in entries),
                text_array(one.kind for one in entries),
                text_array(numbers),
                text_array(
                    pin_hash(code, one.pin) for code, one in zip(numbers, entries, strict=True)
                ),
                int_array(one.member_id for one in entries),
                int_array(one.amount_minor for one in entries),
                int_array(int(one.is_single_use) for one in entries),
                time_array(one.expires_at for one in entries),
            ],
        )
        return [row[0] for row in cursor.fetchall()]


def pin_hash(code: str, pin: str) -> str:
    """What is kept of a PIN: a keyed hash with the card's number, worthless without our key.

    Four digits are guessed from any plain hash in no time; the key lies outside the database.
    """
    return keyring()[0].digest(f"{code}:{pin}", PIN_PURPOSE) if pin else ""


def pin_is_right(value: StoredValue, pin: str) -> bool:
    """Whether a PIN opens a card, under whichever of our keys it was put down; none needed, any is."""
    if not value.pin_hash:
        return True
    return any(
        key.digest(f"{value.code}:{pin}", PIN_PURPOSE) == value.pin_hash for key in keyring()
    )


def write_entries(entries: Sequence[Entry], *, at: datetime) -> None:
    """Puts movements down; 1 statement. Balances are the caller's."""
    if not entries:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            INSERT_ENTRIES,
            [
                at,
                text_array(one.key for one in entries),
                int_array(one.value_id for one in entries),
                int_array(one.payment_id for one in entries),
                text_array(one.kind for one in entries),
                int_array(one.amount_minor for one in entries),
            ],
        )


def lock_values(ids: Sequence[int]) -> dict[int, StoredValue]:
    """These vouchers and cards as they are, in the order of their ids, until we are done."""
    rows = StoredValue.objects.select_for_update(no_key=True, of=("self",)).filter(pk__in=ids)
    return {row.pk: row for row in rows.order_by("pk")}


def add_to_balances(changes: dict[int, tuple[int, int]]) -> None:
    """Adds to balance and to what is held, by id; 1 statement. Never below zero, by constraint."""
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE loyalty_storedvalue value SET balance_minor = balance_minor + told.balance,
                held_minor = held_minor + told.held
            FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[]) AS told (id, balance, held)
            WHERE value.id = told.id""",
            [
                int_array(changes),
                int_array(balance for balance, _ in changes.values()),
                int_array(held for _, held in changes.values()),
            ],
        )


@transaction.atomic
def load_values(loads: Sequence[LoadInput], *, now: datetime) -> list[StoredValue | Refused]:
    """Puts money on gift cards, each load once by its key; 5 statements for all.

    A load is no sale: it earns nothing. Vouchers, blocked and expired cards are refused.
    """
    rows = lock_values([one.value_id for one in loads])
    entries = ValueEntry.objects.filter(key__in=[f"load:{one.key}" for one in loads])
    known = {row.key: row for row in entries}
    answers: list[Refused | None] = []
    fresh: dict[str, Entry] = {}
    for one in loads:
        key = f"load:{one.key}"
        told = (one.value_id, one.amount_minor)
        before = known.get(key) or fresh.get(key)
        if before is not None:
            same = (before.value_id, before.amount_minor) == told
            answers.append(None if same else Conflict("other_content", "another load", "key"))
            continue
        problem = _load_problem(rows.get(one.value_id), one, now=now)
        answers.append(problem)
        if problem is None:
            fresh[key] = Entry(key, one.value_id, "load", one.amount_minor)
    write_entries(list(fresh.values()), at=now)
    changes: dict[int, tuple[int, int]] = {}
    for entry in fresh.values():
        changes[entry.value_id] = (
            changes.get(entry.value_id, (0, 0))[0] + entry.amount_minor,
            0,
        )
    add_to_balances(changes)
    after = StoredValue.objects.in_bulk(list(rows))
    return [refused or after[one.value_id] for one, refused in zip(loads, answers, strict=True)]


def _load_problem(row: StoredValue | None, load: LoadInput, *, now: datetime) -> Refused | None:
    if row is None or row.kind != "gift_card":
        return Refused("unknown_gift_card", "no gift card is this one", "code")
    if row.blocked_at is not None:
        return Refused("is_blocked", "this card is blocked", "code")
    if row.expires_at is not None and row.expires_at <= now:
        return Refused("has_expired", "this card has expired", "code")
    if not 0 < load.amount_minor <= AMOUNT_MAX:
        return Refused("bad_amount", "the amount must be above zero", "amount_minor")
    return None


def expire_values(*, now: datetime) -> int:
    """Takes off what has expired and is not held by a payment; gives how many lost something.

    Late, repeated or interrupted, it leaves what a punctual run would have left: nothing could be
    spent in the meantime. What a hold releases afterwards goes with the next run.
    """
    count = 0
    while some := _expire_some(now=now):
        count += some
    return count


@transaction.atomic
def _expire_some(*, now: datetime) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            """WITH dead AS (
                SELECT id, balance_minor - held_minor AS amount FROM loyalty_storedvalue
                WHERE expires_at <= %(now)s AND balance_minor > held_minor
                ORDER BY id LIMIT %(batch)s FOR NO KEY UPDATE
            ), entries AS (
                INSERT INTO loyalty_valueentry (key, value_id, kind, amount_minor, at)
                SELECT 'expire:' || dead.id || ':' || (SELECT count(*) FROM loyalty_valueentry entry
                    WHERE entry.value_id = dead.id AND entry.kind = 'expire'),
                    dead.id, 'expire', dead.amount, value.expires_at
                FROM dead JOIN loyalty_storedvalue value ON value.id = dead.id
            )
            UPDATE loyalty_storedvalue value SET balance_minor = held_minor
            FROM dead WHERE value.id = dead.id""",
            {"now": now, "batch": BATCH},
        )
        return int(cursor.rowcount)


@transaction.atomic
def cancel_value(value: StoredValue, *, now: datetime) -> StoredValue:
    """Takes back a voucher or gift card that has paid nothing yet; once.

    `Refused` where any of it is spent or held: what is paid is refunded, not cancelled.
    """
    row = lock_values([value.pk])[value.pk]
    kinds = set(ValueEntry.objects.filter(value=row).values_list("kind", flat=True))
    if "cancel" in kinds:
        return row
    if kinds - {"issue", "load"} or row.held_minor:
        raise Refused("is_used", "some of it is spent, held or expired already", "state")
    write_entries(
        [Entry(f"cancel:{row.pk}", row.pk, "cancel", row.balance_minor)],
        at=now,
    )
    row.balance_minor, row.blocked_at = 0, row.blocked_at or now
    row.save(update_fields=["balance_minor", "blocked_at"])
    return row


@transaction.atomic
def block_value(value: StoredValue, *, now: datetime) -> StoredValue:
    """A lost or stolen card pays nothing from now on; its money stays on it."""
    row = lock_values([value.pk])[value.pk]
    if row.blocked_at is None:
        row.blocked_at = now
        row.save(update_fields=["blocked_at"])
    return row


@transaction.atomic
def unblock_value(value: StoredValue) -> StoredValue:
    """A card pays again, and wrong PINs are forgotten. A cancelled one stays as it is."""
    row = lock_values([value.pk])[value.pk]
    if not ValueEntry.objects.filter(key=f"cancel:{row.pk}").exists():
        row.blocked_at, row.pin_misses = None, 0
        row.save(update_fields=["blocked_at", "pin_misses"])
    return row
