"""Redeeming points, and undoing it."""

from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import connection, transaction

from regulars.core.errors import Conflict, Refused
from regulars.core.events import publish
from regulars.core.sql import int_array
from regulars.loyalty.actions.grouping import regroup_members
from regulars.loyalty.events import PointsRedeemed, RedemptionsUndone
from regulars.loyalty.models import Account, Member, Redemption, Transfer, Unit

UNDO_AT_THE_TILL = timedelta(seconds=60)
"""How long a cashier may undo a redemption; later it is a matter for the back office."""

SPEND_LOTS = """
    WITH open AS (
        SELECT id, remaining,
            sum(remaining) OVER (
                ORDER BY expires_at NULLS LAST, coalesce(origin_id, id), id) AS upto
        FROM loyalty_lot
        WHERE account_id = %(account)s AND remaining > 0 AND activates_at <= %(now)s
            AND (expires_at IS NULL OR expires_at > %(now)s)
    ), taken AS (
        SELECT id, least(remaining, %(amount)s - (upto - remaining)) AS amount
        FROM open WHERE upto - remaining < %(amount)s
    ), uses AS (
        INSERT INTO loyalty_lotuse (lot_id, transfer_id, amount)
        SELECT id, %(transfer)s, amount FROM taken RETURNING amount
    ), lots AS (
        UPDATE loyalty_lot lot SET remaining = lot.remaining - taken.amount
        FROM taken WHERE lot.id = taken.id
    )
    SELECT coalesce(sum(amount), 0) FROM uses
"""


@transaction.atomic
def redeem_points(
    member: Member,
    amount: int,
    *,
    key: str,
    now: datetime,
    unit: str = "",
    store_id: int | None = None,
    employee_id: int | None = None,
) -> Redemption:
    """Take points off a member, soonest expiring first: all of them or, if they do not suffice, none.

    A card of a merged record spends what its person has. The same key again gives the redemption of the first time; with another member or amount it is
    a `Conflict`. Of two tills that race for the last points, the second is refused.
    """
    if amount <= 0:
        raise Refused("nothing_to_redeem", "the amount must be above zero", "amount")
    leader_id = _lock_leader(member.pk)
    spent = _spendable(member, unit)
    if known := _known(key, member, amount, unit=spent):
        return known
    account = Account.objects.get(member_id=leader_id, unit=spent)
    redemption = Redemption.objects.create(
        key=key,
        member=member,
        unit=spent,
        amount=amount,
        worth_minor=spent.worth_of(amount),
        store_id=store_id,
        employee_id=employee_id,
        redeemed_at=now,
    )
    transfer_id = _transfer(redemption, account.pk, _pot(spent, "redeemed"), at=now)
    _spend_lots(account.pk, amount, transfer_id=transfer_id, now=now)
    publish(PointsRedeemed(redemption_ids=(redemption.pk,)))
    return redemption


@transaction.atomic
def undo_redemption(
    redemption: Redemption, *, now: datetime, within: timedelta | None = UNDO_AT_THE_TILL
) -> Redemption:
    """Give back what a redemption took, into the lots it came from; once, however often asked.

    Later than `within` it is refused; None sets no limit. Lots keep their expiry, even if past.
    Where members were merged or parted since, the points then go to whose they are.
    """
    account = _account_of(redemption)
    concerned = _concerned(redemption, account)
    _lock_all({redemption.member_id, account.member_id, *concerned})
    redemption.refresh_from_db()
    if redemption.undone_at is not None:
        return redemption
    if within is not None and now - redemption.redeemed_at > within:
        raise Refused("too_late_to_undo", "this redemption can no longer be undone here")
    pot = _pot(redemption.unit, "redeemed")
    transfer_id = _transfer(redemption, pot, account.pk, at=now, suffix=":undo")
    _refill_lots(redemption, transfer_id, account_id=account.pk)
    if concerned:
        regroup_members(
            redemption.unit.program,
            concerned.values(),
            cause=f"merging:undo:{redemption.pk}",
            now=now,
            is_settling=True,
        )
    redemption.undone_at = now
    redemption.save(update_fields=["undone_at"])
    publish(RedemptionsUndone(redemption_ids=(redemption.pk,)))
    return redemption


def _lock_leader(member_id: int) -> int:
    """The member whose accounts this one spends from, locked; it may change while we wait."""
    rows = Member.objects.filter(pk=member_id)
    while True:
        known = rows.values_list("led_by_id", flat=True).get() or member_id
        _lock_all({known})
        if (rows.values_list("led_by_id", flat=True).get() or member_id) == known:
            return known


