"""Answers about which there are doubts."""

from django.db.models import QuerySet

from regulars.core.access import Viewer, seen
from regulars.feedback.models import Answer, Survey


def doubtful_answers(survey: Survey, *, seen_by: Viewer) -> QuerySet[Answer]:
    """The answers of a survey that have flags or were set aside, the latest first."""
    rows = seen(Answer, seen_by).filter(survey=survey)
    doubted = rows.exclude(flags=[]) | rows.filter(set_aside_at__isnull=False)
    return doubted.select_related("version", "customer", "store").order_by("-pk")
