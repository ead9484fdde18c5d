"""Wallets: what members hold, where they stand, and what happened on their accounts."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import connection
from django.db.models import Q

from regulars.core.sql import int_array
from regulars.customers.models import Identity
from regulars.customers.queries import persons_of
from regulars.customers.rules.identities import normal_phone
from regulars.loyalty.models import Account, Hold, Member, Tier, Unit
from regulars.loyalty.queries.forecasts import Ahead, ahead_of
from regulars.loyalty.queries.households import circles_around, shared_with
from regulars.loyalty.rules.expiry import Due

ENDS = 3
"""How many of the next ends of points are told."""


@dataclass(frozen=True)
class Holding:
    """What a member holds of one unit; dead and pending lots are not available.

    A debt is left by returned goods, and paid by what is earned next.
    """

    unit: Unit
    balance: int
    available: int
    worth_minor: int
    pending: int = 0
    debt: int = 0
    held: int = 0
    expires: tuple[Due, ...] = ()
    """What of it expires when, soonest first; no more than the next few ends."""
    shared: int = 0
    """What others of the household have that the member may spend, too."""

    @property
    def spendable(self) -> int:
        """All that the member may spend now."""
        return self.available + self.shared


@dataclass(frozen=True)
class Wallet:
    """A member with all holdings, spendable ones first, and the way to the next tier."""

    member: Member
    holdings: tuple[Holding, ...]
    next_tier: Tier | None
    missing: int
    reached: int
    tier: Tier | None = None
    visits: int = 0
    household_id: int | None = None
    ladders: tuple[Ahead, ...] = ()
    """Ladders with periods, or given tiers, and what is ahead on each."""

    @property
    def spendable(self) -> Holding | None:
        """What the member pays with; the first unit that can be spent."""
        return next((one for one in self.holdings if one.unit.kind != "qualifying"), None)

    @property
    def has_many(self) -> bool:
        """Whether the member holds several units to spend, so that amounts have to name theirs."""
        return sum(one.unit.kind != "qualifying" for one in self.holdings) > 1

    @property
    def percent(self) -> int:
        """How much of the way from nothing to the next tier is done, in whole percent."""
        if self.next_tier is None:
            return 100
        return self.reached * 100 // max(self.next_tier.qualifying_min, 1)


def wallets_of(members: Sequence[Member], *, now: datetime) -> list[Wallet]:
    """The wallets of these members (with `program` and `tier` loaded) in their order; 6 statements.

    The wallet of a member whose record is merged holds what its person has, by the leading member.
    """
    leaders = {member.pk: member.led_by_id or member.pk for member in members}
    accounts: dict[int, list[Account]] = defaultdict(list)
    for account in (
        Account.objects.filter(member__in=leaders.values())
        .select_related("unit__program")
        .order_by("unit_id")
    ):
        assert account.member_id is not None
        accounts[account.member_id].append(account)
    ids = [one.pk for held in accounts.values() for one in held]
    lots, holds, ends = _open(ids, now=now), _held(ids, now=now), _ending(ids, now=now)
    tiers: dict[int, list[Tier]] = defaultdict(list)
    programs = {member.program_id for member in members}
    rows = Tier.objects.filter(program__in=programs, ladder__position=0, is_retired=False)
    for tier in rows.order_by("qualifying_min"):
        tiers[tier.program_id].append(tier)
    wallets = [
        _wallet(member, accounts[leaders[member.pk]], (lots, holds, ends), tiers[member.program_id])
        for member in members
    ]
    return _with_ladders(_with_standings(_with_shared(wallets, now=now)), now=now)


def _with_shared(wallets: Sequence[Wallet], *, now: datetime) -> list[Wallet]:
    """The wallets with what each may spend of its household; who owes spends nothing of others."""
    circles = circles_around([one.member for one in wallets])
    if not circles:
        return list(wallets)
    shared = shared_with(circles, now=now)
    return [
        replace(
            one,
            household_id=circles[lead].household_id if lead in circles else None,
            holdings=tuple(
                replace(
                    held,
                    shared=0 if held.debt else shared.get((lead, held.unit.pk), 0),
                )
                for held in one.holdings
            ),
        )
        for one in wallets
        for lead in (one.member.led_by_id or one.member.pk,)
    ]


def _with_ladders(wallets: Sequence[Wallet], *, now: datetime) -> list[Wallet]:
    """The wallets with what is ahead on tracked ladders; the main one leads to the next tier."""
    ahead = ahead_of([one.member for one in wallets], now=now)
    shown = []
    for one in wallets:
        ladders = tuple(ahead.get(one.member.led_by_id or one.member.pk, ()))
        main = next((it for it in ladders if it.ladder.position == 0), None)
        if main is not None:
            one = replace(  # noqa: PLW2901 (the same wallet, with more known of it)
                one,
                tier=main.tier,
                next_tier=main.next_tier,
                missing=main.forecast.missing,
                reached=main.counted,
            )
        shown.append(replace(one, ladders=ladders))
    return shown


def _with_standings(wallets: Sequence[Wallet]) -> list[Wallet]:
    """The wallets with the tier and the visits of the person; 1 statement."""
    leaders = {one.member.led_by_id or one.member.pk for one in wallets}
    pooled = Member.objects.filter(Q(led_by__in=leaders) | Q(pk__in=leaders, led_by=None))
    tiers: dict[int, Tier | None] = {}
    visits: dict[int, int] = defaultdict(int)
    for member in pooled.select_related("tier"):
        visits[member.led_by_id or member.pk] += member.visits
        if member.led_by_id is None:
            tiers[member.pk] = member.tier
    return [
        replace(one, tier=tiers.get(lead), visits=visits[lead])
        for one in wallets
        for lead in (one.member.led_by_id or one.member.pk,)
    ]


def open_holds_of(members: Sequence[Member], *, now: datetime) -> dict[int, list[Hold]]:
    """By leading member what is set aside for these members now, soonest free first; 1 statement."""
    leaders = [member.led_by_id or member.pk for member in members]
    whose = Q(account__member__in=leaders) | Q(account__member__led_by__in=leaders)
    rows = Hold.objects.filter(whose, outcome="", ends_at__gt=now)
    holds: dict[int, list[Hold]] = defaultdict(list)
    for hold in rows.select_related("account__member", "unit", "store").order_by("ends_at"):
        if holder := hold.account.member:
            holds[holder.led_by_id or holder.pk].append(hold)
    return holds


def find_member(text: str) -> Member | None:
    """The member whose card number or phone this is, spaces and dashes left aside; None if nobody."""
    digits = "".join(letter for letter in text if letter.isascii() and letter.isdigit())
    if not digits or len(digits) > 19:
        return None
    members = Member.objects.select_related("program", "tier", "customer")
    if found := members.filter(number=digits).first():
        return found
    records = [
        one for person in persons_of(_owners_of_phone(digits, text)).values() for one in person
    ]
    return members.filter(customer__in=records, led_by=None).order_by("id").first()


def _owners_of_phone(digits: str, text: str) -> list[int]:
    phone = normal_phone(f"+{digits}" if text.strip().startswith("+") else digits)
    wanted = {phone, f"+{digits}"} - {None}
    known = Identity.objects.filter(kind="phone", value__in=wanted)
    return list(known.values_list("customer_id", flat=True))


def _open(account_ids: Sequence[int], *, now: datetime) -> dict[int, tuple[int, int]]:
    """By account what is available and what is pending."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT account_id,
                coalesce(sum(remaining) FILTER (WHERE activates_at <= %(now)s), 0)::bigint,
                coalesce(sum(remaining) FILTER (
                    WHERE activates_at IS NULL OR activates_at > %(now)s), 0)::bigint
            FROM loyalty_lot WHERE account_id = ANY(%(accounts)s::bigint[]) AND remaining > 0
                AND (expires_at IS NULL OR expires_at > %(now)s) GROUP BY account_id
            """,
            {"accounts": int_array(account_ids), "now": now},
        )
        return {row[0]: (row[1], row[2]) for row in cursor.fetchall()}


def _ending(account_ids: Sequence[int], *, now: datetime) -> dict[int, list[Due]]:
    """By account the next ends of usable points, with what dies then; 1 statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT account_id, expires_at, amount FROM (
                SELECT account_id, expires_at, sum(remaining)::bigint AS amount,
                    row_number() OVER (PARTITION BY account_id ORDER BY expires_at) AS place
                FROM loyalty_lot WHERE account_id = ANY(%s::bigint[]) AND remaining > 0
                    AND expires_at > %s AND activates_at <= %s GROUP BY account_id, expires_at
            ) lot WHERE place <= %s ORDER BY account_id, expires_at
            """,
            [int_array(account_ids), now, now, ENDS],
        )
        ends: dict[int, list[Due]] = defaultdict(list)
        for account_id, at, amount in cursor.fetchall():
            ends[account_id].append(Due(at, amount))
        return ends


def _held(account_ids: Sequence[int], *, now: datetime) -> dict[int, tuple[int, int]]:
    """By account what is held, and what is free again by the clock though no job has said so yet.

    A leading member's has what its cards set aside before their records were merged.

    Of the latter only what lives: dead points come back dead.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT account.id,
                coalesce(sum(use.amount) FILTER (WHERE hold.ends_at > %(now)s), 0)::bigint,
                coalesce(sum(use.amount) FILTER (WHERE hold.ends_at <= %(now)s
                    AND (lot.expires_at IS NULL OR lot.expires_at > %(now)s)), 0)::bigint
            FROM loyalty_account account
            JOIN loyalty_member member
                ON member.id = account.member_id OR member.led_by_id = account.member_id
            JOIN loyalty_account own ON own.member_id = member.id AND own.unit_id = account.unit_id
            JOIN loyalty_hold hold ON hold.account_id = own.id AND hold.outcome = ''
            JOIN loyalty_transfer spent ON spent.key = 'hold:' || hold.id
            JOIN loyalty_lotuse use ON use.transfer_id = spent.id
            JOIN loyalty_lot lot ON lot.id = use.lot_id
            WHERE account.id = ANY(%(accounts)s::bigint[]) GROUP BY account.id
            """,
            {"accounts": int_array(account_ids), "now": now},
        )
        return {row[0]: (row[1], row[2]) for row in cursor.fetchall()}


def _wallet(
    member: Member,
    accounts: Sequence[Account],
    parts: tuple[
        dict[int, tuple[int, int]], dict[int, tuple[int, int]], Mapping[int, Sequence[Due]]
    ],
    tiers: Sequence[Tier],
) -> Wallet:
    holdings = []
    reached = 0
    for account in accounts:
        held, overdue = parts[1].get(account.pk, (0, 0))
        freed = max(overdue - account.debt, 0)
        balance = (account.balance or 0) + overdue
        if account.unit.kind == "qualifying":
            reached = balance
        usable, pending = parts[0].get(account.pk, (0, 0))
        usable += freed
        if account.unit.kind == "qualifying":
            usable = balance
        worth = account.unit.worth_of(usable)
        debt = max(account.debt - overdue, 0)
        expires = tuple(parts[2].get(account.pk, ()))
        holdings.append(Holding(account.unit, balance, usable, worth, pending, debt, held, expires))
    holdings.sort(key=lambda one: (one.unit.kind == "qualifying", one.unit.pk))
    above = next((tier for tier in tiers if tier.qualifying_min > reached), None)
    missing = above.qualifying_min - reached if above else 0
    return Wallet(member, tuple(holdings), above, missing, reached)
