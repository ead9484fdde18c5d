"""Forms of earn rules, drawn from what each mechanic says of its own settings."""

import json
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.text import slugify
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from regulars.core.money import minor_per_unit
from regulars.customers.models import Segment
from regulars.loyalty.actions import RuleInput
from regulars.loyalty.models import Campaign, Program, Rule, Tier, Unit
from regulars.loyalty.rules.facts import DAYS_OF_WEEK
from regulars.loyalty.rules.mechanic import mechanics

Shape = dict[str, Any]
PART = "__"
"""Between the name of a group of settings and a setting in it, in the names of form fields."""


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
                field = _drawn(program, part, resolved(one, schema), value=inner.get(part))
                fields[f"{name}{PART}{part}"] = field
        elif name != "unit":
            fields[name] = _drawn(program, name, whole, value=known.get(name))
    for name, field in fields.items():
        if PART in name or name == "group_takes":
            field.required = False  # left empty it has the value the mechanic gives it
    return type("RuleForm", (forms.Form,), fields)


def _drawn(program: Program, name: str, shape: Shape, *, value: Any) -> forms.Field:
    """The field of one setting; those that name things of the program let people choose them."""
    if name in CHOSEN:
        return _choice_field(shape, CHOSEN[name](program), value)
    if name == "campaign":
        return _campaign_field(program, shape, value)
    if scale := scale_of(name, program.currency):
        field = _scaled_field(shape, value, scale=scale)
        if name.endswith("_minor"):
            field.label = f"{field.label}, {program.currency}"
        return field
    return field_of(shape, value)


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


def _named(rows: Iterable[Unit | Tier | Segment | Campaign]) -> list[tuple[str, str]]:
    russian = (get_language() or "").startswith("ru")
    return [(row.code, (russian and row.name_ru) or row.name) for row in rows]


def _tiers(program: Program) -> list[tuple[str, str]]:
    return _named(Tier.objects.filter(program=program, is_retired=False).order_by("qualifying_min"))


def _segments(program: Program) -> list[tuple[str, str]]:
    return _named(Segment.objects.filter(is_on=True).order_by("name"))


def _weekdays(program: Program) -> list[tuple[str, str]]:
    return [(str(day.value), str(day.label)) for day in DAYS_OF_WEEK]


CHOSEN = {"tiers": _tiers, "segments": _segments, "weekdays": _weekdays}
"""Settings that name things of which there are few, with where to look them up."""


def _choice_field(shape: Shape, choices: list[tuple[str, str]], value: Any) -> forms.Field:
    """Boxes to tick; what was chosen and is offered no more stays, or a rule would grow by a save."""
    offered = {code for code, _label in choices}
    gone = [str(code) for code in value or () if str(code) not in offered]
    old = [(code, gettext("%(code)s (no longer offered)") % {"code": code}) for code in gone]
    return forms.MultipleChoiceField(
        label=gettext(shape.get("title", "")),
        required=False,
        choices=[*choices, *old],
        initial=value or (),
        widget=forms.CheckboxSelectMultiple,
    )


def _campaign_field(program: Program, shape: Shape, value: Any) -> forms.Field:
    rows = Campaign.objects.filter(program=program).order_by("name")
    return forms.ChoiceField(
        label=gettext(shape.get("title", "")),
        required=False,
        choices=[("", _("None")), *_named(rows)],
        initial=value or "",
    )


class JsonField(forms.CharField):
    """A JSON object as people write it; empty means nothing."""

    widget = forms.Textarea(attrs={"rows": 3, "spellcheck": "false"})

    def prepare_value(self, value: Any) -> Any:
        """The object as text."""
        return json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else value

    def to_python(self, value: Any) -> Any:
        """The object that the text means."""
        text = super().to_python(value)
        if not text:
            return None
        try:
            found = json.loads(text)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise forms.ValidationError(gettext("This is no JSON object."))
        return found


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
    if shape.get("type") == "boolean":
        return forms.BooleanField(**{**told, "required": False})
    if shape.get("type") == "object":
        return JsonField(**{**told, "required": False})
    if shape.get("type") == "string" and initial == "":
        told["required"] = False
    return _plain_field(shape, told)


def _plain_field(shape: Shape, told: dict[str, Any]) -> forms.Field:
    if shape.get("type") == "integer":
        return forms.IntegerField(
            min_value=shape.get("minimum"), max_value=shape.get("maximum"), **told
        )
    if shape.get("type") == "number":
        return forms.DecimalField(max_digits=12, **told)
    return forms.CharField(**told)


def entry_of(form: forms.Form, kind: str, *, program: Program, row: Rule | None) -> RuleInput:
    """The rule that a filled-in form means; settings that were left empty are not among its own."""
    settings: Shape = {}
    schema, currency = mechanics.get(kind).model_json_schema(), program.currency
    for name, shape in schema["properties"].items():
        whole = resolved(shape, schema)
        if "properties" in whole:
            parts = whole["properties"].items()
            inner = {
                p: _setting(form, f"{name}{PART}{p}", resolved(one, schema), currency=currency)
                for p, one in parts
            }
            settings[name] = {part: value for part, value in inner.items() if value}
        elif (value := _setting(form, name, whole, currency=currency)) not in EMPTY:
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


EMPTY: tuple[Any, ...] = (None, "", [], {})


def _setting(form: forms.Form, name: str, shape: Shape, *, currency: str) -> Any:
    value = form.cleaned_data.get(name)
    if isinstance(value, list | dict | bool):
        return value
    if scale := scale_of(name.rpartition(PART)[2], currency):
        return None if value is None else int(value * scale)
    return _value(form, name, shape)


def _value(form: forms.Form, name: str, shape: Shape) -> Any:
    value = form.cleaned_data.get(name)
    if shape.get("type") == "array":
        return [part.strip() for part in str(value or "").split(",") if part.strip()]
    if isinstance(form.fields[name], forms.DecimalField) and not isinstance(value, int):
        return None if value is None else str(value)
    return value
