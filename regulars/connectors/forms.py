"""Forms of import: the upload, and the mapping with one choice for each column."""

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from regulars.connectors.kinds import kinds
from regulars.connectors.models import Batch
from regulars.connectors.rules.encodings import ENCODINGS
from regulars.connectors.targets import TRAIT, is_trait, targets

KEEP = "keep"
DELIMITERS = [(",", _("Comma")), (";", _("Semicolon")), ("\t", _("Tab")), ("|", _("Bar"))]
DAY_ORDERS = [
    ("", _("As the file shows")),
    ("day", _("Day before month")),
    ("month", _("Month before day")),
]
MARKS = [("", _("As the file shows")), (",", _("Comma")), (".", _("Point"))]


class UploadForm(forms.Form):
    """A file, and what it holds."""

    target = forms.ChoiceField(label=_("What the file holds"))
    file = forms.FileField(
        label=_("File"), help_text=_("CSV, Excel or Parquet; the first row names the columns")
    )
    source = forms.CharField(
        label=_("Name of the source"),
        max_length=40,
        initial="import",
        help_text=_("Receipt and customer numbers are unique within one source"),
    )

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        choices = [(name, target.label) for name, target in targets.kinds().items()]
        choices.sort(key=lambda choice: choice[0] != "purchases")
        self.fields["target"].choices = choices  # type: ignore[attr-defined]
        endings = [f".{ending}" for kind in kinds.kinds().values() for ending in kind.endings]
        self.fields["file"].widget.attrs["accept"] = ",".join(endings)


class MappingForm(forms.Form):
    """For each column of the file what it is, and how the file is read."""

    def __init__(self, data: Any = None, *, batch: Batch, samples: list[list[str]]) -> None:
        self._batch = batch
        self._target = targets.get(batch.target)
        by_header = {header: name for name, header in batch.mapping.items()}
        super().__init__(data)
        choices: list[tuple[str, Any]] = [("", _("Leave out"))]
        choices += [(field.name, self._label(field)) for field in self._target.fields]
        if self._target.takes_traits:
            choices.append((KEEP, _("Keep beside the profile")))
        for position, header in enumerate(batch.headers):
            mapped = by_header.get(header, "")
            self.fields[f"column_{position}"] = forms.ChoiceField(
                label=header,
                required=False,
                choices=choices,
                initial=KEEP if is_trait(mapped) else mapped,
                help_text=" · ".join(cell[:40] for cell in samples[position] if cell),
            )
        self._add_reading(batch)

    @staticmethod
    def _label(field: Any) -> str:
        needed = gettext("needed")
        return f"{field.label} ({needed})" if field.required else str(field.label)

    def _add_reading(self, batch: Batch) -> None:
        if batch.kind == "csv":
            self.fields["encoding"] = forms.ChoiceField(
                label=_("Encoding"),
                choices=[(name, name) for name in ENCODINGS],
                initial=batch.settings.get("encoding"),
            )
            self.fields["delimiter"] = forms.ChoiceField(
                label=_("Mark between cells"),
                choices=DELIMITERS,
                initial=batch.settings.get("delimiter"),
            )
        self.fields["day_order"] = forms.ChoiceField(
            label=_("Dates such as 3/4/2026"), required=False, choices=DAY_ORDERS
        )
        self.fields["decimal_mark"] = forms.ChoiceField(
            label=_("Mark before decimals"), required=False, choices=MARKS
        )

    def clean(self) -> dict[str, Any]:
        """Refuse a field that two columns claim, at the later of them."""
        cleaned: dict[str, Any] = super().clean() or {}
        taken: set[str] = set()
        for position in range(len(self._batch.headers)):
            name = cleaned.get(f"column_{position}", "")
            if name in taken:
                self.add_error(f"column_{position}", gettext("Another column is this already"))
            if name and name != KEEP:
                taken.add(name)
        return cleaned

    @property
    def columns(self) -> list[Any]:
        """The bound fields of the columns."""
        return [self[name] for name in self.fields if name.startswith("column_")]

    @property
    def reading(self) -> list[Any]:
        """The bound fields that say how the file is read."""
        return [self[name] for name in self.fields if not name.startswith("column_")]

    def mapping(self) -> dict[str, str]:
        """The header by field, as chosen."""
        chosen: dict[str, str] = {}
        for position, header in enumerate(self._batch.headers):
            name = self.cleaned_data.get(f"column_{position}", "")
            if name:
                chosen[f"{TRAIT}{header}" if name == KEEP else name] = header
        return chosen

    def read_as(self) -> dict[str, str]:
        """The settings of the reader, as chosen."""
        names = ("encoding", "delimiter")
        return {name: self.cleaned_data[name] for name in names if name in self.cleaned_data}

    def habits(self) -> dict[str, Any]:
        """What a person set, against what the columns show."""
        habits: dict[str, Any] = {}
        if order := self.cleaned_data.get("day_order"):
            habits["chosen_day_first"] = order == "day"
        if mark := self.cleaned_data.get("decimal_mark"):
            habits["decimal_mark"] = mark
        return habits