def _lock_all(member_ids: Collection[int | None]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM loyalty_member WHERE id = ANY(%s::bigint[])"
            " ORDER BY id FOR NO KEY UPDATE",
            [int_array(member_ids)],
        )


def _account_of(redemption: Redemption) -> Account:
    """The account that the redemption was taken from."""
    key = f"redemption:{redemption.pk}"
    return Account.objects.get(pk=Transfer.objects.values_list("source_id", flat=True).get(key=key))


def _concerned(redemption: Redemption, account: Account) -> dict[int, int]:
    """Members, with their records, that a redemption touched; none where only its card's own."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH touched AS (
                SELECT coalesce(accrual.member_id, first.member_id) AS id
                FROM loyalty_transfer spent
                JOIN loyalty_lotuse use ON use.transfer_id = spent.id
                JOIN loyalty_lot lot ON lot.id = use.lot_id
                JOIN loyalty_lot origin ON origin.id = coalesce(lot.origin_id, lot.id)
                JOIN loyalty_account first ON first.id = origin.account_id
                JOIN loyalty_transfer given ON given.id = origin.transfer_id
                LEFT JOIN loyalty_accrual accrual ON accrual.id = given.accrual_id
                WHERE spent.key = %s UNION SELECT unnest(%s::bigint[])
            )
            SELECT id, customer_id FROM loyalty_member WHERE id IN (SELECT id FROM touched)
            """,
            [
                f"redemption:{redemption.pk}",
                int_array([redemption.member_id, account.member_id]),
            ],
        )
        found = dict(cursor.fetchall())
        return found if len(found) > 1 else {}


def _spendable(member: Member, code: str) -> Unit:
    units = Unit.objects.filter(program_id=member.program_id).exclude(kind="qualifying")
    found = units.filter(code=code).first() if code else units.order_by("id").first()
    if found is None:
        raise Refused("unknown_unit", f"nothing spendable is called {code!r}", "unit")
    return found


def _known(key: str, member: Member, amount: int, *, unit: Unit) -> Redemption | None:
    known = Redemption.objects.filter(key=key).select_related("unit").first()
    if known and (known.member_id, known.amount, known.unit_id) != (member.pk, amount, unit.pk):
        raise Conflict("other_content", "this key was used for another redemption", "key")
    return known


def _pot(unit: Unit, pot: str) -> int:
    return Account.objects.values_list("pk", flat=True).get(unit=unit, pot=pot)


def _transfer(
    redemption: Redemption, source: int, target: int, *, at: datetime, suffix: str = ""
) -> int:
    """The id of a new transfer of the whole amount; balances of members follow."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO loyalty_transfer"
            " (key, source_id, target_id, amount, redemption_id, at, recorded_at)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s) RETURNING id",
            [
                f"redemption:{redemption.pk}{suffix}",
                source,
                target,
                redemption.amount,
                redemption.pk,
                at,
                at,
            ],
        )
        return int(cursor.fetchone()[0])


def _spend_lots(account_id: int, amount: int, *, transfer_id: int, now: datetime) -> None:
    """Consume lots in one statement, however many there are; `Refused` where they do not cover it."""
    parameters: dict[str, int | datetime] = {
        "account": account_id,
        "amount": amount,
        "transfer": transfer_id,
        "now": now,
    }
    with connection.cursor() as cursor:
        cursor.execute(SPEND_LOTS, parameters)
        covered = int(cursor.fetchone()[0])
        if covered < amount:
            raise Refused("not_enough_points", f"only {covered} can be spent now", "amount")
        cursor.execute(
            "UPDATE loyalty_account SET balance = balance - %s WHERE id = %s", [amount, account_id]
        )


def _refill_lots(redemption: Redemption, transfer_id: int, *, account_id: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH spent AS (
                SELECT use.lot_id, use.amount FROM loyalty_lotuse use
                JOIN loyalty_transfer transfer ON transfer.id = use.transfer_id
                WHERE transfer.redemption_id = %(redemption)s AND use.transfer_id <> %(transfer)s
            ), uses AS (
                INSERT INTO loyalty_lotuse (lot_id, transfer_id, amount)
                SELECT lot_id, %(transfer)s, -amount FROM spent
            ), lots AS (
                UPDATE loyalty_lot lot SET remaining = lot.remaining + spent.amount
                FROM spent WHERE lot.id = spent.lot_id
            )
            UPDATE loyalty_account SET balance = balance + %(amount)s
            WHERE id = %(account)s
            """,
            {
                "redemption": redemption.pk,
                "transfer": transfer_id,
                "amount": redemption.amount,
                "account": account_id,
            },
        )
