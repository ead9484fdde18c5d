"""Earn rules: a list, and a form that is drawn from each mechanic's own description."""

from django import forms
from django.http import Http404, HttpRequest
from django.shortcuts import redirect
from django.utils.timezone import now as moment_of_now
from django.utils.translation import gettext

from regulars.core.access import get_seen
from regulars.core.errors import Refused
from regulars.loyalty.actions import end_rule, set_rule
from regulars.loyalty.models import Program, Rule
from regulars.loyalty.pages.addresses import program_of
from regulars.loyalty.pages.drawing import PART, entry_of, form_of
from regulars.loyalty.queries.sentences import sentences_of
from regulars.loyalty.reasons import refusal_in_words
from regulars.loyalty.rules.mechanic import mechanics
from regulars.web.frame import say
from regulars.web.pages import Shown, page, show, show_form

LIMITS = ("stores", "tiers", "terms", "lines")
"""Settings that narrow a rule; the form shows them apart, for most rules leave them empty."""
BESIDES = ("limits", "group", "group_takes", "campaign", "partner")
"""Settings about how much a rule pays at most, who pays, and which rules it stands aside for."""


@page("loyalty/<slug:code>/rules", needs="loyalty.view_rule")
def rules(request: HttpRequest, code: str) -> Shown:
    """The rules in force, what is coming, what has ended, and the mechanics to add one from."""
    program, now = program_of(code), moment_of_now()
    rows = list(Rule.objects.filter(program=program).order_by("position", "code", "-version"))
    current = [row for row in rows if row.in_force_to is None or row.in_force_to > now]
    told = sentences_of(program, current)
    return show(
        request,
        "loyalty/rules.html",
        program=program,
        current=[(row, told[row.pk]) for row in current],
        ended=[row for row in rows if row.in_force_to is not None and row.in_force_to <= now],
        kinds=[
            (kind, gettext(mechanic.title), gettext((mechanic.__doc__ or "").partition("\n")[0]))
            for kind, mechanic in mechanics.kinds().items()
        ],
        now=now,
    )


@page("loyalty/<slug:code>/rules/new/<slug:kind>", needs="loyalty.edit_rule")
def new_rule(request: HttpRequest, code: str, kind: str) -> Shown:
    """A rule of a kind of mechanic, in force at once for purchases made from now on."""
    program = program_of(code)
    if kind not in mechanics.kinds():
        raise Http404
    return _form_page(request, program, kind=kind, row=None)


@page("loyalty/<slug:code>/rules/<int:rule_id>", needs="loyalty.edit_rule")
def edit_rule(request: HttpRequest, code: str, rule_id: int) -> Shown:
    """The next version of a rule; what the version before gave stays as it is."""
    program = program_of(code)
    rows = Rule.objects.filter(program=program)
    row = get_seen(Rule, rule_id, seen_by=request.user, rows=rows)  # type: ignore[arg-type]
    return _form_page(request, program, kind=row.kind, row=row)


@page("loyalty/<slug:code>/rules/<int:rule_id>/end", needs="loyalty.edit_rule")
def stop_rule(request: HttpRequest, code: str, rule_id: int) -> Shown:
    """Ends a rule; purchases made before still earn by it."""
    rows = Rule.objects.filter(program=program_of(code)).select_related("program")
    row = get_seen(Rule, rule_id, seen_by=request.user, rows=rows)  # type: ignore[arg-type]
    if request.method == "POST":
        end_rule(row, now=moment_of_now())
        say(request, gettext("The rule has ended."))
    return redirect("loyalty.rules", code=code)


def _form_page(request: HttpRequest, program: Program, *, kind: str, row: Rule | None) -> Shown:
    mechanic = mechanics.get(kind)
    form = form_of(kind, program, row)(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            set_rule(program, entry_of(form, kind, program=program, row=row), now=moment_of_now())
        except Refused as refused:
            name = (refused.field or "").replace(".", PART)
            form.add_error(name if name in form.fields else None, refusal_in_words(refused))
        else:
            say(request, gettext("The rule is in force from now on."))
            return redirect("loyalty.rules", code=program.code)
    return show_form(
        request,
        "loyalty/rule.html",
        form=form,
        program=program,
        row=row,
        kind=gettext(mechanic.title),
        words=gettext((mechanic.__doc__ or "").partition("\n")[0]),
        main=[field for field in form if _part(field) not in LIMITS + BESIDES],
        limits=[field for field in form if _part(field) in LIMITS],
        besides=[field for field in form if _part(field) in BESIDES],
    )


def _part(field: forms.BoundField) -> str:
    """The setting that a field belongs to: its own, or the group it is part of."""
    return field.name.partition(PART)[0]
