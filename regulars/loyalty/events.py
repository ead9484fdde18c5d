"""Facts the loyalty domain publishes."""

from dataclasses import dataclass

from regulars.core.events import Event


@dataclass(frozen=True)
class MembersEnrolled(Event):
    """Customers joined a program."""

    program_id: int
    member_ids: tuple[int, ...]


@dataclass(frozen=True)
class PointsPosted(Event):
    """Purchases are on the books of a program."""

    program_id: int
    accrual_ids: tuple[int, ...]


@dataclass(frozen=True)
class TiersChanged(Event):
    """Members reached other tiers."""

    program_id: int
    tier_change_ids: tuple[int, ...]


@dataclass(frozen=True)
class PointsRedeemed(Event):
    """Members spent points."""

    redemption_ids: tuple[int, ...]


@dataclass(frozen=True)
class RedemptionsUndone(Event):
    """Redemptions were undone; the points are back in the lots they came from."""

    redemption_ids: tuple[int, ...]


@dataclass(frozen=True)
class PointsHeld(Event):
    """Members' points were set aside for unfinished purchases."""

    hold_ids: tuple[int, ...]


@dataclass(frozen=True)
class HoldsEnded(Event):
    """Holds were captured, released or lapsed."""

    hold_ids: tuple[int, ...]


@dataclass(frozen=True)
class PointsReversed(Event):
    """Points of returned or undone purchases were taken back."""

    program_id: int
    reversal_ids: tuple[int, ...]


@dataclass(frozen=True)
class PointsActivated(Event):
    """Pending points of purchases became usable because of an event."""

    accrual_ids: tuple[int, ...]


@dataclass(frozen=True)
class PointsAdjusted(Event):
    """Points were given or taken by hand."""

    program_id: int
    adjustment_ids: tuple[int, ...]


@dataclass(frozen=True)
class PointsHandedOver(Event):
    """Members gave points to other members."""

    handover_ids: tuple[int, ...]


@dataclass(frozen=True)
class AdjustmentsAsked(Event):
    """Adjustments above the program's limit wait for a second person."""

    program_id: int
    adjustment_ids: tuple[int, ...]


@dataclass(frozen=True)
class PointsExpireSoon(Event):
    """Points of members expire within the days of which the program reminds; each lot is told once."""

    program_id: int
    reminder_ids: tuple[int, ...]


@dataclass(frozen=True)
class TiersFallSoon(Event):
    """Tiers of members fall within the days of which their ladder warns; each fall is told once."""

    program_id: int
    warning_ids: tuple[int, ...]


@dataclass(frozen=True)
class MembersRegrouped(Event):
    """Members of records that were merged or parted lead others from now on, or stand alone."""

    program_id: int
    member_ids: tuple[int, ...]


@dataclass(frozen=True)
class MembersInvited(Event):
    """Members were invited into a household, and have neither accepted nor declined yet."""

    household_id: int
    seat_ids: tuple[int, ...]


@dataclass(frozen=True)
class RewardsOrdered(Event):
    """Members chose rewards and paid for them with points."""

    order_ids: tuple[int, ...]


@dataclass(frozen=True)
class RewardsCancelled(Event):
    """Rewards were taken back; the points are back in the lots they came from."""

    order_ids: tuple[int, ...]


@dataclass(frozen=True)
class MembersFrozen(Event):
    """Cards were frozen: their points are neither spent nor moved."""

    member_ids: tuple[int, ...]


@dataclass(frozen=True)
class MembersThawed(Event):
    """Frozen cards may spend again."""

    member_ids: tuple[int, ...]


@dataclass(frozen=True)
class AlarmsRaised(Event):
    """Watches found members who did more than usual."""

    alarm_ids: tuple[int, ...]
