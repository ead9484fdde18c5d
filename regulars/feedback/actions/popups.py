"""Pop-ups: set up, decided for one visitor on one page, and shown through the one door."""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core import signing
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from regulars.channels.queries.door import Ask, may_contact, may_contact_many
from regulars.core.errors import NotFound, Refused
from regulars.core.origins import normal_origin
from regulars.customers.models import Identity, Segment
from regulars.customers.queries.persons import records_of
from regulars.customers.queries.segments import members_among
from regulars.customers.rules.identities import normal_value
from regulars.feedback.actions.invitations import InvitationInput, invite, mark_sent
from regulars.feedback.models import Invitation, Popup, PopupShowing, Survey
from regulars.feedback.rules.popups import (
    PATTERN_MAX,
    PATTERNS_MAX,
    is_page_meant,
    is_visitor_drawn,
)

POPUP = "popup"
TICKET_LIVES = timedelta(hours=12)
"""For so long a page may stand open before its pop-up opens, and the survey in it be answered."""

_SIGNER = signing.TimestampSigner(salt="feedback.popup")


@dataclass(frozen=True, slots=True, kw_only=True)
class PopupInput:
    """A pop-up as somebody wants it; see the table for what each part means."""

    origins: Sequence[str] = ()
    pages: Sequence[str] = ()
    delay_s: int = 10
    scroll_percent: int = 0
    on_exit: bool = False
    segment: Segment | None = None
    share_per_mille: int = 1000
    again_days: int = 30
    again_after_close_days: int = 90
    again_after_answer_days: int = 0
    is_on: bool = False


