"""One of many choices, from a list that opens."""

from typing import Literal

from regulars.feedback.questions.radiogroup import OneChoice
from regulars.feedback.survey.question import questions
from regulars.feedback.survey.texts import LocalText


@questions.add("dropdown")
class Dropdown(OneChoice):
    """A list for more choices than a screen has room for."""

    template = "feedback/questions/dropdown.html"

    type: Literal["dropdown"]
    placeholder: LocalText = ""
