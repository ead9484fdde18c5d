"""The tracking plan: versions as cards, a draft of the next one, what it changes, publishing."""

import json
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, ngettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from regulars.connectors.actions.drafts import (
    change_event_in_draft,
    discard_draft,
    drop_event_from_draft,
    import_draft,
    learn_draft,
    open_draft,
    publish_draft,
    set_draft,
)
from regulars.connectors.models import EventSource, PlanDraft, TrackingPlan
from regulars.connectors.pages.sources import NEEDS
from regulars.connectors.pages.tabs import event_tabs
from regulars.connectors.rules.cards import TYPES, Card, Property, card_of, cards_of, compared
from regulars.connectors.watching import event_sources, plan_before, plan_in_force, plan_versions
from regulars.core.access import get_seen
from regulars.core.errors import Refused
from regulars.web.frame import say
from regulars.web.pages import Shown, blame, page, show, show_form, spoken

EMPTY_ROWS = 3
WORDS = {
    "string": _("text"),
    "number": _("number"),
    "integer": _("whole number"),
    "boolean": _("yes or no"),
    "array": _("list"),
    "object": _("group of values"),
    "null": _("nothing"),
}
KINDS = {
    "added": (_("new"), "good"),
    "removed": (_("removed"), "bad"),
    "changed": (pgettext_lazy("plan", "changed"), "warn"),
}


def kind_words(kind: str) -> str:
    """A type of a property in words; two types are joined by “or”."""
    joint = f" {gettext('or')} "
    return joint.join(str(WORDS.get(one, one)) for one in kind.split("|") if one)


@page(
    "settings/events/plan", needs=NEEDS, title=_("Tracking plan"), name="connectors.tracking_plan"
)
def plan(request: HttpRequest) -> Shown:
    """The plan in force as cards, its versions, and whether a draft is being worked on."""
    source = _source(request)
    return _plan_page(request, source, plan_in_force(source))


@page("settings/events/plan/<int:plan_id>", needs=NEEDS, name="connectors.plan_version")
def version(request: HttpRequest, plan_id: int) -> Shown:
    """One version of a plan, and what it changed."""
    found = _plan(request, plan_id)
    return _plan_page(request, found.source, found)


def _plan_page(
    request: HttpRequest, source: EventSource | None, shown: TrackingPlan | None
) -> Shown:
    before = plan_before(shown) if shown else None
    return show(
        request,
        "connectors/plan.html",
        tabs=event_tabs("connectors.tracking_plan"),
        source=source,
        sources=list(event_sources()),
        plan=shown,
        cards=_cards(shown.schemas) if shown else [],
        versions=list(plan_versions(source)),
        changes=_changes(before.schemas, shown.schemas) if shown and before else [],
        draft=PlanDraft.objects.filter(source=source).first(),
    )


def _cards(schemas: dict[str, Any]) -> list[tuple[Card, list[tuple[Property, str]]]]:
    return [
        (card, [(one, kind_words(one.type)) for one in card.properties])
        for card in cards_of(schemas)
    ]


def _changes(before: dict[str, Any], after: dict[str, Any]) -> list[tuple[Any, Any, str]]:
    return [(change, *KINDS[change.kind]) for change in compared(before, after)]


@page("settings/events/plan/<int:plan_id>.json", needs=NEEDS, name="connectors.plan_file")
def export(request: HttpRequest, plan_id: int) -> Shown:
    """One version as a file of JSON schemas by event name."""
    found = _plan(request, plan_id)
    told = {"version": found.version, "only_planned": found.only_planned, "schemas": found.schemas}
    body = json.dumps(told, ensure_ascii=False, indent=2)
    response = HttpResponse(body, content_type="application/json")
    response["Content-Disposition"] = f'attachment; filename="tracking-plan-{found.version}.json"'
    return response


class ImportForm(forms.Form):
    """JSON schemas by event name."""

    document = forms.CharField(
        label=_("JSON schemas by event name"),
        max_length=2_000_000,
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false"}),
    )


class PublishForm(forms.Form):
    """What is said of a new version."""

    note = forms.CharField(label=_("What is new in it"), required=False, max_length=300)
    only_planned = forms.BooleanField(
        label=_("An event outside the plan breaks it"), required=False
    )


@page("settings/events/plan/draft", needs=NEEDS, name="connectors.plan_draft")
def draft(request: HttpRequest) -> Shown:
    """The draft of the next version: cards, what differs, learning, import, publishing."""
    return _draft_page(request, _draft(request))


def _draft_page(request: HttpRequest, found: PlanDraft, form: forms.Form | None = None) -> Shown:
    inforce = plan_in_force(found.source)
    return show_form(
        request,
        "connectors/plan_draft.html",
        form=form or ImportForm(),
        publishing=PublishForm(initial={"only_planned": found.only_planned}),
        source=found.source,
        cards=_cards(found.schemas),
        changes=_changes(inforce.schemas if inforce else {}, found.schemas),
        plan=inforce,
        query=_query(found.source),
    )


