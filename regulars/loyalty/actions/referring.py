"""Members bring friends, and both get points for it."""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from regulars.core.errors import Conflict, Refused
from regulars.customers.queries import records_of
from regulars.loyalty.actions.members import enrol_members, lock_members
from regulars.loyalty.actions.remembering import facts_for, keep_facts
from regulars.loyalty.actions.writing import MemberState, Movements, write_movements
from regulars.loyalty.models import Accrual, Member, Program, Referral
from regulars.loyalty.queries.books import Book, book_of
from regulars.loyalty.queries.standings import Facts
from regulars.loyalty.rules.earning import Earned
from regulars.loyalty.rules.sales import Sale


@transaction.atomic
def refer_friend(
    program: Program, customer_id: int, referrer_number: str, *, now: datetime
) -> Referral:
    """Make a customer a member whom another one brought, and give both what joining brings.

    The same again changes nothing. Refused for oneself (also by another card of the same person),
    for who shops here already, and for who was brought by somebody else.
    """
    referrer = Member.objects.filter(program=program, number=referrer_number).first()
    if referrer is None:
        raise Refused("unknown_member", f"no card has the number {referrer_number}", "referred_by")
    if customer_id in records_of(referrer.customer_id):
        raise Refused("self_referral", "nobody brings oneself", "referred_by")
    known = Referral.objects.filter(friend__program=program, friend__customer_id=customer_id)
    if found := known.first():
        if found.referrer_id != referrer.pk:
            raise Conflict("referred_before", "another member brought them", "referred_by")
        return found
    records = records_of(customer_id)
    if Accrual.objects.filter(program=program, member__customer__in=records).exists():
        raise Refused("shops_already", "only new members can be brought", "referred_by")
    enrol_members(program=program, joining={customer_id: now}, now=now)
    book = book_of(program)
    members = lock_members(book, {customer_id, referrer.customer_id})
    friend = members[customer_id]
    referral = Referral.objects.create(referrer=referrer, friend_id=friend.id, at=now)
    _reward_joining(book, friend, members[referrer.customer_id], members=members, now=now)
    return referral


def _reward_joining(
    book: Book,
    friend: MemberState,
    referrer: MemberState,
    *,
    members: Mapping[int, MemberState],
    now: datetime,
) -> None:
    customers = {friend.customer_id, referrer.customer_id}
    facts = facts_for(book, (now, now), customers, members=members)
    movements = Movements()
    earned = reward_referral(
        book, movements, friend, referrer, sale=None, at=now, cause=f"{friend.id}", facts=facts
    )
    cause = f"referral:{friend.id}:friend"
    movements.grant(book, friend.purse, earned, cause=cause, at=now)
    if movements.keys:
        unique = {one.id: one for one in (friend.purse, referrer.purse)}
        write_movements(book, movements, list(unique.values()), now=now)
        if facts is not None:
            keep_facts(facts)


def reward_referral(
    book: Book,
    movements: Movements,
    friend: MemberState,
    referrer: MemberState,
    *,
    sale: Sale | None,
    at: datetime,
    cause: str,
    facts: Facts | None,
) -> list[Earned]:
    """Give the referrer what a friend's joining or purchase brings; gives what the friend gets.

    Cards that turned out to be one person's bring each other nothing.
    """
    if friend.purse is referrer.purse:
        return []
    standings = [one.purse.standing(book.qualifying) for one in (friend, referrer)]
    if facts is not None:
        standings = [
            facts.added_to(standing, customer_id=one.customer_id, member_id=one.id)
            for standing, one in zip(standings, (friend, referrer), strict=True)
        ]
    brought, got = book.history.at(at).for_referral(sale, at, standings[0], standings[1])
    paid = [one for one in brought if one.amount]
    movements.grant(book, referrer.purse, paid, cause=f"referral:{cause}", at=at)
    return got
