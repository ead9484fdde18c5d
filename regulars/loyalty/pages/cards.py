"""The customer's card on a phone: code, balance, tier, history. Its address is the secret."""

import barcode
import segno
from django.http import Http404, HttpRequest
from django.utils.safestring import SafeString, mark_safe
from django.utils.timezone import now as moment_of_now
from django.views.decorators.cache import never_cache

from regulars.loyalty.models import Member
from regulars.loyalty.pages.card_household import can_share
from regulars.loyalty.pages.giving import can_give
from regulars.loyalty.pages.refusals import barred_in_words
from regulars.loyalty.queries.history import by_day, history_of
from regulars.loyalty.queries.households import invitations_of
from regulars.loyalty.queries.wallets import wallets_of
from regulars.loyalty.rules.cards import grouped
from regulars.web.pages import PUBLIC, Shown, page, show


@page("card/<str:token>", needs=PUBLIC)
@never_cache
def card(request: HttpRequest, token: str) -> Shown:
    """What a member shows at the till, and what they have; for whoever has the link."""
    members = Member.objects.select_related("program", "tier", "customer")
    member = members.filter(token=token).first()
    if member is None:
        raise Http404
    now = moment_of_now()
    (wallet,) = wallets_of([member], now=now)
    return show(
        request,
        "loyalty/card.html",
        wallet=wallet,
        barred=barred_in_words(wallet, now=now),
        member=member,
        as_of=now,
        number=grouped(member.number),
        can_give=can_give(member),
        can_share=can_share(member),
        invited=invitations_of(member) if can_share(member) else [],
        qr=qr_of(member.number),
        bars=bars_of(member.number),
        history=by_day(history_of(member, limit=40).entries)[:8],
    )


def qr_of(text: str) -> SafeString:
    """The QR code of a text as inline SVG, coloured by the page."""
    svg = segno.make(text, error="m", micro=False).svg_inline(border=2, omitsize=True, svgclass="")
    return mark_safe(svg)  # noqa: S308 (made of digits by the library)


def bars_of(number: str) -> SafeString:
    """The number as a Code 128 barcode, one path of inline SVG."""
    modules = barcode.get("code128", number).build()[0]
    runs, at = [], 0
    for dark, width in _runs(modules):
        if dark:
            runs.append(f"M{at} 0h{width}v30h-{width}z")
        at += width
    path = "".join(runs)
    return mark_safe(  # noqa: S308 (made of digits)
        f'<svg viewBox="-10 0 {at + 20} 30" preserveAspectRatio="none"><path d="{path}"/></svg>'
    )


def _runs(modules: str) -> list[tuple[bool, int]]:
    runs: list[tuple[bool, int]] = []
    for module in modules:
        dark = module == "1"
        if runs and runs[-1][0] == dark:
            runs[-1] = (dark, runs[-1][1] + 1)
        else:
            runs.append((dark, 1))
    return runs
