"""Earn rules: a list, and a form that is drawn from each mechanic's own description."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django import forms
from django.http import Http404, HttpRequest
from django.shortcuts import redirect
from django.utils.text import slugify
from django.utils.timezone import now as moment_of_now
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from regulars.core.access import get_seen
from regulars.core.errors import Refused
from regulars.core.money import minor_per_unit
from regulars.loyalty.actions import RuleInput, end_rule, set_rule
from regulars.loyalty.models import Program, Rule, Tier, Unit
from regulars.loyalty.rules.mechanic import mechanics
from regulars.web.frame import say
from regulars.web.pages import Shown, page, show, show_form

Shape = dict[str, Any]
LIMITS = ("stores", "tiers", "lines")
"""Settings that narrow a rule; the form shows them apart, for most rules leave them empty."""
PART = "__"
"""Between the name of a group of settings and a setting in it, in the names of form fields."""


@page("loyalty/<slug:code>/rules", needs="loyalty.view_rule")
def rules(request: HttpRequest, code: str) -> Shown:
    """The rules in force, what is coming, what has ended, and the mechanics to add one from."""
    program, now = _program(code), moment_of_now()
    rows = list(Rule.objects.filter(program=program).order_by("position", "code", "-version"))
    return show(
        request,
        "loyalty/rules.html",
        program=program,
        current=[row for row in rows if row.in_force_to is None or row.in_force_to > now],
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
    program = _program(code)
    if kind not in mechanics.kinds():
        raise Http404
    return _form_page(request, program, kind=kind, row=None)


@page("loyalty/<slug:code>/rules/<int:rule_id>", needs="loyalty.edit_rule")
def edit_rule(request: HttpRequest, code: str, rule_id: int) -> Shown:
    """The next version of a rule; what the version before gave stays as it is."""
    program = _program(code)
    rows = Rule.objects.filter(program=program)
    row = get_seen(Rule, rule_id, seen_by=request.user, rows=rows)  # type: ignore[arg-type]
    return _form_page(request, program, kind=row.kind, row=row)


@page("loyalty/<slug:code>/rules/<int:rule_id>/end", needs="loyalty.edit_rule")
def stop_rule(request: HttpRequest, code: str, rule_id: int) -> Shown:
    """Ends a rule; purchases made before still earn by it."""
    rows = Rule.objects.filter(program=_program(code)).select_related("program")
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
            set_rule(program, _entry(form, kind, program=program, row=row), now=moment_of_now())
        except Refused as refused:
            name = (refused.field or "").replace(".", PART)
            form.add_error(name if name in form.fields else None, refused.message)
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
        main=[field for field in form if field.name.partition(PART)[0] not in LIMITS],
        limits=[field for field in form if field.name.partition(PART)[0] in LIMITS],
    )


def form_of(kind: str, program: Program, row: Rule | None) -> type[forms.Form]:
    """A form with a field for the rule's name and one for each setting of its mechanic."""
    schema = mechanics.get(kind).model_json_schema()
    known = row.settings if row else {}
    fields: dict[str, forms.Field] = {
        "name": forms.CharField(label=_("Name"), max_length=100, initial=row.name if row else ""),
        "name_ru": forms.CharField(
            label=_("Name in Russian"),
            max_length=100,
            required=False,
            initial=row.name_ru if row else "",
        ),
    }
    fields["unit"] = forms.ChoiceField(
        label=_("What members get"),
        choices=_named(Unit.objects.filter(program=program).order_by("id")),
        initial=known.get("unit"),
    )
    for name, shape in schema["properties"].items():
        whole = resolved(shape, schema)
        if "properties" in whole:
            inner = known.get(name, {})
            for part, one in whole["properties"].items():
                fields[f"{name}{PART}{part}"] = field_of(resolved(one, schema), inner.get(part))
        elif name == "tiers":
            fields[name] = _tiers_field(program, known.get(name))
        elif scale := scale_of(name, program.currency):
            fields[name] = _scaled_field(whole, known.get(name), scale=scale)
            if name.endswith("_minor"):
                fields[name].label = f"{fields[name].label}, {program.currency}"
        elif name != "unit":
            fields[name] = field_of(whole, known.get(name))
    return type("RuleForm", (forms.Form,), fields)


def scale_of(name: str, currency: str) -> int:
    """By how much a setting is larger than what people write: cents of money, parts of a percent.

    >>> scale_of("cap_minor", "USD"), scale_of("basis_points", "USD"), scale_of("points", "USD")
    (100, 100, 0)
    """
    if name.endswith("_minor"):
        return minor_per_unit(currency)
    return 100 if name == "basis_points" else 0


