"""What loyalty does when others publish."""

from datetime import datetime

from django.utils.timezone import now as moment_of_now

from regulars.core.events import on
from regulars.core.jobs import every
from regulars.customers.events import (
    ActsNoted,
    CustomersErased,
    CustomersMerged,
    CustomersUnmerged,
    GoodsReturned,
    PurchasesVoided,
)
from regulars.customers.queries import records_touched_by
from regulars.loyalty.actions import (
    expire_points,
    judge_due_members,
    lapse_holds,
    post_returns,
    regroup_everywhere,
    reverse_purchases,
    reward_acts,
    seal_transfers,
)
from regulars.loyalty.actions.households import part_with_erased, write_invitations
from regulars.loyalty.actions.liability import store_estimates
from regulars.loyalty.actions.paying import lapse_payments
from regulars.loyalty.actions.promo_uses import lapse_reservations
from regulars.loyalty.actions.reminding import remind_of_expiry, write_reminders
from regulars.loyalty.actions.values import expire_values
from regulars.loyalty.actions.warning import warn_of_falls, write_warnings
from regulars.loyalty.actions.watching import look_at, members_of_program
from regulars.loyalty.events import (
    MembersInvited,
    PointsExpireSoon,
    PointsPosted,
    PointsRedeemed,
    TiersFallSoon,
)
from regulars.loyalty.models import Accrual, Redemption


@on(GoodsReturned)
def take_back_points_of_returns(event: GoodsReturned) -> None:
    """Returns that came by a file; those that came by the till are posted already."""
    post_returns(return_ids=event.return_ids, now=moment_of_now())


@on(PurchasesVoided)
def take_back_points_of_voided_purchases(event: PurchasesVoided) -> None:
    """Whatever took purchases off the record, their points follow."""
    reverse_purchases(event.purchase_ids, "voided", now=moment_of_now())


@on(ActsNoted)
def reward_what_members_did(event: ActsNoted) -> None:
    """Answers and the like bring points where a rule says so, whatever was said in them."""
    reward_acts(event.entry_ids, now=moment_of_now())


@on(CustomersMerged)
def pool_members(event: CustomersMerged) -> None:
    """Points of merged records move to the member that leads."""
    _regroup(event.merging_ids)


@on(CustomersUnmerged)
def part_members(event: CustomersUnmerged) -> None:
    """What is left of each record's points goes back to its member."""
    _regroup(event.merging_ids)


@on(PointsPosted)
def watch_who_earns(event: PointsPosted) -> None:
    """Who buys or earns more than a watch lets pass raises an alarm."""
    rows = Accrual.objects.filter(pk__in=event.accrual_ids)
    look_at(event.program_id, set(rows.values_list("member_id", flat=True)), now=moment_of_now())


@on(PointsRedeemed)
def watch_who_spends(event: PointsRedeemed) -> None:
    """Who spends more than a watch lets pass raises an alarm."""
    rows = Redemption.objects.filter(pk__in=event.redemption_ids)
    pairs = list(rows.values_list("unit__program_id", "member_id"))
    for program_id, member_ids in members_of_program(pairs).items():
        look_at(program_id, member_ids, now=moment_of_now())


@on(CustomersErased)
def end_sharing_of_erased(event: CustomersErased) -> None:
    """Who was erased shares no points any more."""
    part_with_erased(event.customer_ids, now=moment_of_now())


def _regroup(merging_ids: tuple[int, ...]) -> None:
    cause = f"merging:{max(merging_ids)}"
    regroup_everywhere(records_touched_by(merging_ids), cause=cause, now=moment_of_now())


@every("40 2 * * *", queue="bulk")
def store_estimates_of_ended_months(timestamp: int) -> None:
    """Once a month has ended, what was then believed of open points is stored."""
    store_estimates(now=datetime.fromtimestamp(timestamp, tz=moment_of_now().tzinfo))


@every("10 7 * * *", queue="bulk")
def note_points_that_expire_soon(timestamp: int) -> None:
    """Once a day it is noted whose points expire soon, where the program reminds of that."""
    remind_of_expiry(now=datetime.fromtimestamp(timestamp, tz=moment_of_now().tzinfo))


@on(PointsExpireSoon)
def write_of_points_that_expire_soon(event: PointsExpireSoon) -> None:
    """Letters of those who may be written to about the program."""
    write_reminders(event.reminder_ids, now=moment_of_now())


@every("15 7 * * *", queue="bulk")
def note_tiers_that_fall_soon(timestamp: int) -> None:
    """Once a day it is noted whose tier is about to fall, where the ladder warns of that."""
    warn_of_falls(now=datetime.fromtimestamp(timestamp, tz=moment_of_now().tzinfo))


@on(TiersFallSoon)
def write_of_tiers_that_fall_soon(event: TiersFallSoon) -> None:
    """Letters of those who may be written to about the program."""
    write_warnings(event.warning_ids, now=moment_of_now())


@on(MembersInvited)
def write_of_invitations(event: MembersInvited) -> None:
    """Letters of those who may be written to about the program."""
    write_invitations(event.seat_ids, now=moment_of_now())


@every("20 * * * *")
def expire_dead_points(timestamp: int) -> None:
    """Post the expiry of dead lots; they were unusable before."""
    expire_points(now=datetime.fromtimestamp(timestamp, tz=moment_of_now().tzinfo))


@every("*/5 * * * *")
def free_what_has_lapsed(timestamp: int) -> None:
    """Put down reservations of codes and holds on cards whose time is over; they bar nobody before."""
    now = datetime.fromtimestamp(timestamp, tz=moment_of_now().tzinfo)
    lapse_reservations(now=now)
    lapse_payments(now=now)


@every("35 * * * *")
def expire_dead_vouchers(timestamp: int) -> None:
    """Post the expiry of vouchers and gift cards; they paid nothing any more before."""
    expire_values(now=datetime.fromtimestamp(timestamp, tz=moment_of_now().tzinfo))


@every("*/10 * * * *")
def free_overdue_holds(timestamp: int) -> None:
    """Post the end of holds whose time is over; their points were usable before."""
    lapse_holds(now=datetime.fromtimestamp(timestamp, tz=moment_of_now().tzinfo))


@every("*/5 * * * *")
def seal_ledger(timestamp: int) -> None:
    """Seal what was posted since; a later change of a sealed transfer is found by the audit."""
    seal_transfers(now=datetime.fromtimestamp(timestamp, tz=moment_of_now().tzinfo))


@every("35 * * * *")
def judge_members_by_the_clock(timestamp: int) -> None:
    """Periods of tiers end at local midnights; whoever is concerned is judged within the hour."""
    judge_due_members(now=datetime.fromtimestamp(timestamp, tz=moment_of_now().tzinfo))
