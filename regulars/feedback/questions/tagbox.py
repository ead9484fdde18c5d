"""Several of many choices."""

from typing import Literal

from regulars.feedback.questions.checkbox import ChoosingSeveral
from regulars.feedback.survey.question import questions
from regulars.feedback.survey.texts import LocalText


@questions.add("tagbox")
class Tagbox(ChoosingSeveral):
    """Kept like the choices of a checkbox; a page without scripts draws it as one that scrolls."""

    template = "feedback/questions/tagbox.html"

    type: Literal["tagbox"]
    placeholder: LocalText = ""
