"""Pop-ups as people see them: which there are, and what became of their showings."""

from dataclasses import dataclass

from django.db.models import Count, Q

from regulars.feedback.models import Answer, Popup, PopupShowing, Survey

CHANNEL = "popup"


@dataclass(frozen=True, slots=True)
class PopupCounts:
    """How often a pop-up was shown, closed before its end, and answered."""

    shown: int
    closed: int
    answered: int


def find_popup_of(survey: Survey) -> Popup | None:
    """The pop-up of a survey, if one was set up."""
    return Popup.objects.select_related("survey", "segment").filter(survey=survey).first()


def counts_of(popup: Popup) -> PopupCounts:
    """What became of a pop-up's showings. Two statements."""
    told = PopupShowing.objects.filter(popup=popup).aggregate(
        shown=Count("pk"), closed=Count("pk", filter=Q(closed_at__isnull=False))
    )
    answered = Answer.objects.filter(survey=popup.survey_id, channel=CHANNEL).count()
    return PopupCounts(answered=answered, **told)
