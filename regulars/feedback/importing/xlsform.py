"""XLSForm: the spreadsheets of ODK, KoboToolbox and SurveyCTO, read by pyxform, as a definition."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from regulars.core.errors import Refused
from regulars.feedback.importing.losses import Loss
from regulars.feedback.importing.mending import Examine, mended
from regulars.feedback.importing.sheets import sheets_of
from regulars.feedback.importing.walking import Raw
from regulars.feedback.importing.xpath import Untranslatable, conjuncts, quoted, translated

TYPES: dict[str, Raw] = {
    "text": {"type": "text"},
    "integer": {"type": "text", "inputType": "number", "step": 1},
    "decimal": {"type": "text", "inputType": "number"},
    "date": {"type": "text", "inputType": "date"},
    "time": {"type": "text", "inputType": "time"},
    "dateTime": {"type": "text", "inputType": "datetime-local"},
    "select one": {"type": "radiogroup"},
    "select all that apply": {"type": "checkbox"},
    "rank": {"type": "ranking"},
    "acknowledge": {"type": "boolean"},
    "range": {"type": "slider"},
}
WITH_CHOICES = ("select one", "select all that apply", "rank")
BOUNDS = {"min": "start", "max": "end", "step": "step"}
AS_A_LIST = {"radiogroup": "dropdown", "checkbox": "tagbox"}
YES, NO = ("yes", "true", "true()"), ("", "no", "false", "false()")
UNSEEN = ("start", "end", "today", "deviceid", "username", "phonenumber", "email", "audit", "meta")
KNOWN_LOOKS = ("field-list", "minimal", "autocomplete", "multiline", "quick", "columns", "likert")
_REGEX = re.compile(r"""regex\(\s*\.\s*,\s*(?:'([^']*)'|"([^"]*)")\s*\)""")
_LENGTH = re.compile(r"string-length\(\s*\.\s*\)\s*(<=|>=|<|>)\s*(\d+)")
_MENTION = re.compile(r"\$\{\s*([^{}]+?)\s*\}")


def read_xlsform(sent: bytes, *, examine: Examine) -> tuple[Raw, list[Loss]]:
    """The definition that a workbook describes, as far as it can be asked, and what is lost.

    Raises Refused for what is no workbook, no form, or no form by the words of pyxform, and where
    pyxform is not installed.
    """
    reading = _Reading(_form(sheets_of(sent)))
    fitted, more = mended(reading.definition(), examine)
    return fitted, [*reading.losses, *more]


def _form(sheets: dict[str, Any]) -> Raw:
    try:
        from pyxform.errors import PyXFormError
        from pyxform.xls2json import workbook_to_json
        from pyxform.xls2xform import get_xlsform
    except ImportError as missing:
        said = _("Reading XLSForm takes the extra “xlsform”: pip install regulars[xlsform].")
        raise Refused("needs_xlsform", said, "file") from missing
    if not sheets.get("survey"):
        raise Refused("no_survey", _("There is no sheet “survey” with questions."), "file")
    try:
        settings = [{"form_title": "", "form_id": "form", **(sheets.get("settings") or [{}])[0]}]
        form: Raw = workbook_to_json(get_xlsform({**sheets, "settings": settings}))
    except (PyXFormError, KeyError, ValueError, TypeError, AttributeError) as fault:
        raise Refused(
            "no_form", _("This form has a fault: %(reason)s") % {"reason": fault}, "file"
        ) from fault
    return form


@dataclass(slots=True)
class _Place:
    """Where a row stands: the repeat around it, and the names inside that repeat."""

    repeat: str = ""
    inside: frozenset[str] = frozenset()
    relevant: tuple[str, ...] = ()


