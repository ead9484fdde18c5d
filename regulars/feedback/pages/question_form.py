"""The form of one question in the builder: what it shows, and the element it was sent as."""

import json
import re
from collections.abc import Sequence
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from regulars.core.errors import Refused
from regulars.feedback.building.edits import Raw
from regulars.feedback.building.logic import (
    SIGNS,
    WITHOUT_VALUE,
    Condition,
    Conditions,
    read_conditions,
    write_conditions,
)
from regulars.feedback.building.skeletons import CHOOSING
from regulars.feedback.building.texts import said_in, with_text
from regulars.feedback.questions.file import FILES_MAX, kinds_of, megabytes
from regulars.feedback.rules.uploads import EXTENSIONS, SIZE_MAX, media_types_in
from regulars.feedback.survey.question import NAME

ROWS = 3
"""So many comparisons stand in the form."""
ENDS = ("minRateDescription", "maxRateDescription")
ON_FORM = ("type", "name", "title", "description", "isRequired", "visibleIf")
OF_CHOICES = ("choices", "showOtherItem", "showNoneItem")
OF_FILES = ("allowMultiple", "maxSize", "acceptedTypes")
OF_RATINGS = ("rateMin", "rateMax", *ENDS)


def form_of(element: Raw, *, own: str, languages: Sequence[str]) -> dict[str, Any]:
    """What the form shows of an element; `rest` is what it has no field for, as JSON."""
    kind = element["type"]
    rest = {key: one for key, one in element.items() if key not in _fields_of(kind)}
    return {
        "kind": kind,
        "name": element.get("name", ""),
        "is_required": element.get("isRequired", False) is True,
        "words": [
            {
                "code": code,
                "title": said_in(element.get("title", ""), code, own),
                "about": said_in(element.get("description", ""), code, own),
            }
            for code in languages
        ],
        "has_choices": kind in CHOOSING,
        "choices": "\n".join(_line(one, own) for one in element.get("choices", ())),
        "other": bool(element.get("showOtherItem")),
        "none": bool(element.get("showNoneItem")),
        "is_rating": kind == "rating",
        "low": element.get("rateMin", 1),
        "high": element.get("rateMax", 5),
        "low_text": said_in(element.get(ENDS[0], ""), own, own),
        "high_text": said_in(element.get(ENDS[1], ""), own, own),
        "is_file": kind == "file",
        **(_file_form(element) if kind == "file" else {}),
        "logic": logic_of(str(element.get("visibleIf", ""))),
        "rest": json.dumps(rest, ensure_ascii=False, indent=2) if rest else "",
    }


def logic_of(source: str) -> dict[str, Any]:
    """What the form shows of a condition: rows to choose, or the expression as it is."""
    told = read_conditions(source) if source.strip() else Conditions(every=True, parts=())
    if told is None or len(told.parts) > ROWS:
        return {"expression": source, "every": True, "rows": _rows(())}
    return {"expression": "", "every": told.every, "rows": _rows(told.parts)}


def form_as_sent(told: dict[str, Any], form: QueryDict) -> dict[str, Any]:
    """What `form_of` gives, with what somebody has just written in place of what is kept."""
    said = {
        "name": form.get("name", ""),
        "is_required": bool(form.get("required")),
        "words": [
            {
                "code": one["code"],
                "title": form.get(f"title-{one['code']}", ""),
                "about": form.get(f"about-{one['code']}", ""),
            }
            for one in told["words"]
        ],
        "other": bool(form.get("other")),
        "none": bool(form.get("none")),
        "logic": logic_as_sent(form),
    }
    if told["is_file"]:
        taken = form.getlist("types")
        types = [one | {"is_taken": one["type"] in taken} for one in told["types"]]
        said |= {"several": bool(form.get("several")), "types": types}
    texts = ("choices", "low", "high", "low_text", "high_text", "size_mb", "rest")
    return told | said | {name: form[name] for name in texts if name in form}


def logic_as_sent(form: QueryDict) -> dict[str, Any]:
    """What the form shows of a condition that was sent and not taken."""
    rows = [
        Condition(
            form.get(f"if-{row}", ""), form.get(f"sign-{row}", ""), form.get(f"value-{row}", "")
        )
        for row in range(ROWS)
    ]
    return {
        "expression": form.get("expression", ""),
        "every": form.get("every") != "any",
        "rows": rows,
    }


def element_sent(form: QueryDict, before: Raw, *, own: str, languages: Sequence[str]) -> Raw:
    """The element that a form describes. Raises Refused, which names the field."""
    kind = before["type"]
    name = form.get("name", "").strip()
    if not re.fullmatch(NAME, name):
        words = _("Use letters, digits, spaces and hyphens, and begin with a letter or a digit.")
        raise Refused("bad_name", words, "name")
    made: Raw = {"type": kind, "name": name}
    for key, field in (("title", "title"), ("description", "about")):
        text = before.get(key, "")
        for code in languages:
            text = with_text(text, code, _said(form, f"{field}-{code}"), own)
        made |= {key: text} if text else {}
    if form.get("required"):
        made["isRequired"] = True
    if kind in CHOOSING:
        made |= _choices_sent(form, before, own)
    if kind == "rating":
        made |= _rating_sent(form, before, own)
    if kind == "file":
        made |= _file_sent(form, before)
    made |= logic_sent(form)
    return made | _rest_sent(form, taken=_fields_of(kind))


