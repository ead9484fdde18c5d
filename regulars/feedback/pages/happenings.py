"""What feedback says on a customer's timeline, and what it waits for."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from regulars.customers.openings import Opening, left_open
from regulars.customers.timeline import Body, shown_as
from regulars.feedback.models import Invitation

ANSWERED_WITHIN = timedelta(days=30)
"""An invitation without an answer counts as open for so long."""

SHORT_NAMES = {"nps": "NPS", "csat": "CSAT", "ces": "CES"}


def _answers(bodies: Sequence[Body]) -> list[str]:
    """Score, words and survey of each answer, as far as they were given."""
    return [" · ".join(part for part in _parts(body) if part) for body in bodies]


def _parts(body: Body) -> tuple[str, str, str]:
    score, measure = body.get("score"), str(body.get("measure") or "")
    said = "" if score is None else f"{SHORT_NAMES.get(measure, measure)} {score:g}"
    return said, str(body.get("text") or ""), str(body.get("title") or "")


shown_as("feedback.answer_received", label=_("Answer received"), texts=_answers, icon="listen")


@left_open(needs="feedback.view_signal")
def unanswered_invitations(records: Sequence[int], now: datetime) -> Iterator[Opening]:
    """Surveys that the person was asked to answer lately and has not."""
    asked = Invitation.objects.filter(
        customer__in=records, sent_at__gt=now - ANSWERED_WITHIN, answered_at=None, withheld=""
    )
    for one in asked.select_related("survey").order_by("-sent_at")[:20]:
        if one.sent_at is not None:
            yield Opening(gettext("Not answered yet"), str(one.survey), one.sent_at)