def _scaled_field(shape: Shape, value: Any, *, scale: int) -> forms.Field:
    known = shape.get("default") if value is None else value
    smallest, largest = shape.get("minimum"), shape.get("maximum")
    return forms.DecimalField(
        label=gettext(shape.get("title", "")),
        required=not shape.get("optional"),
        initial=None if known is None else Decimal(known) / scale,
        min_value=None if smallest is None else Decimal(smallest) / scale,
        max_value=None if largest is None else Decimal(largest) / scale,
        max_digits=15,
        decimal_places=len(str(scale)) - 1,
    )


def _named(rows: Iterable[Unit | Tier]) -> list[tuple[str, str]]:
    russian = (get_language() or "").startswith("ru")
    return [(row.code, (russian and row.name_ru) or row.name) for row in rows]


def _tiers_field(program: Program, value: Any) -> forms.Field:
    return forms.MultipleChoiceField(
        label=_("Only for these tiers"),
        required=False,
        choices=_named(Tier.objects.filter(program=program).order_by("qualifying_min")),
        initial=value or (),
        widget=forms.CheckboxSelectMultiple,
    )


def resolved(shape: Shape, schema: Shape) -> Shape:
    """The description of a setting with its reference followed and "or nothing" taken off."""
    if "$ref" in shape:
        target = schema["$defs"][shape["$ref"].rpartition("/")[2]]
        return {**target, **{key: value for key, value in shape.items() if key != "$ref"}}
    options = [one for one in shape.get("anyOf", ()) if one.get("type") != "null"]
    if not options:
        return shape
    rest = {key: value for key, value in shape.items() if key != "anyOf"}
    may_be_left_out = len(options) < len(shape["anyOf"])
    return {**options[0], **rest, "optional": may_be_left_out}


def field_of(shape: Shape, value: Any) -> forms.Field:
    """The form field of one setting, with the value it has or starts from."""
    initial = shape.get("default") if value is None else value
    told: dict[str, Any] = {
        "label": gettext(shape.get("title", "")),
        "help_text": gettext(shape["description"]) if shape.get("description") else "",
        "required": not shape.get("optional"),
        "initial": initial,
    }
    if "enum" in shape:
        choices = [(one, gettext(one.replace("_", " "))) for one in shape["enum"]]
        return forms.ChoiceField(choices=choices, **told)
    if shape.get("type") == "array":
        told["initial"] = ", ".join(initial or ())
        told["help_text"] = gettext("Codes or paths, separated by commas; empty means all")
        return forms.CharField(**{**told, "required": False})
    if shape.get("type") == "integer":
        return forms.IntegerField(
            min_value=shape.get("minimum"), max_value=shape.get("maximum"), **told
        )
    if shape.get("type") == "number":
        return forms.DecimalField(max_digits=12, **told)
    return forms.CharField(**told)


def _entry(form: forms.Form, kind: str, *, program: Program, row: Rule | None) -> RuleInput:
    settings: Shape = {}
    schema = mechanics.get(kind).model_json_schema()
    for name, shape in schema["properties"].items():
        whole = resolved(shape, schema)
        if "properties" in whole:
            parts = whole["properties"].items()
            inner = {p: _value(form, f"{name}{PART}{p}", one) for p, one in parts}
            settings[name] = {part: value for part, value in inner.items() if value}
        elif (value := _setting(form, name, whole, currency=program.currency)) not in EMPTY:
            settings[name] = value
    named = form.cleaned_data["name"]
    taken = Rule.objects.filter(program=program, kind=kind).count()
    return RuleInput(
        code=row.code if row else f"{slugify(named)[:30] or kind}-{taken + 1}",
        name=named,
        name_ru=form.cleaned_data["name_ru"],
        kind=kind,
        settings=settings,
        position=row.position if row else 100,
        is_last=row.is_last if row else False,
    )


EMPTY: tuple[Any, ...] = (None, "", [])


def _setting(form: forms.Form, name: str, shape: Shape, *, currency: str) -> Any:
    value = form.cleaned_data.get(name)
    if isinstance(value, list):
        return value
    if scale := scale_of(name, currency):
        return None if value is None else int(value * scale)
    return _value(form, name, shape)


def _value(form: forms.Form, name: str, shape: Shape) -> Any:
    value = form.cleaned_data.get(name)
    if shape.get("type") == "array":
        return [part.strip() for part in str(value or "").split(",") if part.strip()]
    if isinstance(form.fields[name], forms.DecimalField) and not isinstance(value, int):
        return None if value is None else str(value)
    return value


def _program(code: str) -> Program:
    program = Program.objects.filter(code=code).first()
    if program is None:
        raise Http404
    return program
