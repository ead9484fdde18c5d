"""Refusals of actions beside the fields of forms, in the language of the reader."""

from datetime import datetime

from django.forms import BaseForm
from django.utils.translation import gettext

from regulars.core.errors import Refused
from regulars.loyalty.queries.rooms import rooms_of
from regulars.loyalty.queries.wallets import Wallet
from regulars.loyalty.reasons import reason_in_words, refusal_in_words
from regulars.web.pages import blame
from regulars.web.templatetags.look import number


def blame_in_words(form: BaseForm, refused: Refused) -> None:
    """Puts a refusal beside the field that it names, in words for people where there are any."""
    blame(form, Refused(refused.code, refusal_in_words(refused), refused.field))


def barred_in_words(wallet: Wallet, *, now: datetime) -> str:
    """Why a member may spend less now than there is; empty where nothing keeps it down."""
    held = wallet.spendable
    if held is None:
        return ""
    room = rooms_of([wallet], now=now)[wallet.member.pk, held.unit.pk]
    if room.limit == "member_is_frozen":
        member = wallet.member
        reason = member.frozen_reason or (member.led_by.frozen_reason if member.led_by else "")
        told = gettext("This card is frozen: it earns, and spends nothing. %(reason)s")
        return (told % {"reason": reason}).strip()
    if room.most is None or room.most >= held.spendable:
        return ""
    if room.limit == "too_often_a_day":
        return reason_in_words(room.limit)
    return gettext("No more than %(points)s may be spent now.") % {"points": number(room.most)}
