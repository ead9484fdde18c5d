"""What feedback says on a customer's timeline."""

from collections.abc import Sequence

from django.utils.translation import gettext_lazy as _

from regulars.customers.timeline import Body, shown_as

SHORT_NAMES = {"nps": "NPS", "csat": "CSAT", "ces": "CES"}


def _answers(bodies: Sequence[Body]) -> list[str]:
    """Score, words and survey of each answer, as far as they were given."""
    return [" · ".join(part for part in _parts(body) if part) for body in bodies]


def _parts(body: Body) -> tuple[str, str, str]:
    score, measure = body.get("score"), str(body.get("measure") or "")
    said = "" if score is None else f"{SHORT_NAMES.get(measure, measure)} {score:g}"
    return said, str(body.get("text") or ""), str(body.get("title") or "")


shown_as("feedback.answer_received", label=_("Answer received"), texts=_answers, icon="listen")
