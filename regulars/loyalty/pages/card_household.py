"""A member's household on the card: start one, invite, accept, leave, hand on. The link is the secret."""

from typing import Any

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, QueryDict
from django.shortcuts import redirect
from django.utils.timezone import now as moment_of_now
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache

from regulars.core.errors import Refused
from regulars.customers.rules.masking import mask_name
from regulars.loyalty.actions.households import (
    accept_invitation,
    decline_invitation,
    leave_household,
    start_household,
)
from regulars.loyalty.models import Household, Member, Seat
from regulars.loyalty.pages.households import change_household, told_seats
from regulars.loyalty.queries.households import household_of, invitations_of, rules_of
from regulars.loyalty.queries.wallets import wallets_of
from regulars.loyalty.reasons import reason_in_words
from regulars.web.frame import say
from regulars.web.pages import PUBLIC, Shown, page, show

OF_THE_HEAD = frozenset({"invite", "withdraw", "head", "close", "remove"})


@page("card/<str:token>/household", needs=PUBLIC)
@never_cache
def card_household(request: HttpRequest, token: str) -> Shown:
    """With whom a member shares points; the head invites, everybody may leave."""
    members = Member.objects.select_related("program", "tier", "customer")
    member = members.filter(token=token).first()
    if member is None or not can_share(member):
        raise Http404
    if request.method == "POST":
        try:
            say(request, _act(member, request.POST))
        except Refused as refused:
            say(request, reason_in_words(refused.code), tone="bad")
        return redirect("loyalty.card_household", token=token)
    found = household_of(member)
    (wallet,) = wallets_of([member], now=moment_of_now())
    return show(
        request,
        "loyalty/card_household.html",
        member=member,
        wallet=wallet,
        household=found,
        rules=rules_of(member.program.household_rules),
        seats=_named(found) if found else [],
        is_head=_is_head(found, member),
        invitations=[
            (one, one.household.head.customer.name or one.household.head.number)
            for one in invitations_of(member)
        ],
    )


def can_share(member: Member) -> bool:
    """Whether the program lets its members share points."""
    return bool(member.program.household_rules)


def _is_head(household: Household | None, member: Member) -> bool:
    if household is None:
        return False
    head = household.head
    return (head.led_by_id or head.pk) == (member.led_by_id or member.pk)


def _named(household: Household) -> list[dict[str, Any]]:
    """The seats with names: in full of who is in, by the first letters of who is only invited."""
    seats = told_seats(household)
    for one in seats:
        name = one["member"].customer.name
        one["name"] = name if one["seat"].state == "in" else mask_name(name)
    return seats


def _act(member: Member, told: Any) -> str:
    """Does what the card's form asks, as far as it is this member's to do."""
    act, now = told.get("act", ""), moment_of_now()
    if act == "start":
        start_household(member, now=now)
        return gettext("Your household is there: invite the others.")
    if act in {"accept", "decline"}:
        seat = _own(Seat.objects.filter(state__in=("invited", "in")), member, told)
        if act == "accept":
            accept_invitation(seat, now=now)
            return gettext("You share your points from now on.")
        decline_invitation(seat, now=now)
        return gettext("Declined.")
    found = household_of(member)
    if found is None:
        raise Refused("not_in_household", "this member is in no household", "act")
    if act == "leave":
        leave_household(_own(Seat.objects.filter(household=found), member, told), now=now)
        return gettext("You do not share your points any more.")
    if act not in OF_THE_HEAD or not _is_head(found, member):
        raise Refused("not_the_head", "only the head may do this", "act")
    return change_household(found, {**told.dict(), "act": "leave" if act == "remove" else act})


def _own(seats: QuerySet[Seat], member: Member, told: QueryDict) -> Seat:
    text = told.get("seat", "")
    is_number = text.isascii() and text.isdigit() and len(text) < 19
    rows = seats.filter(member__in=_cards(member), pk=int(text) if is_number else 0)
    seat = rows.select_related("household__program", "member").first()
    if seat is None:
        raise Refused("invitation_is_over", "there is no such seat", "seat")
    return seat


def _cards(member: Member) -> list[int]:
    """All cards of the member's person."""
    leader = member.led_by_id or member.pk
    led = Member.objects.filter(led_by=leader).values_list("pk", flat=True)
    return [leader, *led]