@dataclass(frozen=True, slots=True)
class Visit:
    """A page that somebody looks at, as the script on it tells: none of it is believed by itself.

    `customer` is an identity such as `email:ann@example.com` or `id@shop:17`, which the site's own
    server signed (`proof`); `anonymous_id` is the secret that the web snippet gave this browser.
    """

    address: str
    visitor: str
    customer: str = ""
    proof: str = ""
    anonymous_id: str = ""


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a signed ticket stands for: one showing of a pop-up to one person, if they are known."""

    key: str
    popup_id: int
    customer_id: int | None = None
    invitation_id: int | None = None


@transaction.atomic
def set_popup(survey: Survey, wanted: PopupInput, *, now: datetime) -> Popup:
    """The pop-up of a survey, new or changed. Raises Refused, which names the field."""
    _check(wanted)
    told = {
        "origins": [normal_origin(one) for one in wanted.origins],
        "pages": list(wanted.pages),
        "delay_s": wanted.delay_s,
        "scroll_percent": wanted.scroll_percent,
        "on_exit": wanted.on_exit,
        "segment": wanted.segment,
        "share_per_mille": wanted.share_per_mille,
        "again_days": wanted.again_days,
        "again_after_close_days": wanted.again_after_close_days,
        "again_after_answer_days": wanted.again_after_answer_days,
        "is_on": wanted.is_on,
    }
    made = {"code": secrets.token_hex(6), "secret": secrets.token_hex(24), "created_at": now}
    popup, _new = Popup.objects.update_or_create(
        survey=survey, defaults=told, create_defaults=told | made
    )
    return popup


def _check(wanted: PopupInput) -> None:
    for one in wanted.origins:
        if normal_origin(one) is None:
            words = _("A site begins with https:// and has no path: %(site)s")
            raise Refused("bad_origin", words % {"site": one[:60]}, "origins")
    if len(wanted.pages) > PATTERNS_MAX or any(len(one) > PATTERN_MAX for one in wanted.pages):
        raise Refused("too_many_pages", _("At most 50 patterns of 200 characters."), "pages")
    if not 1 <= wanted.share_per_mille <= 1000:
        raise Refused("share_out_of_range", "between 1 and 1000 of 1000", "share_per_mille")
    bounds = {
        "delay_s": 3600,
        "scroll_percent": 100,
        "again_days": 3650,
        "again_after_close_days": 3650,
        "again_after_answer_days": 3650,
    }
    for name, most in bounds.items():
        if not 0 <= getattr(wanted, name) <= most:
            raise Refused("out_of_range", _("from 0 to %(most)s") % {"most": most}, name)


def find_popup(code: str, *, origin: str | None = None) -> Popup:
    """The pop-up of a code. Raises NotFound where there is none, or none for pages of this origin.

    The frame names no origin, for it is a page of ours: its policy tells browsers the sites.
    """
    found = Popup.objects.select_related("survey", "segment").filter(code=code).first()
    if found is None or (origin is not None and found.origins and origin not in found.origins):
        raise NotFound("not_found", "there is no such pop-up for this site")
    return found


def ticket_for(popup: Popup, visit: Visit, *, now: datetime) -> str:
    """A signed ticket by which the pop-up may open on this page; empty where it may not.

    An empty answer says nothing of the reason, so a page learns neither of segments nor of lots.
    Nothing is written: whether it is really shown only the page knows.
    """
    if not popup.is_on or not popup.survey.is_open:
        return ""
    if not is_page_meant(popup.pages, visit.address):
        return ""
    customer_id = _customer_of(popup, visit)
    waiting = _waiting_for(popup, customer_id, now=now) if customer_id else None
    if waiting is None and not _is_meant(popup, visit, customer_id, now=now):
        return ""
    key = secrets.token_urlsafe(18)
    told = [key, popup.pk, customer_id or 0, waiting.pk if waiting else 0]
    return _SIGNER.sign_object(told, compress=True)


def _is_meant(popup: Popup, visit: Visit, customer_id: int | None, *, now: datetime) -> bool:
    share, who = popup.share_per_mille, f"c{customer_id}" if customer_id else visit.visitor
    if not is_visitor_drawn(popup.pk, who, share_per_mille=share):
        return False
    if customer_id is None:
        return popup.segment is None
    if popup.segment and not members_among(popup.segment, [customer_id]):
        return False
    if _is_too_soon(popup, customer_id, now=now):
        return False
    return may_contact(customer_id, "survey", POPUP, now).allowed


def _customer_of(popup: Popup, visit: Visit) -> int | None:
    """Whom a page says it is, where it is proved: by the site's signature, or the snippet's secret."""
    kind, value = "anonymous", visit.anonymous_id
    is_signed = hmac.compare_digest(
        proof_of(popup, visit.customer), visit.proof.encode(errors="replace")
    )
    if visit.customer and is_signed:
        kind, _colon, value = visit.customer.partition(":")
    known = normal_value(kind, value) if value else None
    rows = Identity.objects.filter(kind=kind, value=known) if known else Identity.objects.none()
    return rows.values_list("customer_id", flat=True).first()


def proof_of(popup: Popup, customer: str) -> bytes:
    """What a site's server signs `kind:value` of a customer with: HMAC-SHA256 in hexadecimal."""
    told = customer.encode(errors="replace")
    return hmac.new(popup.secret.encode(), told, hashlib.sha256).hexdigest().encode()


def _waiting_for(popup: Popup, customer_id: int, *, now: datetime) -> Invitation | None:
    """An invitation of a plan, or of another system, that waits for this person to come by.

    The budget counted it when it was made; whether the person still wants to be asked is asked now.
    """
    rows = Invitation.objects.filter(
        survey=popup.survey_id,
        customer__in=_records(customer_id),
        channel=POPUP,
        withheld="",
        sent_at__isnull=True,
        answered_at__isnull=True,
    )
    found = rows.order_by("pk").first()
    if found is None:
        return None
    survey = str(popup.survey_id)
    ask = Ask("survey", customer_id, channel=POPUP, survey=survey, is_reminder=True)
    (verdict,) = may_contact_many([ask], now=now)
    return found if verdict.allowed else None