@page("settings/events/plan/draft/act", needs=NEEDS, name="connectors.change_draft")
@require_POST
def act(request: HttpRequest) -> Shown:
    """Learns, imports, publishes or discards: what the pressed button says."""
    found, now, what = _draft(request), timezone.now(), request.POST.get("act", "")
    source = found.source
    if what == "import":
        return _import(request, found)
    if what == "learn":
        seen = learn_draft(found, now=now)
        words = ngettext("%(n)s event was looked at.", "%(n)s events were looked at.", seen)
        say(request, words % {"n": seen})
    elif what == "publish":
        form = PublishForm(request.POST)
        form.is_valid()
        set_draft(found, only_planned=form.cleaned_data["only_planned"], now=now)
        user: Any = request.user
        made = publish_draft(found, note=form.cleaned_data.get("note", ""), by=user, now=now)
        say(request, gettext("Version %(version)s is in force.") % {"version": made.version})
        return redirect(reverse("connectors.tracking_plan") + _query(source))
    elif what == "discard":
        discard_draft(found)
        say(request, gettext("The draft is discarded."))
        return redirect(reverse("connectors.tracking_plan") + _query(source))
    return redirect(reverse("connectors.plan_draft") + _query(source))


def _import(request: HttpRequest, found: PlanDraft) -> Shown:
    form = ImportForm(request.POST)
    if form.is_valid():
        try:
            import_draft(found, json.loads(form.cleaned_data["document"]), now=timezone.now())
        except (ValueError, RecursionError):
            form.add_error("document", gettext("This is not JSON."))
        except Refused as refused:
            form.add_error("document", spoken(refused))
        else:
            return redirect(reverse("connectors.plan_draft") + _query(found.source))
    return _draft_page(request, found, form)


class CardForm(forms.Form):
    """One event of a draft, with a row for each property and some empty ones."""

    name = forms.CharField(label=_("Event"), max_length=254)
    description = forms.CharField(
        label=_("What it means"), required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    is_closed = forms.BooleanField(label=_("No other properties"), required=False)

    def __init__(self, data: Any = None, *, card: Card) -> None:
        told = {key: getattr(card, key) for key in ("name", "description", "is_closed")}
        super().__init__(data, initial=told)
        self.places = range(len(card.properties) + EMPTY_ROWS)
        for place in self.places:
            known = place < len(card.properties)
            self._add_row(place, card.properties[place] if known else Property(""))

    def _add_row(self, place: int, told: Property) -> None:
        kinds: list[tuple[str, Any]] = [("", _("any")), *[(kind, WORDS[kind]) for kind in TYPES]]
        if told.type not in dict(kinds):
            kinds.append((told.type, kind_words(told.type)))
        fields: dict[str, forms.Field] = {
            "name": forms.CharField(label=_("Property"), required=False, max_length=200),
            "type": forms.ChoiceField(label=_("Type"), required=False, choices=kinds),
            "choices": forms.CharField(label=_("Choices, divided by ;"), required=False),
            "required": forms.BooleanField(label=_("Required"), required=False),
            "description": forms.CharField(label=_("What it means"), required=False),
        }
        for key, field in fields.items():
            value = getattr(told, key)
            field.initial = "; ".join(value) if isinstance(value, tuple) else value
            self.fields[f"{key}_{place}"] = field

    @property
    def rows(self) -> list[list[Any]]:
        """The bound fields of each property."""
        keys = ("name", "type", "choices", "required", "description")
        return [[self[f"{key}_{place}"] for key in keys] for place in self.places]

    def card(self) -> Card:
        """The event as the form says; rows without a name are left out."""
        told = self.cleaned_data
        properties = {
            name: Property(
                name,
                told[f"type_{place}"],
                told[f"required_{place}"],
                tuple(one.strip() for one in told[f"choices_{place}"].split(";") if one.strip()),
                told[f"description_{place}"],
            )
            for place in self.places
            if (name := told[f"name_{place}"])
        }
        return Card(
            told["name"], told["description"], tuple(properties.values()), told["is_closed"]
        )


@page("settings/events/plan/draft/event", needs=NEEDS, name="connectors.draft_event")
def event(request: HttpRequest) -> Shown:
    """One event of the draft, to be changed; without a name a new one."""
    found, name = _draft(request), request.GET.get("name", "")
    if name and name not in found.schemas:
        raise Http404(name)
    form = CardForm(request.POST or None, card=card_of(name, found.schemas.get(name, {})))
    if request.method == "POST" and "drop" in request.POST:
        drop_event_from_draft(found, name, now=timezone.now())
        return redirect(reverse("connectors.plan_draft") + _query(found.source))
    if request.method == "POST" and form.is_valid():
        try:
            change_event_in_draft(found, form.card(), was=name, now=timezone.now())
        except Refused as refused:
            blame(form, refused)
        else:
            return redirect(reverse("connectors.plan_draft") + _query(found.source))
    context = {"name": name, "query": _query(found.source), "source": found.source}
    return show_form(request, "connectors/plan_event.html", form=form, **context)


def _draft(request: HttpRequest) -> PlanDraft:
    return open_draft(_source(request), now=timezone.now())


def _plan(request: HttpRequest, plan_id: int) -> TrackingPlan:
    user: Any = request.user
    return get_seen(TrackingPlan, plan_id, seen_by=user)


def _source(request: HttpRequest) -> EventSource | None:
    """The source whose plan is meant, by `?source=`; None is the plan for all."""
    code = request.GET.get("source", "")
    return event_sources().filter(code=code).first() if code else None


def _query(source: EventSource | None) -> str:
    return f"?source={source.code}" if source else ""
