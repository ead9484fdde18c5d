"""Pages of webhooks: which programs are told of what, their secrets, and every message."""

from typing import Any

from django import forms
from django.core.paginator import Paginator
from django.http import HttpRequest
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from regulars.connectors.actions.webhooks import (
    TEST,
    WebhookWish,
    change_webhook,
    delete_webhook,
    open_webhook,
    rotate_secret,
    send_again,
    send_test,
)
from regulars.connectors.hooks.kind import hook_kinds
from regulars.connectors.models import Webhook, WebhookAttempt, WebhookMessage
from regulars.connectors.rules.webhooks import secrets_in_force
from regulars.core.access import get_seen
from regulars.core.errors import NotFound, Refused
from regulars.customers.models import Segment
from regulars.web.frame import say
from regulars.web.pages import Setting, Shown, blame, page, show, show_form

NEEDS = "connectors.change_webhook"
PER_PAGE = 25
STATES = {
    "waiting": (pgettext_lazy("message", "waits"), "warn"),
    "sending": (pgettext_lazy("message", "on its way"), "warn"),
    "sent": (pgettext_lazy("message", "taken"), "good"),
    "failed": (pgettext_lazy("message", "given up"), "bad"),
}
OFF_REASONS = {
    "gone": _("Switched off: the address said that it is gone for good (410)."),
    "failing": _("Switched off: nothing was taken for five days."),
}
FAILURES = {
    "private_address": _("the name leads to a private address"),
    "unknown_host": _("the name is unknown"),
    "not_https": _("the address does not begin with https://"),
    "not_an_address": _("this is not an address"),
}


class WebhookForm(forms.Form):
    """A webhook as a person describes it."""

    name = forms.CharField(label=_("Name"), max_length=100)
    url = forms.CharField(
        label=_("Address"),
        max_length=500,
        help_text=_("Where messages are posted to, such as https://hooks.example.com/regulars"),
        widget=forms.URLInput(),
    )
    kinds = forms.MultipleChoiceField(
        label=_("What it is told of"), widget=forms.CheckboxSelectMultiple()
    )
    subjects = forms.MultipleChoiceField(
        label=_("Only of these segments"),
        required=False,
        help_text=_("None chosen: of all of them"),
        widget=forms.CheckboxSelectMultiple(),
    )

    def __init__(self, *args: Any, **told: Any) -> None:
        super().__init__(*args, **told)
        kinds: Any = self.fields["kinds"]
        kinds.choices = [(name, kind.label) for name, kind in hook_kinds.kinds().items()]
        subjects: Any = self.fields["subjects"]
        rows = Segment.objects.order_by("name")
        subjects.choices = [(one.code, str(one)) for one in rows]

    def wish(self, *, is_on: bool = True) -> WebhookWish:
        """What the form says."""
        told = self.cleaned_data
        kinds, subjects = tuple(told["kinds"]), tuple(told["subjects"])
        return WebhookWish(told["name"], told["url"], kinds, subjects, is_on)


@page(
    "settings/webhooks",
    needs=NEEDS,
    title=_("Webhooks"),
    setting=Setting(
        _("Webhooks"), _("Other programs are told who comes into a segment and goes"), "spark", 44
    ),
    name="connectors.webhooks",
)
def webhooks(request: HttpRequest) -> Shown:
    """Every webhook, and the form that makes another."""
    form = WebhookForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = open_webhook(form.wish(), now=timezone.now())
        except Refused as refused:
            blame(form, refused)
        else:
            return redirect("connectors.webhook", made.pk)
    rows = list(Webhook.objects.order_by("name", "pk"))
    shown = [(one, [_kind(name) for name in one.kinds]) for one in rows]
    return show_form(request, "connectors/webhooks.html", form=form, rows=shown)


@page("settings/webhooks/<int:webhook_id>", needs=NEEDS, name="connectors.webhook")
def webhook(request: HttpRequest, webhook_id: int) -> Shown:
    """One webhook: its secret, its messages and its settings."""
    one = _webhook(request, webhook_id)
    now = timezone.now()
    initial = {name: getattr(one, name) for name in ("name", "url", "kinds", "subjects")}
    form = WebhookForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            change_webhook(one, form.wish(is_on=one.is_on), now=now)
        except Refused as refused:
            blame(form, refused)
        else:
            say(request, gettext("Saved."))
            return redirect("connectors.webhook", one.pk)
    messages = WebhookMessage.objects.filter(webhook=one).order_by("-pk")
    listed = Paginator(messages, PER_PAGE).get_page(request.GET.get("page"))
    return show_form(
        request,
        "connectors/webhook.html",
        form=form,
        webhook=one,
        off_reason=OFF_REASONS.get(one.off_reason, ""),
        secrets=secrets_in_force(one.secrets, now),
        listed=listed,
        rows=[(row, _kind(row.kind), *STATES[row.state]) for row in listed],
    )


@page(
    "settings/webhooks/<int:webhook_id>/messages/<str:message_key>",
    needs=NEEDS,
    name="connectors.webhook_message",
)
def message(request: HttpRequest, webhook_id: int, message_key: str) -> Shown:
    """One message: its body, and every try to deliver it."""
    one = _webhook(request, webhook_id)
    found = WebhookMessage.objects.filter(webhook=one, public_id=message_key[:40]).first()
    if found is None:
        raise NotFound("not_found", gettext("There is no such message."), "message_key")
    if request.method == "POST":
        send_again([found], now=timezone.now())
        say(request, gettext("It is sent again, under its old id."))
        return redirect("connectors.webhook_message", one.pk, found.public_id)
    tries = WebhookAttempt.objects.filter(message=found).order_by("-pk")
    label, tone = STATES[found.state]
    return show(
        request,
        "connectors/webhook_message.html",
        webhook=one,
        message=found,
        kind=_kind(found.kind),
        label=label,
        tone=tone,
        tries=[(row, FAILURES.get(row.failure, row.failure)) for row in tries],
    )


@page("settings/webhooks/<int:webhook_id>/act", needs=NEEDS, name="connectors.act_on_webhook")
@require_POST
def act(request: HttpRequest, webhook_id: int) -> Shown:
    """Sends a test, makes a new secret, switches off or on, or removes a webhook."""
    one, now = _webhook(request, webhook_id), timezone.now()
    if "remove" in request.POST:
        delete_webhook(one)
        say(request, gettext("The webhook is removed."))
        return redirect("connectors.webhooks")
    if "test" in request.POST:
        send_test(one, now=now)
        say(request, gettext("A test message is on its way."))
    elif "rotate" in request.POST:
        rotate_secret(one, now=now)
        say(request, gettext("There is a new secret; the one before signs for a day more."))
    elif "switch" in request.POST:
        wish = WebhookWish(
            one.name, one.url, tuple(one.kinds), tuple(one.subjects), is_on=not one.is_on
        )
        change_webhook(one, wish, now=now)
        say(request, gettext("Switched on.") if wish.is_on else gettext("Switched off."))
    return redirect("connectors.webhook", one.pk)


def _webhook(request: HttpRequest, webhook_id: int) -> Webhook:
    user: Any = request.user
    return get_seen(Webhook, webhook_id, seen_by=user)


def _kind(name: str) -> object:
    if name == TEST:
        return gettext("Test")
    kind = hook_kinds.kinds().get(name)
    return kind.label if kind else name