@dataclass
class _Reading:
    """One form on its way to a definition."""

    form: Raw
    losses: list[Loss] = field(default_factory=list)
    calculated: list[Raw] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.several = frozenset(
            row["name"] for row in _all(self.form) if row.get("type") == "select all that apply"
        )
        self.texts = frozenset(row["name"] for row in _all(self.form) if row.get("type") == "text")
        repeating = {row["name"] for row in _all(self.form) if row.get("type") == "repeat"}
        self.repeats = {
            inner["name"]: row["name"]
            for row in _all(self.form)
            if row.get("type") == "repeat"
            for inner in _all(row)
        }
        self.counts = {
            row["name"]: str(row.get("bind", {}).get("calculate", ""))
            for row in _all(self.form)
            if row.get("type") == "calculate" and row["name"].removesuffix("_count") in repeating
        }
        """What pyxform makes of the counts of repeats that are no single reference."""
        self.own = _code(str(self.form.get("default_language") or "")) or _first_language(self.form)

    def definition(self) -> Raw:
        """All of it as SurveyJS JSON."""
        elements = list(self.elements(self.form.get("children", []), _Place()))
        made: Raw = {"locale": self.own, "pages": [{"name": "page1", "elements": elements}]}
        if title := str(self.form.get("title") or ""):
            made["title"] = title
        if self.calculated:
            made["calculatedValues"] = self.calculated
        return made

    def elements(self, rows: list[Raw], place: _Place) -> Iterator[Raw]:
        """The elements of some rows, in order."""
        for row in rows:
            kind = row.get("type", "")
            if row.get("name") == "meta" or kind in UNSEEN or row.get("name") in self.counts:
                continue
            if kind == "group":
                yield from self.group(row, place)
            elif kind == "repeat":
                yield from self.repeat(row, place)
            elif kind in ("calculate", "hidden"):
                yield from self.calculation(row, place)
            elif kind == "note":
                yield {
                    **self.common(row, place, "title"),
                    "type": "html",
                    "html": self.text(row.get("label")),
                }
            elif kind in TYPES:
                yield self.question(row, place)
            else:
                self.lose(row, "type", kind)

    def group(self, row: Raw, place: _Place) -> Iterator[Raw]:
        """A panel, or inside a repeat its questions themselves."""
        children = row.get("children", [])
        if place.repeat:
            relevant = row.get("bind", {}).get("relevant")
            inner = _Place(
                place.repeat, place.inside, (*place.relevant, *([relevant] if relevant else []))
            )
            self.lose(row, "type", "group", instead="inside_out")
            yield from self.elements(children, inner)
            return
        panel = {**self.common(row, place), "type": "panel"}
        panel["elements"] = list(self.elements(children, place))
        if panel["elements"]:
            yield panel

    def repeat(self, row: Raw, place: _Place) -> Iterator[Raw]:
        """A dynamic panel with the rows inside as its questions."""
        inside = frozenset(inner["name"] for inner in _all(row))
        inner = _Place(row["name"], inside)
        made = {**self.common(row, place), "type": "paneldynamic"}
        made["templateElements"] = list(self.elements(row.get("children", []), inner))
        count = str(row.get("control", {}).get("jr:count", ""))
        count = self.counts.get(_MENTION.sub(r"\1", count), count)
        if count.isdigit():
            made |= dict.fromkeys(("panelCount", "minPanelCount", "maxPanelCount"), int(count))
        elif count:
            self.lose(row, "repeat_count", count, code="not_translated")
        if made["templateElements"]:
            yield made

    def calculation(self, row: Raw, place: _Place) -> Iterator[Raw]:
        """A value worked out: of the survey, or inside a repeat a question that is not answered."""
        formula = str(row.get("bind", {}).get("calculate") or "")
        source = (
            self.expression(row, "calculation", formula, place)
            if formula
            else quoted(str(row.get("default", "")))
        )
        if not source:
            return
        if place.repeat:
            yield {
                "type": "expression",
                "name": row["name"],
                "expression": source,
                "visible": False,
            }
        else:
            self.calculated.append(
                {"name": row["name"], "expression": source, "includeIntoResult": True}
            )

    def question(self, row: Raw, place: _Place) -> Raw:
        """One question with all that its row says."""
        made = {**self.common(row, place), **TYPES[row["type"]]}
        if row["type"] in WITH_CHOICES:
            made["choices"] = [self.choice(one) for one in row.get("choices", ())]
            if row.get("choice_filter"):
                self.lose(row, "choice_filter", row["choice_filter"], code="not_translated")
        if row["type"] == "range":
            told = row.get("parameters", {})
            made |= {key: float(told[name]) for key, name in BOUNDS.items() if name in told}
        look = str(row.get("control", {}).get("appearance", ""))
        if "multiline" in look and made["type"] == "text":
            made["type"] = "comment"
        if look in ("minimal", "autocomplete"):
            made["type"] = AS_A_LIST.get(made["type"], made["type"])
        if look and not look.startswith(KNOWN_LOOKS):
            self.lose(row, "appearance", look)
        return self.with_default(row, made, place)

    def choice(self, row: Raw) -> Raw:
        """One choice with its words."""
        said = self.text(row.get("label"))
        return {"value": row["name"], **({"text": said} if said else {})}

    def with_default(self, row: Raw, made: Raw, place: _Place) -> Raw:
        """The question with what it begins with."""
        default = str(row.get("default", ""))
        if default and re.search(r"[$(]", default):
            if source := self.expression(row, "default", default, place):
                made["defaultValueExpression"] = source
        elif default:
            is_number = made.get("inputType") == "number" or made["type"] == "slider"
            fits = re.fullmatch(r"-?\d{1,15}(\.\d{1,15})?", default)
            made["defaultValue"] = float(default) if is_number and fits else default
            if row["type"] == "select all that apply":
                made["defaultValue"] = default.split()
        return made

    def common(self, row: Raw, place: _Place, *without: str) -> Raw:
        """What all kinds have: name, words, conditions, checks."""
        bind: Raw = row.get("bind", {})
        texts = {
            "title": row.get("label"),
            "description": row.get("hint"),
            "requiredErrorText": bind.get("jr:requiredMsg"),
        }
        words = {key: self.text(told) for key, told in texts.items() if key not in without}
        made = {"type": "", "name": row["name"], **{key: one for key, one in words.items() if one}}
        if _is_yes(bind.get("required")):
            made["isRequired"] = True
        if _is_yes(bind.get("readonly")):
            made["readOnly"] = True
        for key, (column, formula) in _formulas(row, place).items():
            if formula and (source := self.expression(row, column, formula, place)):
                made[key] = source
        if bind.get("constraint"):
            made["validators"] = list(self.checks(row, place))
        for media in row.get("media", {}):
            self.lose(row, f"media::{media}", media)
        return made

    def checks(self, row: Raw, place: _Place) -> Iterator[Raw]:
        """Validators for the parts of a constraint."""
        bind = row["bind"]
        said = self.text(bind.get("jr:constraintMsg"))
        words: Raw = {"text": said} if said else {}
        for part in conjuncts(str(bind["constraint"])):
            if pattern := _REGEX.fullmatch(part):
                regex = pattern[1] if pattern[1] is not None else pattern[2]
                yield {"type": "regex", "regex": f"^(?:{regex})$", **words}
            elif length := _LENGTH.fullmatch(part):
                yield {"type": "text", **_bound(length[1], int(length[2])), **words}
            elif source := self.expression(row, "constraint", part, place):
                yield {"type": "expression", "expression": source, **words}

    def expression(self, row: Raw, column: str, formula: str, place: _Place) -> str:
        """The formula as an expression; noted as lost and empty where it cannot be said."""
        texts = self.texts | ({"."} if row.get("name") in self.texts else set())
        try:
            return translated(
                str(formula),
                lambda name: self.refer(name, row, place),
                several=self.several,
                texts=texts,
            )
        except Untranslatable as fault:
            self.lose(row, column, str(fault), code="not_translated", instead="by_hand")
            return ""

    def refer(self, name: str, row: Raw, place: _Place) -> str:
        """The variable of a question, as seen from this row. Raises Untranslatable into a repeat."""
        wanted = row["name"] if name == "." else name
        if wanted in place.inside:
            return f"{{panel.{wanted}}}"
        if wanted in self.repeats:
            raise Untranslatable(f"${{{wanted}}}")
        return f"{{{wanted}}}"

    def text(self, told: Any) -> Any:
        """Words in their languages, with mentions of other answers as ours are written."""
        if isinstance(told, dict):
            found = {
                _code(name): _mentions(str(one)) for name, one in told.items() if str(one).strip()
            }
            said = {
                ("default" if code in (self.own, "") else code): one for code, one in found.items()
            }
            return said["default"] if said.keys() == {"default"} else said
        return _mentions(str(told)) if told else ""

    def lose(
        self,
        row: Raw,
        column: str,
        what: str,
        *,
        code: str = "not_carried",
        instead: str = "left_out",
    ) -> None:
        """Note what could not be carried."""
        path = f"survey: {row.get('name', '')}: {column}"
        self.losses.append(Loss(path, code, instead, {"what": str(what)[:120]}))


