"""The outbox, one message as its reader sees it, channel settings, and the way off the list."""

from typing import Any

from django import forms
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from regulars.channels.actions import (
    OutgoingMessage,
    change_channel,
    change_contact_rule,
    opt_out,
    send,
)
from regulars.channels.actions.delivery import retry_failed
from regulars.channels.kind import ChannelKind, channel_kinds
from regulars.channels.models import Message
from regulars.channels.queries import (
    address_of_token,
    channel_of,
    counts_by_state,
    default_channel,
    limit_of,
    messages,
)
from regulars.channels.rules import PURPOSES, REASONS, STATES, Limit
from regulars.core.access import get_seen
from regulars.core.errors import Refused
from regulars.web.frame import say
from regulars.web.pages import PUBLIC, Setting, Shown, blame, page, show, show_form

PER_PAGE = 30
TONES = {
    "sent": "good",
    "failed": "bad",
    "refused": "warn",
    "waiting": "accent",
    "sending": "accent",
}
MAIL_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; "
    "style-src 'unsafe-inline'; img-src 'self' data: https:; form-action 'none'; "
    "frame-ancestors 'self'"
)
"""Mail brings its own styles and may run nothing; it is shown apart from every page of ours."""


@page(
    "outbox",
    needs="channels.view_message",
    title=gettext_lazy("Outbox"),
    setting=Setting(
        gettext_lazy("Outbox"),
        gettext_lazy("Every message that left or was held back, with the reason."),
        "mail",
        60,
    ),
)
def outbox(request: HttpRequest) -> Shown:
    """Messages, newest first, with what became of each."""
    state, text = request.GET.get("state", ""), request.GET.get("q", "")[:100]
    rows = messages(state=state if state in STATES else "", text=text)
    listed = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    counts = counts_by_state()
    return show(
        request,
        "channels/outbox.html",
        page=listed,
        rows=[_line(message) for message in listed],
        states=[(key, _(name), counts.get(key, 0)) for key, name in STATES.items()],
        state=state,
        text=text,
        total=sum(counts.values()),
    )


def _line(message: Message) -> dict[str, Any]:
    label = getattr(channel_kinds.kinds().get(message.channel), "label", message.channel)
    return {
        "message": message,
        "state": _(STATES[message.state]),
        "tone": TONES[message.state],
        "channel": label,
        "why": _(REASONS[message.reason]) if message.reason in REASONS else message.failure,
        "purpose": _(PURPOSES.get(message.purpose, message.purpose)),
    }


@page("outbox/<int:message_id>", needs="channels.view_message")
def message(request: HttpRequest, message_id: int) -> Shown:
    """One message the way its reader sees it."""
    found = get_seen(Message, message_id, seen_by=request.user)  # type: ignore[arg-type]
    can_retry = found.state == "failed" and request.user.has_perm("channels.change_channel")
    return show(request, "channels/message.html", can_retry=can_retry, **_line(found))


@page("outbox/<int:message_id>/mail", needs="channels.view_message")
def mail(request: HttpRequest, message_id: int) -> Shown:
    """The HTML of one message by itself, under a policy that lets it do nothing."""
    found = get_seen(Message, message_id, seen_by=request.user)  # type: ignore[arg-type]
    response = HttpResponse(found.html)
    response["Content-Security-Policy"] = MAIL_POLICY
    return response


@page("outbox/<int:message_id>/retry", needs="channels.change_channel")
@require_POST
def retry(request: HttpRequest, message_id: int) -> Shown:
    """Tries a failed message again."""
    found = get_seen(Message, message_id, seen_by=request.user)  # type: ignore[arg-type]
    retry_failed([found.pk], now=timezone.now())
    say(request, _("The message will be tried again."))
    return redirect("channels.message", found.pk)


class LimitForm(forms.Form):
    """How often one person may be asked."""

    is_on = forms.BooleanField(label=gettext_lazy("Limit survey invitations"), required=False)
    count = forms.IntegerField(
        label=gettext_lazy("At most, to one person"), min_value=0, max_value=1000
    )
    days = forms.IntegerField(label=gettext_lazy("Within days"), min_value=1, max_value=3650)


def _kind_form(kind: type[ChannelKind], **given: Any) -> forms.Form:
    """A form drawn from the settings of a kind of channel."""
    form = forms.Form(**given)
    for name, field in kind.model_fields.items():
        form.fields[name] = forms.CharField(
            label=_(field.title or name), required=field.is_required(), max_length=200
        )
    return form


@page(
    "settings/channels",
    needs="channels.change_channel",
    title=gettext_lazy("Channels"),
    setting=Setting(
        gettext_lazy("Channels"),
        gettext_lazy("How messages reach customers, and how often at most."),
        "share",
        50,
    ),
)
def channels(request: HttpRequest) -> Shown:
    """All kinds of channel and the limit of survey invitations."""
    limit, is_on = limit_of("survey")
    initial = {"count": limit.count, "days": limit.days, "is_on": is_on}
    form = LimitForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        change_contact_rule("survey", Limit(given["count"], given["days"]), is_on=given["is_on"])
        say(request, _("The limit is set."))
        return redirect("channels.channels")
    usual = default_channel()
    kinds = [
        {
            "kind": kind,
            "label": found.label,
            "about": found.about,
            "not_ready": channel_of(kind).not_ready(),
            "usual": kind == usual,
        }
        for kind, found in channel_kinds.kinds().items()
    ]
    return show_form(request, "channels/channels.html", form=form, kinds=kinds)


@page("settings/channels/<slug:kind>", needs="channels.change_channel")
def channel(request: HttpRequest, kind: str) -> Shown:
    """The settings of one kind of channel."""
    found = channel_kinds.get(kind)
    form = _kind_form(found, data=request.POST or None, initial=channel_of(kind).model_dump())
    if request.method == "POST" and form.is_valid():
        try:
            change_channel(kind, form.cleaned_data)
        except Refused as refused:
            blame(form, refused)
        else:
            say(request, _("The settings are saved."))
            return redirect("channels.channel", kind)
    return show_form(
        request,
        "channels/channel.html",
        form=form,
        kind=kind,
        label=found.label,
        about=found.about,
        not_ready=channel_of(kind).not_ready(),
    )


@page("settings/channels/<slug:kind>/test", needs="channels.change_channel")
@require_POST
def test_channel(request: HttpRequest, kind: str) -> Shown:
    """Sends a message to the person who asks, and leads to it."""
    channel_kinds.get(kind)
    now = timezone.now()
    text = _("This channel works: Regulars sent you this message as a test.")
    address = str(getattr(request.user, "email", ""))
    outgoing = OutgoingMessage(
        key=f"test:{kind}:{now.timestamp()}",
        purpose="test",
        subject=_("A test message"),
        text=text,
        address=address,
        channel=kind,
    )
    answer = send([outgoing], now=now)[0]
    say(
        request,
        answer.reason or _("On its way to %(address)s.") % {"address": address},
        tone="bad" if answer.reason else "good",
    )
    return redirect("channels.message", answer.message_id)


@page("unsubscribe/<str:token>", needs=PUBLIC)
@csrf_exempt
def unsubscribe(request: HttpRequest, token: str) -> Shown:
    """Takes an address off the list by POST; GET only shows the button.

    Mail programs post here without asking their reader twice (RFC 8058); the signed token guards it.
    """
    channel_kind, address = address_of_token(token)
    done = request.method == "POST"
    if done:
        opt_out(channel=channel_kind, address=address, now=timezone.now())
    return show(request, "channels/unsubscribe.html", address=address, done=done)
