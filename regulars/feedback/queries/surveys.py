"""Surveys, their versions, and the ways to answer them."""

from collections.abc import Iterable
from itertools import count

from django.db.models import Count, Max, OuterRef, QuerySet, Subquery

from regulars.core.access import Viewer, seen
from regulars.core.errors import NotFound
from regulars.feedback.models import Answer, Invitation, PublicLink, Survey, SurveyVersion
from regulars.feedback.survey.definition import Definition, examine

_definitions: dict[int, tuple[str, Definition]] = {}


def surveys_with_counts(*, seen_by: Viewer) -> QuerySet[Survey]:
    """All surveys, newest first, each with `answers`, `last_answer_at` and `version_number`."""
    answers = seen(Answer, seen_by).filter(survey=OuterRef("pk")).order_by().values("survey")
    versions = SurveyVersion.objects.filter(survey=OuterRef("pk")).order_by("-number")
    return (
        seen(Survey, seen_by)
        .annotate(
            answers=Subquery(answers.annotate(n=Count("pk")).values("n")),
            last_answer_at=Subquery(answers.annotate(at=Max("answered_at")).values("at")),
            version_number=Subquery(versions.values("number")[:1]),
        )
        .order_by("-is_open", "-id")
    )


def latest_version(survey: Survey) -> SurveyVersion:
    """The version that is asked now."""
    found = SurveyVersion.objects.filter(survey=survey).order_by("-number").first()
    if found is None:
        raise NotFound("no_version", f"the survey {survey.pk} has no version")
    return found


def latest_versions(survey_ids: Iterable[int]) -> dict[int, SurveyVersion]:
    """The version that is asked now, by survey id; one statement."""
    rows = (
        SurveyVersion.objects.filter(survey__in=list(survey_ids))
        .order_by("survey", "-number")
        .distinct("survey")
    )
    return {row.survey_id: row for row in rows.select_related("survey")}


def definition_of(version: SurveyVersion) -> Definition:
    """The definition of a version, read once per process since versions never change.

    It was checked when it was published; what a later release would refuse is still asked.
    """
    stamp = version.published_at.isoformat()
    kept = _definitions.get(version.pk)
    if kept is None or kept[0] != stamp:
        definition, _ = examine(version.definition)
        assert definition is not None, "a published definition has a shape"
        _definitions[version.pk] = kept = (stamp, definition)
    return kept[1]


def find_invitation(token: str) -> Invitation | None:
    """The invitation of a secret link, with its survey, version and store."""
    rows = Invitation.objects.select_related("survey", "version", "store")
    return rows.filter(token=token).first()


def find_public_link(code: str) -> PublicLink | None:
    """The public link of a short code, with its survey and store."""
    return PublicLink.objects.select_related("survey", "store").filter(code=code).first()


def links_of(survey: Survey, *, seen_by: Viewer) -> list[PublicLink]:
    """The public links of a survey, the one for everybody first."""
    rows = seen(PublicLink, seen_by).filter(survey=survey).select_related("store")
    return sorted(rows, key=lambda link: (link.store_id is not None, link.pk))


def versions_of(survey: Survey) -> QuerySet[SurveyVersion]:
    """Every version of a survey, newest first."""
    rows = SurveyVersion.objects.filter(survey=survey).select_related("published_by")
    return rows.order_by("-number")


def free_survey_name(wanted: str) -> str:
    """The name, with a number behind it where a survey has it already, so that lists tell them apart."""
    wanted = wanted[:90]
    taken = set(Survey.objects.filter(name__startswith=wanted).values_list("name", flat=True))
    numbered = (f"{wanted} {number}" for number in count(2))
    return wanted if wanted not in taken else next(one for one in numbered if one not in taken)
