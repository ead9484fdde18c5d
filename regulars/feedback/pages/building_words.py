"""The words of the builder: kinds of questions, comparisons, properties, logic as a sentence."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from regulars.feedback.building.logic import Condition, read_conditions
from regulars.feedback.survey.question import questions

KINDS: dict[str, Promise] = {
    "rating": gettext_lazy("Rating"),
    "radiogroup": gettext_lazy("One choice"),
    "buttongroup": gettext_lazy("One choice by buttons"),
    "checkbox": gettext_lazy("Several choices"),
    "comment": gettext_lazy("Long text"),
    "text": gettext_lazy("Short text, number or date"),
    "boolean": gettext_lazy("Yes or no"),
    "dropdown": gettext_lazy("One choice from a list"),
    "tagbox": gettext_lazy("Several choices from a list"),
    "ranking": gettext_lazy("Put in order"),
    "slider": gettext_lazy("Slider"),
    "matrix": gettext_lazy("Table of ratings"),
    "matrixdropdown": gettext_lazy("Table of answers"),
    "matrixdynamic": gettext_lazy("Table with rows to add"),
    "multipletext": gettext_lazy("Several short texts"),
    "panel": gettext_lazy("Group of questions"),
    "paneldynamic": gettext_lazy("Group to repeat"),
    "file": gettext_lazy("Files to send"),
    "html": gettext_lazy("Text to read"),
    "expression": gettext_lazy("Computed value"),
}
"""The usual ones first; plug-ins from outside go by their own name."""

COMPARISONS: dict[str, Promise] = {
    "equal": gettext_lazy("is"),
    "notequal": gettext_lazy("is not"),
    "less": gettext_lazy("is less than"),
    "lessorequal": gettext_lazy("is at most"),
    "greater": gettext_lazy("is more than"),
    "greaterorequal": gettext_lazy("is at least"),
    "contains": gettext_lazy("contains"),
    "notcontains": gettext_lazy("does not contain"),
    "empty": gettext_lazy("is not answered"),
    "notempty": gettext_lazy("is answered"),
}
PROPERTIES: dict[str, Promise] = {
    "title": gettext_lazy("Title"),
    "description": gettext_lazy("Explanation"),
    "completedHtml": gettext_lazy("Thanks at the end"),
    "completeText": gettext_lazy("Button at the end"),
    "pageNextText": gettext_lazy("Button to the next page"),
    "pagePrevText": gettext_lazy("Button back"),
    "minRateDescription": gettext_lazy("Low end of the scale"),
    "maxRateDescription": gettext_lazy("High end of the scale"),
    "requiredErrorText": gettext_lazy("If it is not answered"),
    "otherText": gettext_lazy("“Other”"),
    "noneText": gettext_lazy("“None”"),
    "text": gettext_lazy("Choice"),
    "choices": gettext_lazy("Choices"),
    "isRequired": gettext_lazy("Must be answered"),
    "visibleIf": gettext_lazy("Shown if"),
    "requiredIf": gettext_lazy("Must be answered if"),
    "rateMin": pgettext_lazy("scale", "From"),
    "rateMax": pgettext_lazy("scale", "To"),
    "type": gettext_lazy("Kind"),
    "message": gettext_lazy("In a text message"),
    "voice": gettext_lazy("On the telephone"),
    "regulars.measures": gettext_lazy("What is measured"),
    "regulars.touchpoint": gettext_lazy("Touchpoint"),
}


def kinds_offered() -> list[tuple[str, str]]:
    """The kinds a question may be of, with what people call them."""
    known = [(kind, str(label)) for kind, label in KINDS.items() if kind in questions.kinds()]
    return known + [(kind, kind) for kind in questions.kinds() if kind not in KINDS]


def property_name(key: str) -> str:
    """What people call a property of a definition; its own name where there is no other."""
    return str(PROPERTIES.get(key, key))


def in_words(source: str, titles: Mapping[str, str]) -> str:
    """A condition as a sentence, or "" where it says more than the builder's lists can."""
    told = read_conditions(source) if source.strip() else None
    if told is None:
        return ""
    joint = _("%(first)s and %(second)s") if told.every else _("%(first)s or %(second)s")
    said = ""
    for one in told.parts:
        part = _comparison(one, titles)
        said = joint % {"first": said, "second": part} if said else part
    return said


def _comparison(one: Condition, titles: Mapping[str, str]) -> str:
    title = titles.get(one.name, one.name)
    words = COMPARISONS[one.operator]
    named = _("“%(title)s”") % {"title": title}
    return " ".join(part for part in (named, str(words), one.value) if part)
