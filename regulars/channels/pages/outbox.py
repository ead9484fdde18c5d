"""The outbox, one message as its reader sees it, and channel settings."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST
from pydantic.fields import FieldInfo

from regulars.channels.actions import (
    OutgoingMessage,
    change_channel,
    send,
)
from regulars.channels.actions.delivery import retry_failed
from regulars.channels.actions.returns import open_address, read_mailboxes
from regulars.channels.kind import SECRET, ChannelKind, channel_kinds, reached_by
from regulars.channels.models import Message
from regulars.channels.queries import (
    channel_of,
    counts_by_state,
    default_channel,
    messages,
)
from regulars.channels.queries.lines import lines_seen
from regulars.channels.queries.returns import closed_among, mail_reports, mailbox_seen
from regulars.channels.rules import MAIL_EFFECTS, MAIL_KINDS, REASONS, STATES, TO_EMPLOYEE
from regulars.core.access import get_seen
from regulars.core.errors import Refused
from regulars.customers.queries.consents import purpose_names
from regulars.web.frame import say
from regulars.web.pages import Setting, Shown, blame, page, show, show_form

PER_PAGE = 30
TONES = {
    "sent": "good",
    "failed": "bad",
    "refused": "warn",
    "waiting": "accent",
    "sending": "accent",
}
RETURNS_SHOWN = 50
RETURN_TONES = {"hard": "bad", "complaint": "bad", "soft": "warn", "unreadable": "warn"}
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
    counts, names = counts_by_state(), _purposes()
    return show(
        request,
        "channels/outbox.html",
        page=listed,
        rows=[_line(message, names) for message in listed],
        states=[(key, _(name), counts.get(key, 0)) for key, name in STATES.items()],
        state=state,
        text=text,
        total=sum(counts.values()),
    )


def _line(message: Message, names: Mapping[str, str]) -> dict[str, Any]:
    label = getattr(channel_kinds.kinds().get(message.channel), "label", message.channel)
    return {
        "message": message,
        "state": _(STATES[message.state]),
        "tone": TONES[message.state],
        "channel": label,
        "why": _(REASONS[message.reason]) if message.reason in REASONS else message.failure,
        "purpose": names.get(message.purpose, message.purpose),
    }


def _purposes() -> dict[str, str]:
    return {**purpose_names(), TO_EMPLOYEE: _("Letter to an employee")}


@page("outbox/<int:message_id>", needs="channels.view_message")
def message(request: HttpRequest, message_id: int) -> Shown:
    """One message the way its reader sees it."""
    found = get_seen(Message, message_id, seen_by=request.user)  # type: ignore[arg-type]
    can_retry = found.state == "failed" and request.user.has_perm("channels.change_channel")
    return show(request, "channels/message.html", can_retry=can_retry, **_line(found, _purposes()))


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


def _kind_form(kind: type[ChannelKind], **given: Any) -> forms.Form:
    """A form drawn from the settings of a kind of channel."""
    form = forms.Form(**given)
    for name, field in kind.model_fields.items():
        form.fields[name] = _form_field(name, field, is_set=_is_set(given, name))
    return form


def _form_field(name: str, field: FieldInfo, *, is_set: bool) -> forms.Field:
    label, extra = _(field.title or name), field.json_schema_extra
    if isinstance(extra, dict) and isinstance(names := extra.get("choices"), dict):
        choices = [(value, _(str(said))) for value, said in names.items()]
        return forms.ChoiceField(label=label, choices=choices)
    if field.annotation is int:
        return forms.IntegerField(label=label)
    is_secret = extra == SECRET
    return forms.CharField(
        label=label,
        required=field.is_required(),
        max_length=300,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}) if is_secret else None,
        help_text=_("Stored; leave empty to keep it.") if is_secret and is_set else "",
    )


def _is_set(given: Mapping[str, Any], name: str) -> bool:
    return bool((given.get("initial") or {}).get(name))


def _kept(kind: str, told: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that a form asks for: a secret left empty stays what it is."""
    present = channel_of(kind).model_dump()
    fields = channel_kinds.get(kind).model_fields
    return {
        name: value or (present[name] if fields[name].json_schema_extra == SECRET else value)
        for name, value in told.items()
    }


@page(
    "settings/channels",
    needs="channels.change_channel",
    title=gettext_lazy("Channels"),
    setting=Setting(
        gettext_lazy("Channels"),
        gettext_lazy("How messages reach customers."),
        "share",
        50,
    ),
)
def channels(request: HttpRequest) -> Shown:
    """All kinds of channel."""
    usual, lines = default_channel(), lines_seen(now=timezone.now())
    kinds = [
        {
            "kind": kind,
            "label": found.label,
            "about": found.about,
            "not_ready": channel_of(kind).not_ready(),
            "usual": kind == usual,
            "line": lines.get(kind),
        }
        for kind, found in channel_kinds.kinds().items()
    ]
    return show(request, "channels/channels.html", kinds=kinds)


@page("settings/channels/<slug:kind>", needs="channels.change_channel")
def channel(request: HttpRequest, kind: str) -> Shown:
    """The settings of one kind of channel."""
    found = channel_kinds.get(kind)
    form = _kind_form(found, data=request.POST or None, initial=channel_of(kind).model_dump())
    if request.method == "POST" and form.is_valid():
        try:
            change_channel(kind, _kept(kind, form.cleaned_data))
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
        line=lines_seen(now=timezone.now()).get(kind),
        can_test=reached_by(kind) == "email",
        **_came_back(kind),
    )


def _came_back(kind: str) -> dict[str, Any]:
    """What came back to the mailbox of a channel, the latest first, and how the mailbox is."""
    if channel_of(kind).mailbox() is None:
        return {}
    rows = list(mail_reports(channel=kind)[:RETURNS_SHOWN])
    closed = closed_among(kind, {row.address for row in rows})
    return {
        "mailbox": mailbox_seen(kind),
        "returns": [
            {
                "report": row,
                "kind": _(MAIL_KINDS[row.kind]),
                "tone": RETURN_TONES.get(row.kind, ""),
                "effect": _(MAIL_EFFECTS[row.effect]),
                "can_open": row.address in closed,
            }
            for row in rows
        ],
    }


@page("settings/channels/<slug:kind>/read", needs="channels.change_channel")
@require_POST
def read_returns(request: HttpRequest, kind: str) -> Shown:
    """Has the mailbox read now instead of within five minutes."""
    channel_kinds.get(kind)
    read_mailboxes.enqueue(timestamp=0)
    say(request, _("The mailbox is being read; look again in a moment."))
    return redirect("channels.channel", kind)


@page("settings/channels/<slug:kind>/open", needs="channels.change_channel")
@require_POST
def reopen_address(request: HttpRequest, kind: str) -> Shown:
    """Lets mail go again to an address that bounces closed."""
    channel_kinds.get(kind)
    address = request.POST.get("address", "")[:254]
    if open_address(kind, address):
        say(request, _("Mail goes to %(address)s again.") % {"address": address})
    else:
        say(request, _("Nothing was closed there."), tone="bad")
    return redirect("channels.channel", kind)


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
