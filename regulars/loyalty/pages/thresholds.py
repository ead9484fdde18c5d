"""The form of a draft that is about thresholds of tiers and the life of points."""

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from pydantic import ValidationError

from regulars.loyalty.models import Program, Tier, Unit
from regulars.loyalty.pages.expiry import ExpiryForm, initial_of
from regulars.loyalty.queries.drafts import untold_ladders
from regulars.loyalty.rules.expiry import Expiry
from regulars.loyalty.rules.replay.drafts import Changes, ExpiryChange
from regulars.loyalty.templatetags.loyalty import named


class LifeForm(ExpiryForm):
    """How long points of a unit would have lived from the beginning, in any way there is."""

    reaches_old = None  # type: ignore[assignment] # a draft is as if it had always been so

    def clean(self) -> dict[str, Any]:
        """The expiry, as the rules read it; days that no month has are refused."""
        told = super().clean()
        if not self.errors:
            try:
                told["expiry"] = Expiry.model_validate(self.expiry())
            except ValidationError:
                self.add_error(
                    "table", gettext("Write three days in each line, as 01-01 06-30 12-31.")
                )
        return told


def _as_if_always(expiry: Expiry) -> Expiry:
    return expiry.model_copy(update={"counts_from": None, "counts_old_from_earning": False})


class ThresholdsForm(forms.Form):
    """Thresholds of tiers and lives of points, as a draft would have them."""

    def __init__(self, *told: Any, program: Program, changes: Changes, **more: Any) -> None:
        super().__init__(*told, **more)
        rows = Tier.objects.filter(program=program, is_retired=False)
        rows = rows.exclude(ladder__in=untold_ladders(program)).select_related("ladder")
        self.tiers = list(rows.order_by("ladder__position", "qualifying_min"))
        units = Unit.objects.filter(program=program).exclude(kind="qualifying").order_by("id")
        for tier in self.tiers:
            self.fields[f"tier_{tier.code}"] = forms.IntegerField(
                label=_("%(tier)s is reached with") % {"tier": named(tier)},
                help_text="" if tier.ladder.position == 0 else named(tier.ladder),
                min_value=0,
                max_value=10**12,
                initial=changes.tiers.get(tier.code, tier.qualifying_min),
            )
        drafted = {change.unit: change.expiry for change in changes.expiries}
        self.lives = [
            (
                unit,
                LifeForm(
                    self.data if self.is_bound else None,
                    prefix=f"life-{unit.code}",
                    initial=initial_of(drafted.get(unit.code, unit.life.latest)),
                ),
            )
            for unit in units
        ]

    def clean(self) -> dict[str, Any]:
        """The thresholds, which must differ, and lives that can be."""
        told = super().clean() or {}
        values = [(tier.ladder_id, told.get(f"tier_{tier.code}")) for tier in self.tiers]
        if len({value for value in values if value[1] is not None}) < len(values):
            self.add_error(None, gettext("Each tier needs a threshold of its own."))
        for unit, life in self.lives:
            if not life.is_valid():
                self.add_error(
                    None, gettext("%(unit)s: say when they expire.") % {"unit": named(unit)}
                )
        return told

    def merged(self, changes: Changes) -> Changes:
        """The changes with what this form says, where it differs from today's rules."""
        told = self.cleaned_data
        tiers = {
            tier.code: told[f"tier_{tier.code}"]
            for tier in self.tiers
            if told[f"tier_{tier.code}"] != tier.qualifying_min
        }
        expiries = tuple(
            ExpiryChange(unit=unit.code, expiry=life.cleaned_data["expiry"])
            for unit, life in self.lives
            if life.cleaned_data["expiry"] != _as_if_always(unit.life.latest)
        )
        return changes.model_copy(update={"tiers": tiers, "expiries": expiries})
