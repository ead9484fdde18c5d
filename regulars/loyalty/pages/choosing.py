"""Members choose rewards: on their card, by its secret link, and with a cashier at the till."""

from secrets import token_urlsafe
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.timezone import now as moment_of_now
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache

from regulars.core.errors import Refused
from regulars.loyalty.actions.rewards import order_reward
from regulars.loyalty.models import Member
from regulars.loyalty.models.rewards import Reward, RewardOrder
from regulars.loyalty.pages.tills import store_id_of, store_of
from regulars.loyalty.queries.rewards import catalogue_for
from regulars.loyalty.queries.wallets import find_member, wallets_of
from regulars.loyalty.reasons import reason_in_words
from regulars.loyalty.templatetags.loyalty import ORDER_STATES as STATES
from regulars.web.frame import say
from regulars.web.pages import PUBLIC, Shown, page, show

CHOSEN_MAX = 10


@page("card/<str:token>/rewards", needs=PUBLIC)
@never_cache
def card_rewards(request: HttpRequest, token: str) -> Shown:
    """What a member may choose, what it costs them, and what they chose; for who has the link."""
    members = Member.objects.select_related("program", "tier", "customer")
    member = members.filter(token=token).first()
    if member is None:
        raise Http404
    if request.method == "POST":
        _choose(request, member, source="card")
        return redirect("loyalty.card_rewards", token=token)
    return _choice(request, member, "loyalty/card_rewards.html")


@page("till/<str:number>/rewards", needs="loyalty.use_till")
@never_cache
def till_rewards(request: HttpRequest, number: str) -> Shown:
    """The rewards a member may choose at the till."""
    member = find_member(number)
    if member is None:
        return redirect("loyalty.till")
    if request.method == "POST":
        _choose(request, member, source="till")
        return redirect("loyalty.till_rewards", number=member.number)
    return _choice(request, member, "loyalty/till_rewards.html", store=store_of(request))


def _choose(request: HttpRequest, member: Member, *, source: str) -> None:
    """Orders the reward of the form; says what came of it."""
    chosen, key = request.POST.get("reward", ""), request.POST.get("key", "")[:50]
    is_number = chosen.isascii() and chosen.isdigit() and len(chosen) < 19
    rows = Reward.objects.filter(program=member.program_id, pk=int(chosen) if is_number else 0)
    reward = rows.first()
    if reward is None or not key.isprintable() or not key:
        say(request, gettext("This reward is not offered now."), tone="bad")
        return
    at_till = source == "till"
    try:
        order = order_reward(
            member,
            reward,
            key=f"{source}:{member.pk}:{key}",
            now=moment_of_now(),
            store_id=store_id_of(request) if at_till else None,
            employee_id=request.user.pk if at_till else None,
        )
    except Refused as refused:
        say(request, reason_in_words(refused.code), tone="bad")
    else:
        given = order.promo_code or order.value
        words = gettext("It is yours. Code: %(code)s") if given else gettext("It is ordered.")
        say(request, words % {"code": given.code} if given else words)


def _choice(request: HttpRequest, member: Member, template: str, **context: Any) -> HttpResponse:
    now = moment_of_now()
    (wallet,) = wallets_of([member], now=now)
    rows = Reward.objects.filter(program=member.program_id, is_open=True)
    listed = list(rows.select_related("unit", "program").order_by("position", "id"))
    have = {one.unit.pk: one.spendable for one in wallet.holdings}
    shown = [
        one
        for unit in {reward.unit_id for reward in listed}
        for one in catalogue_for(
            [reward for reward in listed if reward.unit_id == unit],
            member,
            now=now,
            points=have.get(unit, 0),
        )
        if one.obstacle not in {"not_yet_valid", "no_longer_valid", "not_for_this_tier"}
    ]
    shown.sort(key=lambda one: (one.reward.position, one.reward.pk))
    leader = member.led_by_id or member.pk
    orders = RewardOrder.objects.filter(member__in=[leader, member.pk])
    chosen = orders.select_related("reward", "promo_code", "value").order_by("-id")[:CHOSEN_MAX]
    return show(
        request,
        template,
        member=member,
        wallet=wallet,
        rewards=[(one, token_urlsafe(12), _why(one.obstacle)) for one in shown],
        chosen=[(one, STATES[one.state], one.promo_code or one.value) for one in chosen],
        **context,
    )


def _why(obstacle: str) -> str:
    return reason_in_words(obstacle) if obstacle else ""
