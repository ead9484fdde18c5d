"""Ladders of tiers: what there is, and a form for the next version of each."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.http import HttpRequest
from django.shortcuts import redirect
from django.utils.text import slugify
from django.utils.timezone import now as moment_of_now
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from regulars.core.errors import Refused
from regulars.core.money import minor_per_unit
from regulars.loyalty.actions import LadderInput, StepInput, set_ladder
from regulars.loyalty.actions.reminding import LONGEST
from regulars.loyalty.actions.warning import set_warnings
from regulars.loyalty.measures import measured
from regulars.loyalty.models import Ladder, LadderVersion, Tier
from regulars.loyalty.pages.addresses import program_of
from regulars.loyalty.pages.refusals import blame_in_words
from regulars.loyalty.pages.tier_sentences import ladder_told
from regulars.loyalty.queries.reminders import warned_since
from regulars.loyalty.rules.tiers.settings import LadderRules
from regulars.web.frame import say
from regulars.web.pages import Shown, page, show_form

ROWS = 12
SHOWN = timedelta(days=30)
SPARE = 3
"""Empty rows for tiers that are to be added."""
BASES = (
    ("unit", _("Qualifying points")),
    ("spend", _("Money spent")),
    ("visits", _("Visits")),
    ("acts", _("Acts that are not purchases")),
    ("balance", _("Points in hand")),
)
PERIODS = (
    ("lifetime", _("The whole membership")),
    ("calendar", _("A part of the calendar year, or all of it")),
    ("rolling_months", _("The last months")),
    ("rolling_days", _("The last days")),
    ("membership_anniversary", _("The year of membership")),
    ("tier_anniversary", _("Months since the tier was reached")),
    ("fixed_term", _("Days since the tier was reached")),
)
CALENDAR = (
    ("month", _("Month")),
    ("quarter", _("Quarter")),
    ("half_year", _("Half-year")),
    ("year", _("Year")),
)
WHEN = (("at_once", _("At once")), ("at_period_end", _("When the period ends")))
FALLS = (
    ("to_qualified", _("To the tier that is deserved")),
    ("one_down", _("One tier down")),
    ("never", _("Nobody falls")),
)
RETURNS = (
    ("undo", _("As if the goods had never been bought")),
    ("count", _("The tier stays until it is judged")),
)


class LadderForm(forms.Form):
    """The rules of a ladder; its tiers are rows of their own."""

    name = forms.CharField(label=_("Name"), max_length=50)
    name_ru = forms.CharField(label=_("Name in Russian"), max_length=50, required=False)
    basis = forms.ChoiceField(label=_("What leads up"), choices=BASES)
    acts = forms.CharField(
        label=_("Which acts"),
        help_text=_("Kinds of entries on the timeline, with commas; only where acts lead up."),
        max_length=300,
        required=False,
    )
    period = forms.ChoiceField(label=_("What counts"), choices=PERIODS)
    length = forms.IntegerField(
        label=_("How many months or days"),
        help_text=_("Only where the period above is counted in them."),
        min_value=0,
        max_value=3660,
        required=False,
    )
    calendar = forms.ChoiceField(label=_("Part of the calendar"), choices=CALENDAR)
    upgrade = forms.ChoiceField(label=_("A higher tier begins"), choices=WHEN)
    falls = forms.ChoiceField(label=_("A tier is lost"), choices=WHEN)
    downgrade = forms.ChoiceField(label=_("Who loses a tier falls"), choices=FALLS)
    returns = forms.ChoiceField(label=_("Goods that come back"), choices=RETURNS)
    grace_days = forms.IntegerField(
        label=_("Days of grace before a fall"), min_value=0, max_value=3660, required=False
    )
    minimum_months = forms.IntegerField(
        label=_("Months a tier lasts at least"), min_value=0, max_value=120, required=False
    )


RULES = ("basis", "period", "length", "calendar", "upgrade", "falls", "downgrade", "returns")
NUMBERS = ("grace_days", "minimum_months")
KEPT = ("unit", "restarts", "counts_pending")
"""What only the API sets."""


class StepForm(forms.Form):
    """One tier; a row without a name is no tier."""

    code = forms.CharField(widget=forms.HiddenInput, required=False, max_length=30)
    name = forms.CharField(label=_("Tier"), max_length=50, required=False)
    name_ru = forms.CharField(label=_("In Russian"), max_length=50, required=False)
    minimum = forms.DecimalField(label=_("Reached with"), min_value=0, required=False)
    keep_min = forms.DecimalField(label=_("Kept with"), min_value=0, required=False)
    benefits = forms.CharField(label=_("Benefits, by code"), max_length=200, required=False)

    def clean(self) -> dict[str, Any]:
        """A named tier says what it takes."""
        told = super().clean() or {}
        if told.get("name") and told.get("minimum") is None and "minimum" not in self.errors:
            self.add_error("minimum", _("Say what it takes to reach this tier."))
        return told


class WarningsForm(forms.Form):
    """When members hear that a tier of a ladder is about to fall."""

    days = forms.IntegerField(
        label=_("Days before a tier falls"),
        help_text=_("Empty: nobody is warned."),
        min_value=1,
        max_value=LONGEST,
        required=False,
    )


@page("loyalty/<slug:code>/tiers", needs="loyalty.view_program")
def ladders(request: HttpRequest, code: str) -> Shown:
    """The ladders of a program with their tiers, the version in force, and their warnings."""
    program = program_of(code)
    rows = list(
        Ladder.objects.filter(program=program).select_related("program").order_by("position")
    )
    forms_of = {row.pk: _warnings_form(request, row) for row in rows}
    if request.method == "POST" and request.user.has_perm("loyalty.edit_program"):
        for row in rows:
            form = forms_of[row.pk]
            if form.is_bound and form.is_valid():
                set_warnings(row, form.cleaned_data["days"])
                say(request, gettext("Saved."))
                return redirect("loyalty.ladders", code=program.code)
    since = moment_of_now() - SHOWN
    shown = [_told(row, forms_of[row.pk], warned_since(row, since)) for row in rows]
    return show_form(
        request,
        "loyalty/ladders.html",
        form=next((form for form in forms_of.values() if form.is_bound), WarningsForm()),
        program=program,
        ladders=shown,
        new_code=f"ladder-{len(shown) + 1}" if shown else "main",
    )


def _warnings_form(request: HttpRequest, row: Ladder) -> WarningsForm:
    """The form of one ladder, filled in where it is the one that was sent."""
    prefix = f"warn-{row.code}"
    is_sent = f"{prefix}-days" in request.POST
    initial = {"days": row.warns_days}
    return WarningsForm(request.POST if is_sent else None, initial=initial, prefix=prefix)


def _told(row: Ladder, form: WarningsForm, warned: int) -> dict[str, Any]:
    version = _latest(row)
    rules = LadderRules.model_validate(version.rules if version else {})
    tiers = Tier.objects.filter(ladder=row, is_retired=False).order_by("qualifying_min")
    currency = row.program.currency
    return {
        "ladder": row,
        "version": version,
        "told": ladder_told(rules),
        "tiers": [(one, measured(rules.basis, one.qualifying_min, currency)) for one in tiers],
        "may_fall": rules.downgrade != "never" and not rules.is_plain,
        "form": form,
        "warned": warned,
    }


@page("loyalty/<slug:code>/tiers/<slug:ladder>", needs="loyalty.edit_program")
def edit_ladder(request: HttpRequest, code: str, ladder: str) -> Shown:
    """The next version of a ladder, in force at once; a code that is not known makes a new one."""
    program = program_of(code)
    row = Ladder.objects.filter(program=program, code=ladder).first()
    posted = request.POST if request.method == "POST" else None
    form = LadderForm(posted, initial=_rules_of(row))
    steps = forms.formset_factory(StepForm, extra=0, max_num=ROWS)(
        posted, initial=_steps_of(row, program.currency), prefix="tier"
    )
    if posted is not None and form.is_valid() and steps.is_valid():
        try:
            entry = _entry(ladder, form, steps, row, currency=program.currency)
            set_ladder(program, entry, now=moment_of_now())
        except Refused as refused:
            blame_in_words(form, refused)
        else:
            say(request, gettext("The new version is in force; members are judged by it now."))
            return redirect("loyalty.ladders", code=program.code)
    if posted is not None and not steps.is_valid():
        form.add_error(None, gettext("Something is missing in the tiers below."))
    return show_form(
        request, "loyalty/ladder.html", form=form, steps=steps, program=program, ladder=row
    )


def _latest(row: Ladder | None) -> LadderVersion | None:
    return LadderVersion.objects.filter(ladder=row).order_by("-version").first() if row else None


def _rules_of(row: Ladder | None) -> dict[str, Any]:
    version = _latest(row)
    rules = LadderRules.model_validate(version.rules if version else {}).model_dump()
    rules["acts"] = ", ".join(rules["acts"])
    told = {"name": row.name, "name_ru": row.name_ru} if row else {}
    return {name: value for name, value in rules.items() if value not in (0, "")} | told


def _parts_in(basis: str, currency: str) -> int:
    """How many of what a ladder counts in make one of what people write: minor units of money, else 1."""
    return minor_per_unit(currency) if basis == "spend" else 1


def _counted(written: Decimal | None, parts: int) -> int | None:
    """What a ladder counts, of an amount as people write it; nothing smaller than its least part."""
    if written is None:
        return None
    if (counted := written * parts) != int(counted):
        raise Refused("not_whole", gettext("Only money has places after the point."), "minimum")
    return int(counted)


def _written(counted: int | None, parts: int) -> Decimal | int | None:
    """The same amount as people write it; money with all its places."""
    if counted is None or parts == 1:
        return counted
    return Decimal(counted).scaleb(1 - len(str(parts)))


def _steps_of(row: Ladder | None, currency: str) -> list[dict[str, Any]]:
    version = _latest(row)
    parts = _parts_in(version.rules.get("basis", "unit") if version else "unit", currency)
    keeping = {one["code"]: one.get("keep_min") for one in version.steps} if version else {}
    tiers = Tier.objects.filter(ladder=row, is_retired=False).order_by("qualifying_min")
    steps: list[dict[str, Any]] = [
        {
            "code": tier.code,
            "name": tier.name,
            "name_ru": tier.name_ru,
            "minimum": _written(tier.qualifying_min, parts),
            "keep_min": _written(keeping.get(tier.code), parts),
            "benefits": ", ".join(tier.benefits),
        }
        for tier in tiers[:ROWS]
    ]
    return steps + [{}] * min(SPARE, ROWS - len(steps))


def _entry(
    code: str, form: LadderForm, steps: Any, row: Ladder | None, *, currency: str
) -> LadderInput:
    """The next version; what the form does not show stays as it was, as long as the basis does."""
    told, version = form.cleaned_data, _latest(row)
    known = version.rules if version else {}
    is_kept = known.get("basis", "unit") == told["basis"]
    rules = {name: known[name] for name in KEPT if name in known and is_kept}
    rules |= {name: told[name] for name in RULES if told[name] not in (None, "")}
    if told["basis"] == "acts":
        rules["acts"] = _parts_of(told["acts"])
    rules |= {name: told[name] for name in NUMBERS if told[name]}
    rows = [row for row in steps.cleaned_data if row.get("name")]
    parts = _parts_in(told["basis"], currency)
    tiers = [_step(row, parts) for row in rows]
    return LadderInput(code, told["name"], tiers, rules, told["name_ru"])


def _step(row: dict[str, Any], parts: int) -> StepInput:
    minimum = _counted(row["minimum"], parts) or 0
    return StepInput(
        row["code"] or slugify(row["name"])[:30] or f"tier-{minimum}",
        row["name"],
        minimum,
        row["name_ru"],
        _counted(row["keep_min"], parts),
        tuple(_parts_of(row["benefits"])),
    )


def _parts_of(text: str) -> list[str]:
    """What stands between the commas of a text."""
    return [part.strip() for part in text.split(",") if part.strip()]
