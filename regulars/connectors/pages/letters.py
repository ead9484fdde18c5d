"""Dead letters: by reason, one opened where it broke; repaired, sent again, or discarded."""

import json
from typing import Any

from django import forms
from django.core.paginator import Paginator
from django.http import HttpRequest
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from regulars.connectors.actions import discard_dead_letters, resend_dead_letters
from regulars.connectors.models import DeadLetter
from regulars.connectors.pages.sources import NEEDS
from regulars.connectors.pages.tabs import event_tabs
from regulars.connectors.watching import event_sources, groups_of_letters, letters_of
from regulars.core.access import get_seen
from regulars.web.frame import say
from regulars.web.pages import Shown, page, show, show_form

PER_PAGE = 25
AT_ONCE = 5_000
"""So many letters of a group are sent again by one click."""
STATES = {
    "waiting": (_("waiting"), "warn"),
    "accepted": (_("let in all the same"), "accent"),
    "resent": (_("sent again"), "good"),
    "discarded": (_("discarded"), ""),
}
GROUP = ("reason", "path", "rule", "name")


@page(
    "settings/events/letters",
    needs=NEEDS,
    title=_("Dead letters"),
    name="connectors.dead_letters",
)
def letters(request: HttpRequest) -> Shown:
    """What could not come in, by reason."""
    state = request.GET.get("state", "")
    state = state if state in STATES else "waiting"
    return show(
        request,
        "connectors/letters.html",
        tabs=event_tabs("connectors.dead_letters"),
        groups=groups_of_letters(state, source=request.GET.get("source", "")),
        states=[(key, label) for key, (label, _tone) in STATES.items()],
        state=state,
        source=request.GET.get("source", ""),
        sources=list(event_sources().values_list("code", "name")),
    )


@page("settings/events/letters/group", needs=NEEDS, name="connectors.letter_group")
def group(request: HttpRequest) -> Shown:
    """The letters of one reason."""
    told, state = _group(request.GET), request.GET.get("state", "waiting")
    listed = Paginator(letters_of(told, state=state), PER_PAGE).get_page(request.GET.get("page"))
    label, tone = STATES.get(state, STATES["waiting"])
    return show(
        request,
        "connectors/letter_group.html",
        group=told,
        state=state,
        label=label,
        tone=tone,
        listed=listed,
    )


@page("settings/events/letters/act", needs=NEEDS, name="connectors.settle_letters")
@require_POST
def settle(request: HttpRequest) -> Shown:
    """Sends all letters of a group again, or discards them."""
    ids = list(letters_of(_group(request.POST)).values_list("pk", flat=True)[:AT_ONCE])
    if "discard" in request.POST:
        _say_discarded(request, discard_dead_letters(ids, now=timezone.now()))
    else:
        failed = resend_dead_letters(ids, now=timezone.now())
        _say_resent(request, len(ids) - len(failed), len(failed))
    return redirect("connectors.dead_letters")


class RepairForm(forms.Form):
    """An event as JSON, to be mended."""

    body = forms.CharField(
        label=_("The event as JSON"),
        max_length=4_000_000,
        widget=forms.Textarea(attrs={"rows": 18, "spellcheck": "false"}),
    )

    def clean_body(self) -> dict[str, Any]:
        """The event as plain values."""
        try:
            event = json.loads(self.cleaned_data["body"])
        except (ValueError, RecursionError):
            raise forms.ValidationError(gettext("This is not JSON.")) from None
        if not isinstance(event, dict):
            raise forms.ValidationError(gettext("An event is a JSON object."))
        return event


@page("settings/events/letters/<int:dead_letter_id>", needs=NEEDS, name="connectors.dead_letter")
def letter(request: HttpRequest, dead_letter_id: int) -> Shown:
    """One letter: where it broke, and its event to be mended and sent again."""
    user: Any = request.user
    found = get_seen(DeadLetter, dead_letter_id, seen_by=user)
    form = RepairForm(request.POST or None, initial={"body": _readable(found)})
    if request.method == "POST" and "discard" in request.POST:
        _say_discarded(request, discard_dead_letters([found.pk], now=timezone.now()))
        return redirect("connectors.dead_letters")
    if request.method == "POST" and form.is_valid():
        event = form.cleaned_data["body"]
        failed = resend_dead_letters([found.pk], now=timezone.now(), edited={found.pk: event})
        if not failed:
            _say_resent(request, 1, 0)
            return redirect("connectors.dead_letters")
        found = failed[0]
        where = f"{found.path}: {found.rule}" if found.path else found.rule
        form.add_error("body", where or found.reason)
    label, tone = STATES[found.state]
    return show_form(
        request, "connectors/letter.html", form=form, letter=found, label=label, tone=tone
    )


def _readable(letter: DeadLetter) -> str:
    try:
        return json.dumps(letter.event, ensure_ascii=False, indent=2)
    except ValueError:
        return letter.body


def _group(told: Any) -> dict[str, str]:
    return {key: told.get(key, "").replace("\x00", "")[:400] for key in GROUP}


def _say_discarded(request: HttpRequest, count: int) -> None:
    words = ngettext("%(n)s letter is discarded.", "%(n)s letters are discarded.", count)
    say(request, words % {"n": count})


def _say_resent(request: HttpRequest, sent: int, failed: int) -> None:
    words = ngettext("%(n)s event was sent again.", "%(n)s events were sent again.", sent)
    text = words % {"n": sent}
    if failed:
        more = ngettext("%(n)s failed again.", "%(n)s failed again.", failed)
        text = f"{text} {more % {'n': failed}}"
    say(request, text, tone="warn" if failed else "good")