def _formulas(row: Raw, place: _Place) -> dict[str, tuple[str, str]]:
    """The formulas of a row, with the columns they stand in, by the property they become."""
    bind: Raw = row.get("bind", {})
    required = str(bind.get("required", "")).strip()
    relevant = [*place.relevant, *([str(bind["relevant"])] if bind.get("relevant") else [])]
    joined = (
        " and ".join(f"({one})" for one in relevant) if len(relevant) > 1 else "".join(relevant)
    )
    is_asked = row.get("type") not in ("calculate", "hidden")
    return {
        "requiredIf": ("required", "" if required.lower() in (*YES, *NO) else required),
        "visibleIf": ("relevant", joined),
        "setValueExpression": ("calculation", str(bind.get("calculate", "")) if is_asked else ""),
    }


def _is_yes(told: Any) -> bool:
    return str(told or "").strip().lower() in YES


def _all(row: Raw) -> Iterator[Raw]:
    for one in row.get("children", ()):
        yield one
        yield from _all(one)


def _mentions(text: str) -> str:
    return _MENTION.sub(lambda found: f"{{{found[1]}}}", text)


def _code(name: str) -> str:
    """The code of a language such as `English (en)`; nothing for a name alone.

    >>> _code("Русский (ru)"), _code("en"), _code("default")
    ('ru', 'en', '')
    """
    match = re.search(r"\(([a-zA-Z]{2,3})(?:-\w+)?\)\s*$", name) or re.fullmatch(
        r"([a-z]{2,3})", name
    )
    return match[1].lower() if match else ""


def _first_language(form: Raw) -> str:
    for row in _all(form):
        if isinstance(label := row.get("label"), dict):
            for name in label:
                if code := _code(name):
                    return code
    return "en"


def _bound(sign: str, length: int) -> Raw:
    if sign in ("<", "<="):
        return {"maxLength": length - (sign == "<")}
    return {"minLength": length + (sign == ">")}