def logic_sent(form: QueryDict) -> Raw:
    """The condition that a form describes. Raises Refused."""
    if source := _said(form, "expression"):
        return {"visibleIf": source}
    parts = []
    for row in range(ROWS):
        name, sign = form.get(f"if-{row}", ""), form.get(f"sign-{row}", "")
        if name and sign in SIGNS:
            value = "" if sign in WITHOUT_VALUE else _said(form, f"value-{row}")
            if not value and sign not in WITHOUT_VALUE:
                raise Refused("no_value", _("Say what to compare the answer with."), f"value-{row}")
            parts.append(Condition(name, sign, value))
    told = Conditions(every=form.get("every") != "any", parts=tuple(parts))
    return {"visibleIf": write_conditions(told)} if parts else {}


def _fields_of(kind: str) -> tuple[str, ...]:
    return (
        *ON_FORM,
        *(OF_CHOICES if kind in CHOOSING else ()),
        *(OF_RATINGS if kind == "rating" else ()),
        *(OF_FILES if kind == "file" else ()),
    )


def _rows(parts: Sequence[Condition]) -> list[Condition]:
    return [*parts, *(Condition("", "equal") for _ in range(ROWS - len(parts)))]


def _said(form: QueryDict, field: str) -> str:
    return form.get(field, "").replace("\r\n", "\n").strip()


def _line(choice: Any, own: str) -> str:
    if not isinstance(choice, dict):
        return str(choice)
    return said_in(choice.get("text", ""), own, own) or str(choice.get("value", ""))


def _choices_sent(form: QueryDict, before: Raw, own: str) -> Raw:
    lines = [line.strip() for line in form.get("choices", "").splitlines() if line.strip()]
    made: Raw = {"choices": _choices(lines, before.get("choices", []), own)}
    if form.get("other"):
        made["showOtherItem"] = True
    if form.get("none"):
        made["showNoneItem"] = True
    return made


def _choices(lines: Sequence[str], before: Sequence[Any], own: str) -> list[Any]:
    """A choice for each line; a known line keeps its value, a reworded one in its place too."""
    known = {_line(one, own): one for one in before}
    reworded = len(lines) == len(before)
    made, taken = [], {str(_value(one)) for one in before}
    for index, line in enumerate(lines):
        if line in known:
            made.append(known[line])
        elif reworded and _line(before[index], own) not in lines:
            made.append(_said_anew(before[index], line, own))
        else:
            value = line if line not in taken else f"{line} 2"
            taken.add(value)
            made.append({"value": value, "text": line})
    return made


def _value(choice: Any) -> Any:
    return choice.get("value") if isinstance(choice, dict) else choice


def _said_anew(choice: Any, line: str, own: str) -> Raw:
    text = choice.get("text", "") if isinstance(choice, dict) else ""
    told = choice if isinstance(choice, dict) else {}
    return {**told, "value": _value(choice), "text": with_text(text, own, line, own)}


def _rating_sent(form: QueryDict, before: Raw, own: str) -> Raw:
    made: Raw = {}
    for key, field in (("rateMin", "low"), ("rateMax", "high")):
        told = _said(form, field)
        if not re.fullmatch(r"\d{1,3}", told):
            raise Refused("not_a_number", _("Write a whole number."), field)
        made[key] = int(told)
    for key, field in zip(ENDS, ("low_text", "high_text"), strict=True):
        text = with_text(before.get(key, ""), own, _said(form, field), own)
        made |= {key: text} if text else {}
    return made


def _file_form(element: Raw) -> dict[str, Any]:
    taken = media_types_in(str(element.get("acceptedTypes", "")))
    return {
        "several": bool(element.get("allowMultiple")),
        "count_max": FILES_MAX,
        "size_mb": _size_of(element),
        "types": [
            {"type": one, "name": kinds_of([one]), "is_taken": one in taken} for one in EXTENSIONS
        ],
    }


def _size_of(element: Raw) -> str:
    """The bound on the size of a file as the form shows it; empty where there is none."""
    size = element.get("maxSize")
    return megabytes(size) if isinstance(size, int) and size > 0 else ""


def _file_sent(form: QueryDict, before: Raw) -> Raw:
    made: Raw = {"allowMultiple": True} if form.get("several") else {}
    said = _said(form, "size_mb").replace(",", ".")
    if said and said == _size_of(before):
        made["maxSize"] = before["maxSize"]
    elif said:
        size = _bytes_in(said)
        if not 0 < size <= SIZE_MAX:
            words = _("From 0.1 to %(count)s MB, or nothing for %(count)s.")
            raise Refused("bad_size", words % {"count": megabytes(SIZE_MAX)}, "size_mb")
        made["maxSize"] = size
    taken = tuple(one for one in EXTENSIONS if one in form.getlist("types"))
    if not taken:
        raise Refused("no_file_type", _("Choose at least one type of files."), "types")
    accepted = str(before.get("acceptedTypes", ""))
    if taken != media_types_in(accepted):
        accepted = "" if len(taken) == len(EXTENSIONS) else ",".join(taken)
    return made | ({"acceptedTypes": accepted} if accepted else {})


def _bytes_in(told: str) -> int:
    """A size in megabytes as bytes; 0 for what is none."""
    return round(float(told) * 1024 * 1024) if re.fullmatch(r"\d{1,3}(\.\d{1,4})?", told) else 0


def _rest_sent(form: QueryDict, *, taken: Sequence[str]) -> Raw:
    told = _said(form, "rest")
    if not told:
        return {}
    try:
        rest = json.loads(told)
    except (ValueError, RecursionError) as fault:
        words = _("This is not valid JSON: %(reason)s") % {"reason": fault}
        raise Refused("not_json", words, "rest") from fault
    if not isinstance(rest, dict):
        raise Refused("not_json", _("Write a JSON object in braces."), "rest")
    return {key: one for key, one in rest.items() if key not in taken}