def _is_too_soon(popup: Popup, customer_id: int, *, now: datetime) -> bool:
    """Whether the person saw, closed or answered it not long enough ago, on whichever device."""
    whom = _records(customer_id)
    seen_it = PopupShowing.objects.filter(popup=popup, invitation__customer__in=whom)
    answered = Invitation.objects.filter(
        survey=popup.survey_id, customer__in=whom, answered_at__isnull=False
    )
    return (
        seen_it.filter(_within(popup.again_days, "shown_at", now)).exists()
        or seen_it.filter(_within(popup.again_after_close_days, "closed_at", now)).exists()
        or answered.filter(_within(popup.again_after_answer_days, "answered_at", now)).exists()
    )


def _within(days: int, column: str, now: datetime) -> Q:
    """Rows whose moment is not yet so many days ago; 0 days: ever."""
    if days == 0:
        return Q(**{f"{column}__isnull": False})
    return Q(**{f"{column}__gt": now - timedelta(days=days)})


def _records(customer_id: int) -> list[int]:
    return list(records_of(customer_id))


def read_ticket(popup: Popup, signed: str) -> Ticket:
    """What a ticket of ours stands for. Raises NotFound for a forged, foreign or old one."""
    try:
        key, popup_id, customer_id, invitation_id = _SIGNER.unsign_object(
            signed, max_age=TICKET_LIVES
        )
    except (signing.BadSignature, ValueError) as forged:
        raise NotFound("not_found", "this ticket is too old, or was changed") from forged
    if popup_id != popup.pk:
        raise NotFound("not_found", "this ticket is of another pop-up")
    return Ticket(key, popup_id, customer_id or None, invitation_id or None)


@transaction.atomic
def show_popup(popup: Popup, ticket: Ticket, *, now: datetime) -> bool:
    """Note that the pop-up opens now, once for a ticket; whether it may.

    Whoever is known is invited through the one door, which counts the contact and keeps the budget
    also when two pages open at once.
    """
    if PopupShowing.objects.filter(key=ticket.key).exists():
        return True
    invitation_id = ticket.invitation_id
    if invitation_id is not None and not _still_waits(invitation_id, popup, ticket, now=now):
        return False
    if invitation_id is None and ticket.customer_id is not None:
        given = InvitationInput(
            survey_id=popup.survey_id,
            cause=f"popup:{ticket.key}",
            customer_id=ticket.customer_id,
            channel=POPUP,
        )
        (invited,) = invite([given], now=now)
        if invited.withheld:
            return False
        invitation_id = invited.invitation_id
    if invitation_id is not None:
        mark_sent([invitation_id], now=now)
    PopupShowing.objects.bulk_create(
        [PopupShowing(popup=popup, key=ticket.key, invitation_id=invitation_id, shown_at=now)],
        ignore_conflicts=True,
    )
    return True


def _still_waits(invitation_id: int, popup: Popup, ticket: Ticket, *, now: datetime) -> bool:
    """Whether the invitation of a ticket, which may be hours old, still waits for this person.

    Another page that opens it at the same moment is waited for.
    """
    assert ticket.customer_id is not None, "invitations are of people who are known"
    Invitation.objects.select_for_update().filter(pk=invitation_id).first()
    found = _waiting_for(popup, ticket.customer_id, now=now)
    return found is not None and found.pk == invitation_id


def note_closing(ticket: Ticket, *, now: datetime) -> None:
    """Note that somebody closed a pop-up before its end."""
    rows = PopupShowing.objects.filter(key=ticket.key, closed_at__isnull=True)
    rows.update(closed_at=now)


def invitation_of(ticket: Ticket) -> Invitation | None:
    """The invitation that a showing led to; None for visitors whom nobody knows."""
    row = PopupShowing.objects.select_related("invitation").filter(key=ticket.key).first()
    return row.invitation if row else None
