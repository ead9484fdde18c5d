"""A rating on a scale, such as 0 to 10 or 1 to 5."""

from typing import Any, Literal

from pydantic import Field
from typing_extensions import override

from regulars.feedback.survey.operators import Value, equal, plain
from regulars.feedback.survey.problems import Invalid
from regulars.feedback.survey.question import Question, questions
from regulars.feedback.survey.texts import LocalText, text_in

STEPS_MAX = 21


@questions.add("rating")
class Rating(Question):
    """One value of a scale, drawn as a row of buttons."""

    template = "feedback/questions/rating.html"

    type: Literal["rating"]
    rate_min: int = Field(1, ge=0, le=100)
    rate_max: int = Field(5, ge=1, le=100)
    rate_step: int = Field(1, ge=1, le=50)
    min_rate_description: LocalText = ""
    max_rate_description: LocalText = ""
    rate_type: Literal["labels", "stars", "smileys"] = "labels"
    display_mode: Literal["auto", "buttons"] = "auto"

    @property
    def steps(self) -> list[int]:
        """Every value that may be chosen."""
        return list(range(self.rate_min, self.rate_max + 1, self.rate_step))

    @property
    @override
    def scale(self) -> tuple[float, float]:
        return self.rate_min, self.rate_max

    @override
    def flaws(self) -> list[tuple[str, dict[str, str]]]:
        if not 2 <= len(self.steps) <= STEPS_MAX:
            return [("bad_scale", {"steps_max": str(STEPS_MAX)})]
        return []

    @override
    def clean(self, value: Value) -> Value:
        chosen = plain(value)
        if isinstance(chosen, bool) or not any(equal(chosen, step) for step in self.steps):
            raise Invalid("off_the_scale", low=self.rate_min, high=self.rate_max)
        return int(chosen)

    @override
    def parts(self, value: Value, language: str) -> dict[str, Any]:
        return {
            "steps": [(step, equal(plain(value), step)) for step in self.steps],
            "low": text_in(self.min_rate_description, language),
            "high": text_in(self.max_rate_description, language),
            "rate_type": self.rate_type,
        }
