"""A survey question by question: counts, shares with intervals, means, places; anonymity is kept."""

from typing import Any

import pytest
from django.test import Client

from regulars.company.models import Employee
from regulars.feedback.actions.answers import receive_answers
from regulars.feedback.actions.surveys import create_survey, publish_version
from regulars.feedback.models import Answer, Survey
from regulars.feedback.queries.signals import SignalFilter
from regulars.feedback.queries.tallies import Tally, tallies_of
from regulars.feedback.tests import cast

pytestmark = pytest.mark.django_db

ELEMENTS: list[dict[str, Any]] = [
    {"type": "rating", "name": "nps", "rateMin": 0, "rateMax": 10, "title": "Recommend?"},
    {
        "type": "checkbox",
        "name": "liked",
        "title": {"default": "Liked", "ru": "Понравилось"},
        "choices": [{"value": 1, "text": {"default": "Food", "ru": "Еда"}}, "staff"],
        "showNoneItem": True,
    },
    {"type": "boolean", "name": "again"},
    {"type": "matrix", "name": "agree", "columns": [1, 2], "rows": ["clean"]},
    {"type": "ranking", "name": "order", "choices": ["a", "b"]},
    {"type": "multipletext", "name": "about", "items": [{"name": "age", "inputType": "number"}]},
    {"type": "comment", "name": "why"},
]


def survey_of(elements: list[dict[str, Any]], *told: dict[str, Any], **more: Any) -> Survey:
    made = create_survey(name="x", definition={"elements": elements} | more, now=cast.NOW)
    answers = [cast.answer(made, f"k{at}", values=one) for at, one in enumerate(told)]
    receive_answers(answers, now=cast.NOW)
    return made


def told(survey: Survey, language: str = "en") -> dict[str, Tally]:
    which = SignalFilter(survey_id=survey.pk)
    owner = Employee.objects.first() or cast.employee()
    found = tallies_of(survey, which, language=language, seen_by=owner)
    return {one.title: one for one in found.questions}


def counts(one: Tally) -> dict[str, int]:
    return {line.label: line.count for line in one.lines}


def test_every_kind_of_question_is_told() -> None:
    full = {"nps": 9, "liked": [1, "staff"], "again": True, "agree": {"clean": 2}}
    full |= {"order": ["b", "a"], "about": {"age": 40}, "why": "so"}
    asked = survey_of(ELEMENTS, full, {"nps": 3, "liked": [1], "again": False}, {"nps": 9})
    found = told(asked, "ru")
    assert counts(found["Recommend?"]) == {str(one): 0 for one in range(11)} | {"3": 1, "9": 2}
    mean = found["Recommend?"].mean
    assert mean is not None
    assert (mean.value, mean.answers) == (7, 3)
    liked = found["Понравилось"]
    assert (liked.answers, counts(liked)) == (
        2,
        {"Еда": 2, "staff": 1, "Ничего из перечисленного": 0},
    )
    share = liked.lines[1].score
    assert share is not None
    assert (share.value, share.answers) == (0.5, 2)
    assert counts(found["again"]) == {"Yes": 1, "No": 1}
    assert counts(found["agree: clean"]) == {"1": 0, "2": 1}
    places = {line.label: line.score.value for line in found["order"].lines if line.score}
    assert (places, found["order"].is_ranked) == ({"a": 2, "b": 1}, True)
    assert found["about: age"].mean is not None
    assert (found["why"].answers, found["why"].lines) == (1, ())


def test_choices_of_older_versions_are_told_too_and_nothing_that_was_set_aside() -> None:
    choosing = {"type": "radiogroup", "name": "why", "choices": ["old", "both"]}
    asked = survey_of([choosing], {"why": "old"}, {"why": "both"}, {"why": "old"})
    newer = {"elements": [choosing | {"choices": ["both", "new"]}]}
    publish_version(asked, definition=newer, now=cast.NOW)
    assert counts(told(asked)["why"]) == {"both": 1, "new": 0, "old": 2}
    Answer.objects.filter(key="k0").update(set_aside_at=cast.NOW)
    assert counts(told(asked)["why"]) == {"both": 1, "new": 0, "old": 1}


def test_where_anonymity_was_promised_no_few_are_told_apart() -> None:
    asked = survey_of(ELEMENTS, *[{"nps": 9}] * 8, regulars={})
    Answer.objects.update(values={"nps": 9, "again": True})
    for one in Answer.objects.order_by("pk"):
        Answer.objects.filter(pk=one.pk).update(key=f"ballot:{one.pk}")
    two = Answer.objects.order_by("pk").values_list("pk", flat=True)[:2]
    Answer.objects.filter(pk__in=list(two)).update(values={"nps": 9, "liked": [1]})
    found = told(asked)
    assert counts(found["Recommend?"])["9"] == 8
    assert (found["Liked"].is_hidden, found["Liked"].lines) == (True, ())
    assert found["again"].is_hidden, "six answered it, so two did not"


@pytest.mark.parametrize("language", ["en", "ru"])
def test_the_page_leads_from_the_survey_and_from_results_without_scores(
    client: Client, language: str
) -> None:
    backend = "allauth.account.auth_backends.AuthenticationBackend"
    client.force_login(cast.employee(), backend=backend)
    client.cookies["django_language"] = language
    asked = survey_of(ELEMENTS[1:], *[{"liked": ["staff"]}] * 6)
    address = f"/listen/surveys/{asked.pk}/questions"
    assert address in client.get(f"/listen/surveys/{asked.pk}").content.decode()
    assert address in client.get(f"/listen/results?survey={asked.pk}").content.decode()
    span = f"?from={cast.NOW:%Y-%m-%d}&to={cast.NOW:%Y-%m-%d}"
    page = client.get(address + span)
    assert page.status_code == 200
    assert {"en": "Share, %", "ru": "Доля, %"}[language] in page.content.decode()
    assert client.get(f"{address}?from=2020-01-01&to=2020-01-02").status_code == 200
