"""A question as plain values: all that an app of one's own needs to draw it."""

from typing import Any

from django.utils.translation import gettext as _

from regulars.feedback.survey.choices import Choosing
from regulars.feedback.survey.groups import Repeating
from regulars.feedback.survey.piping import Shown, said, text_for
from regulars.feedback.survey.places import Place
from regulars.feedback.survey.texts import text_in
from regulars.feedback.wording import special_word

Shape = dict[str, Any]
OF_TEXTS = {"input_type": "input_type", "min": "min", "max": "max", "step": "step"}
OF_SLIDERS = {"slider_type": "slider_type", "min": "min", "max": "max", "step": "step"}
FIGURES = {"text": OF_TEXTS, "slider": OF_SLIDERS}
LENGTHS = ("text", "comment")


def drawn(place: Place, shown: Shown, language: str) -> Shape:
    """The question at a place. Its `value` may be sent back as it is, and so may those inside it."""
    question = said(place.question, shown.inside(place.scope), language=language)
    parts = question.parts(place.value, language)
    shape: Shape = {
        "name": question.name,
        "type": question.type,
        "title": text_in(question.title, language) or question.name,
        "description": text_in(question.description, language),
        "required": place.is_required,
        "value": place.value,
        "steps": [step for step, _taken in parts.get("steps", [])] if question.scale else [],
        "low": parts.get("low", "") if question.scale else "",
        "high": parts.get("high", "") if question.scale else "",
        "choices": _choices(parts["options"], language) if isinstance(question, Choosing) else [],
        "takes_comment": question.takes_comment,
    }
    shape |= {key: getattr(question, name) for key, name in FIGURES.get(question.type, {}).items()}
    if question.type in LENGTHS:
        shape |= {"max_length": parts["length_max"], "placeholder": parts["placeholder"]}
    if question.type == "boolean":
        shape |= {"yes": parts["label_true"] or _("Yes"), "no": parts["label_false"] or _("No")}
    if not question.takes_answers:
        shape["words"] = parts.get("lines") or [str(parts.get("value", ""))]
    return shape | _inside(place, question, shown, language)


def _choices(options: list[Shape], language: str) -> list[Shape]:
    """The choices with their words; to take all of them is a button that an app may have itself."""
    return [
        {"value": one["value"], "text": one["text"] or special_word(one["value"], language)}
        for one in options
        if one["special"] != "all"
    ]


def _inside(place: Place, question: Any, shown: Shown, language: str) -> Shape:
    """Rows and columns of a table, or the rows and panels with the questions in each."""
    if question.type == "matrix":
        return {
            side: [
                {"value": one.value, "text": text_in(one.text, language) or str(one.value)}
                for one in getattr(question, side)
            ]
            for side in ("rows", "columns")
        }
    if not question.inner():
        return {}
    shape: Shape = {"frames": _frames(place, shown, language)}
    if isinstance(question, Repeating):
        low, high = question.bounds_of_count()
        blank = Place(place.question, place.path, place.scope, {question.name: [{}]})
        shape |= {"count_min": low, "count_max": high, "blank": _frames(blank, shown, language)[0]}
    return shape


def _frames(place: Place, shown: Shown, language: str) -> list[Shape]:
    """Rows or panels in their order: the key of each in the answer, its title, what is asked."""
    found: dict[str, Shape] = {}
    for one in place.inside():
        assert one.frame is not None, "it stands in a frame"
        title = text_for(one.frame.title, shown.inside(one.scope), language=language)
        row = str(one.frame.names.get("rowName", ""))
        frame = found.setdefault(
            one.frame.key, {"row": row, "title": title, "questions": list[Shape]()}
        )
        if one.is_visible:
            frame["questions"].append(drawn(one, shown, language))
    return list(found.values())
