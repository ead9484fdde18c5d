"""A piece of text between questions."""

import re
from typing import Any, Literal

from typing_extensions import override

from regulars.feedback.survey.problems import Invalid
from regulars.feedback.survey.question import Question, questions
from regulars.feedback.survey.scalars import Value
from regulars.feedback.survey.texts import LocalText, text_in


@questions.add("html")
class Html(Question):
    """Words that are read and not answered; only their text is shown, never their markup."""

    template = "feedback/questions/html.html"

    type: Literal["html"]
    html: LocalText = ""

    @property
    @override
    def takes_answers(self) -> bool:
        return False

    @override
    def clean(self, value: Value) -> Value:
        raise Invalid("not_asked")

    @override
    def parts(self, value: Value, language: str) -> dict[str, Any]:
        text = re.sub(r"<(br|/p|/div|/li|/h\d)\s*/?>", "\n", text_in(self.html, language))
        plain = re.sub(r"<[^>]*>", "", text)
        return {"lines": [line.strip() for line in plain.split("\n") if line.strip()]}
