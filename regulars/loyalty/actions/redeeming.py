"""Redeeming points, and undoing it."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from django.db import connection, transaction

from regulars.core.errors import Conflict, Refused
from regulars.core.events import publish
from regulars.core.sql import int_array, text_array
from regulars.loyalty.actions.grouping import settle_what_came_back
from regulars.loyalty.actions.guarding import guard_spending
from regulars.loyalty.actions.holding import free_overdue
from regulars.loyalty.actions.judging import judge_in_hand
from regulars.loyalty.actions.locking import lock_all, lock_people
from regulars.loyalty.actions.prolonging import prolong_by_spending
from regulars.loyalty.actions.restoring import Giving, give_back
from regulars.loyalty.actions.sharing import (
    draw_from_household,
    givers_behind,
    lock_spender,
    return_draws,
)
from regulars.loyalty.actions.spending import pot_of, spend_lots, spendable, write_transfer
from regulars.loyalty.events import PointsRedeemed, RedemptionsUndone
from regulars.loyalty.models import Account, Member, Redemption, Unit
from regulars.loyalty.queries.spendings import (
    concerned_by,
    debts_of,
    restored_before,
    spending_of,
    uses_of,
)
from regulars.loyalty.rules.returns import given_back

UNDO_AT_THE_TILL = timedelta(seconds=60)
"""How long a cashier may undo a redemption; later it is a matter for the back office."""


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
    purchase_id: int | None = None,
) -> Redemption:
    """Take points off a member, soonest expiring first: all of them or, if they do not suffice, none.

    A card of a merged record spends what its person has. With the purchase that the points paid
    for, a return of its goods gives them back. The same key again gives the redemption of the
    first time; other content is a `Conflict`. Who is frozen or passes a limit is refused.
    """
    if amount <= 0:
        raise Refused("nothing_to_redeem", "the amount must be above zero", "amount")
    spent = spendable(member, unit)
    leader_id = lock_spender(member, spent)
    if known := _known(key, member, amount, unit=spent):
        return known
    guard_spending(member, leader_id, spent, amount=amount, key=key, now=now, by=employee_id)
    account = Account.objects.get(member_id=leader_id, unit=spent)
    free_overdue([account.pk], now=now)
    redemption = Redemption.objects.create(
        key=key,
        member=member,
        unit=spent,
        amount=amount,
        worth_minor=spent.worth_of(amount),
        store_id=store_id,
        employee_id=employee_id,
        purchase_id=purchase_id,
        redeemed_at=now,
    )
    _spend(redemption, account.pk, leader_id, now=now)
    publish(PointsRedeemed(redemption_ids=(redemption.pk,)))
    return redemption


def _spend(redemption: Redemption, account_id: int, leader_id: int, *, now: datetime) -> None:
    """Take the lots of a redemption, soonest expiring first, and those of the household too."""
    unit, amount, cause = redemption.unit, redemption.amount, f"redemption:{redemption.pk}"
    draw_from_household(redemption.member, leader_id, unit, amount, cause=cause, now=now)
    transfer_id = write_transfer(
        cause,
        account_id,
        pot_of(unit, "redeemed"),
        amount=amount,
        at=now,
        redemption_id=redemption.pk,
    )
    spend_lots(account_id, amount, transfer_id=transfer_id, now=now)
    prolong_by_spending(unit, account_id, now=now)
    judge_in_hand(unit.program, {leader_id: cause}, now=now)


@transaction.atomic
def undo_redemption(
    redemption: Redemption, *, now: datetime, within: timedelta | None = UNDO_AT_THE_TILL
) -> Redemption:
    """Give back what a redemption took, into the lots it came from; once, however often asked.

    Later than `within` it is refused; None sets no limit. Lots keep their expiry, even if past.
    Where members were merged or parted since, the points then go to whose they are.
    """
    touched = concerned_by([redemption.pk])
    leader_id = redemption.member.led_by_id or redemption.member_id
    lock_people({*givers_behind([redemption.pk]), leader_id})
    lock_all({*_members_of(touched, redemption), redemption.member_id})
    redemption.refresh_from_db()
    if redemption.undone_at is not None:
        return redemption
    if within is not None and now - redemption.redeemed_at > within:
        raise Refused("too_late_to_undo", "this redemption can no longer be undone here")
    _give_back_all(redemption, now=now)
    program, concerned = redemption.unit.program, concerned_by([redemption.pk])
    settle_what_came_back(program, concerned, cause=f"merging:undo:{redemption.pk}", now=now)
    leader_id = redemption.member.led_by_id or redemption.member_id
    causes = {leader_id: f"redemption:{redemption.pk}:undo"}
    judge_in_hand(program, causes, now=now)
    redemption.undone_at = now
    redemption.save(update_fields=["undone_at"])
    publish(RedemptionsUndone(redemption_ids=(redemption.pk,)))
    return redemption


def _give_back_all(redemption: Redemption, *, now: datetime) -> None:
    """Give back what no return gave back before."""
    spending, ids = spending_of(redemption.pk), [redemption.pk]
    before = restored_before(ids).amounts.get(redemption.pk, 0)
    if before < redemption.amount:
        debt = debts_of([spending.account_id])[spending.account_id]
        uses = uses_of(ids, now=now)[redemption.pk]
        backs = given_back(uses, redemption.amount - before, before=before, debt=debt)
        give_back([Giving(spending, f"redemption:{redemption.pk}:undo", "undo", backs)], now=now)
        return_draws(redemption.unit.program, [spending.account_id], now=now)


def _members_of(customer_ids: Collection[int], redemption: Redemption) -> list[int]:
    rows = Member.objects.filter(
        program_id=redemption.unit.program_id, customer_id__in=customer_ids
    )
    return list(rows.values_list("pk", flat=True))


@transaction.atomic
def link_redemptions(purchases: Mapping[str, int]) -> int:
    """Say for which purchase each redemption paid, by its key; gives how many were linked.

    A redemption that is linked stays so. Of other members than the purchase's buyer, or of one
    that was undone, nothing is linked.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE loyalty_redemption redemption SET purchase_id = given.purchase_id
            FROM unnest(%s::text[], %s::bigint[]) AS given (key, purchase_id)
            WHERE redemption.key = given.key AND redemption.purchase_id IS NULL
                AND redemption.undone_at IS NULL
            """,
            [text_array(purchases), int_array(purchases.values())],
        )
        return int(cursor.rowcount)


def _known(key: str, member: Member, amount: int, *, unit: Unit) -> Redemption | None:
    known = Redemption.objects.filter(key=key).select_related("unit").first()
    if known and (known.member_id, known.amount, known.unit_id) != (member.pk, amount, unit.pk):
        raise Conflict("other_content", "this key was used for another redemption", "key")
    return known
