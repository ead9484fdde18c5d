"""Generated rows, and their removal."""

from django.db import transaction

from regulars.feedback.models import (
    Answer,
    Ballot,
    CastKey,
    Invitation,
    PublicLink,
    Signal,
    Sitting,
    Survey,
    SurveyVersion,
)


@transaction.atomic
def remove_sample() -> int:
    """Delete every generated signal, answer and invitation; how many rows went.

    A generated survey goes too, unless somebody has really answered it or was really invited.
    """
    gone = 0
    for model in (Signal, Sitting, Answer, Invitation, Ballot, CastKey):
        gone += model.objects.filter(sample=True).delete()[0]
    real = Answer.objects.values("survey").union(Invitation.objects.values("survey"))
    kept = set(real.values_list("survey", flat=True))
    empty = Survey.objects.filter(sample=True).exclude(pk__in=kept)
    ids = list(empty.values_list("pk", flat=True))
    for dependent in (PublicLink, SurveyVersion):
        dependent.objects.filter(survey__in=ids).delete()
    gone += Survey.objects.filter(pk__in=ids).delete()[0]
    Survey.objects.filter(sample=True).update(sample=False)
    return gone
