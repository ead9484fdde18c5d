"""Making and changing a segment: cards in a plain form, drawn anew with every step and choice."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone, translation
from django.utils.text import slugify
from django.utils.translation import gettext as _

from regulars.company.models import Category
from regulars.company.queries import get_brand
from regulars.core.conditions.reading import parse
from regulars.core.errors import Refused
from regulars.core.money import minor_per_unit
from regulars.customers.actions.segments import SegmentInput, change_segment, create_segment
from regulars.customers.knowledge import CUSTOMER
from regulars.customers.models import Customer, Segment
from regulars.customers.queries.consents import purposes
from regulars.customers.queries.saying import in_words
from regulars.customers.queries.segments import get_segment
from regulars.insight.building.drafts import (
    ROOT,
    Card,
    draft_of,
    draft_of_form,
    empty_group,
    places_of,
    step,
)
from regulars.insight.building.drawing import Drawing
from regulars.insight.building.reading import DraftReader, show_as_typed, suit_types
from regulars.insight.segments.sizes import overlap_of, size_of
from regulars.web.frame import say
from regulars.web.pages import Shown, page, show

NAMES = ("name", "name_ru", "purpose", "other")


@dataclass
class Asked:
    """What a form of the builder says: the names, the draft, and the place that gets the focus."""

    told: dict[str, str]
    draft: Card
    at: str = ""
    problem: str = ""


@page("segments/new", needs="customers.edit_segment", title=translation.gettext_lazy("New segment"))
def new_segment(request: HttpRequest) -> Shown:
    """A segment from nothing, or as a copy of another one."""
    copied = Segment.objects.filter(code=request.GET.get("copy", "")[:50], kind="live").first()
    return _builder(request, None, copied)


@page("segments/<slug:code>/edit", needs="customers.edit_segment")
def edit_segment(request: HttpRequest, code: str) -> Shown:
    """A segment's names, purpose and condition."""
    segment = get_segment(code)
    return _builder(request, segment, segment)


def _builder(request: HttpRequest, segment: Segment | None, shown: Segment | None) -> Shown:
    asked = _asked(request) if request.method == "POST" else _stored(shown, is_copy=not segment)
    condition = _reader().read(asked.draft)
    if request.method == "POST" and "save" in request.POST:
        try:
            return _saved(request, segment, asked, condition)
        except Refused as refused:
            asked.problem = refused.message
    return _drawn(request, segment, asked, condition)


def _asked(request: HttpRequest) -> Asked:
    # A select of several values sends each under the same name.
    form = {name: ", ".join(request.POST.getlist(name)) for name in request.POST}
    draft = draft_of_form(form)
    suit_types(draft, CUSTOMER)
    act = form.get("act", "")
    at = step(draft, act[:200]) if act else ""
    return Asked({name: form.get(name, "")[:100].strip() for name in NAMES}, draft, at)


def _stored(shown: Segment | None, *, is_copy: bool) -> Asked:
    if shown is None or shown.kind != "live":
        return Asked(dict.fromkeys(NAMES, ""), empty_group())
    told = {name: getattr(shown, name, "") for name in NAMES}
    if is_copy:
        told["name"] = _("%(name)s, a copy") % {"name": shown}
        told["name_ru"] = ""
    draft = show_as_typed(draft_of(shown.condition), CUSTOMER, _per_unit())
    return Asked(told, draft)


def _reader() -> DraftReader:
    brand = get_brand()
    return DraftReader(
        CUSTOMER,
        words=translation,
        currency=brand.currency,
        zone=brand.timezone,
        choose=_("Choose what this is about."),
    )


def _per_unit() -> int:
    return minor_per_unit(get_brand().currency)


def _saved(
    request: HttpRequest, segment: Segment | None, asked: Asked, condition: dict[str, Any] | None
) -> HttpResponse:
    if condition is None:
        raise Refused("incomplete", _("Some conditions are not complete yet."), "condition")
    told = SegmentInput(
        name=asked.told["name"],
        name_ru=asked.told["name_ru"],
        condition=condition,
        purpose=asked.told["purpose"],
        is_on=segment.is_on if segment else True,
    )
    now = timezone.now()
    if segment is None:
        segment = create_segment(_free_code(told.name), told, now=now)
    else:
        change_segment(segment, told, now=now)
    say(request, _("Saved. Its people are found within seconds."))
    return redirect("insight.segment_home", code=segment.code)


def _free_code(name: str) -> str:
    """A code made of the name that no segment has yet."""
    stem = slugify(name)[:40].replace("-", "_").strip("_") or "segment"
    taken = set(Segment.objects.filter(code__startswith=stem).values_list("code", flat=True))
    spellings = (stem if number == 1 else f"{stem}_{number}" for number in range(1, 1_000))
    return next(code for code in spellings if code not in taken)


def _drawn(
    request: HttpRequest, segment: Segment | None, asked: Asked, condition: dict[str, Any] | None
) -> HttpResponse:
    drawing = Drawing(CUSTOMER, get_brand().currency, _per_unit(), asked.at)
    if not asked.problem and "save" not in request.POST:
        _forgive(asked.draft, asked.at)
    context = {
        "segment": segment,
        "told": asked.told,
        "problem": asked.problem,
        "card": drawing.draw(asked.draft, ROOT),
        "categories": _category_paths(asked.draft),
        "purposes": [(one.code, _(one.name)) for one in purposes().values()],
        **_preview(asked, condition),
    }
    if request.headers.get("HX-Request") == "true":
        return render(request, "insight/building/_builder.html", context)
    return show(
        request, "insight/segment_form.html", status=422 if asked.problem else 200, **context
    )


def _forgive(draft: Card, at: str) -> None:
    """A card that was added this moment, or where nothing is typed yet, is not wrong yet."""
    for place, card in places_of(draft):
        is_bare = not card.get("field") and not card.get("fact")
        is_begun = not card.get("value") and not card.get("several")
        if place == at or is_bare or is_begun:
            card.problem = ""


def _category_paths(draft: Card) -> list[str]:
    """The paths of categories to choose from, where a card asks for one."""
    if not any(card.get("field") == "category" for _place, card in places_of(draft)):
        return []
    return list(Category.objects.order_by("path").values_list("path", flat=True)[:2_000])


def _preview(asked: Asked, condition: dict[str, Any] | None) -> dict[str, Any]:
    """Who the draft holds for now: exact size, ten of them, the overlap with another segment."""
    others = list(Segment.objects.filter(kind="live").order_by("name"))
    shape: dict[str, Any] = {"others": others, "size": None}
    if condition is None:
        return shape
    now = timezone.now()
    parsed = parse(condition, CUSTOMER)
    size = size_of(parsed, now=now)
    rows = Customer.objects.in_bulk(size.sample)
    shape |= {
        "size": size,
        "share": 100 * size.size / size.everybody if size.everybody else None,
        "sample": [rows[one] for one in size.sample if one in rows],
        "sentence": in_words(parsed),
    }
    other = next((one for one in others if one.code == asked.told["other"]), None)
    if other is not None:
        overlap = overlap_of(parsed, parse(other.condition, CUSTOMER), now=now)
        shape |= {"overlap": overlap, "other": other}
    return shape
