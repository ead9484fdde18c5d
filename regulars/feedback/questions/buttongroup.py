"""One of a few choices, drawn as buttons side by side."""

from typing import Literal

from regulars.feedback.questions.radiogroup import OneChoice
from regulars.feedback.survey.question import questions


@questions.add("buttongroup")
class Buttongroup(OneChoice):
    """A choice among two or three."""

    template = "feedback/questions/radiogroup.html"

    type: Literal["buttongroup"]
