"""Every score comes with n, what it is worth, its interval, its response and its weighting."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from regulars.core.api.keys import create_key
from regulars.feedback.actions import receive_answers
from regulars.feedback.models import Invitation, Survey
from regulars.feedback.queries.surveys import latest_version
from regulars.feedback.tests import cast

pytestmark = pytest.mark.django_db

ASKED = 20


@pytest.fixture
def boss(client: Client) -> Client:
    client.force_login(
        cast.employee(), backend="allauth.account.auth_backends.AuthenticationBackend"
    )
    return client


def invited(asked: Survey, number: int, **changes: Any) -> Invitation:
    """One of the invitations; all were sent an hour ago."""
    at = timezone.now() - timedelta(hours=1)
    told: dict[str, Any] = {
        "survey": asked,
        "version": latest_version(asked),
        "cause": f"c{number}",
        "token": f"t{number}",
        "customer": cast.customer(f"Ann {number}"),
        "channel": "email",
        "created_at": at,
        "sent_at": at,
    }
    return Invitation(**told | changes)


@pytest.fixture
def asked() -> Survey:
    """Twenty were asked in one store, one was withheld, five answered, two began, one came by a link."""
    made, store = cast.survey(), cast.store()
    rows = [invited(made, number, store=store) for number in range(ASKED)]
    rows.append(invited(made, ASKED, withheld="no_consent", sent_at=None))
    for row in rows[5:7]:
        row.started_at = timezone.now()
    Invitation.objects.bulk_create(rows)
    answers = [
        cast.answer(
            made,
            f"k{number}",
            values={"nps": 10 - number, "satisfied": 4},
            answered_at=timezone.now(),
            store_id=store.pk,
            invitation_id=rows[number].pk if number < 5 else None,
        )
        for number in range(6)
    ]
    receive_answers(answers, now=timezone.now())
    return made


def test_the_results_page_tells_all_of_a_score(boss: Client, asked: Survey) -> None:
    page = boss.get("/listen/results").content.decode()
    assert f"n = 6 · response 25% of {ASKED} asked · unweighted" in page
    assert "Response rate RR1</dt><dd>25%" in page
    assert "Refusal rate REF1</dt><dd>10%" in page


def test_a_touchpoint_tells_all_of_its_score(boss: Client, asked: Survey) -> None:
    page = boss.get("/journey").content.decode()
    assert "n = 6 · response unknown · unweighted" in page


@pytest.mark.parametrize("by", ["", "store", "channel"])
def test_the_api_tells_all_of_a_score(client: Client, asked: Survey, by: str) -> None:
    secret = create_key(name="t", scopes=("signals:read",), now=timezone.now()).secret
    told = client.get(f"/api/v1/scores?by={by}", headers={"Authorization": f"Bearer {secret}"})
    assert told.status_code == 200, told.content
    (group,) = told.json()["items"]
    score = group["scores"]["nps"]
    assert (score["answers"], score["effective"], score["weighting"]) == (6, 6.0, "unweighted")
    if by != "channel":
        assert (score["asked"], score["response_rate"]) == (ASKED, 0.25)
    assert score["low"] < score["value"] < score["high"]


def test_the_api_names_the_field_that_is_wrong(client: Client) -> None:
    secret = create_key(name="t", scopes=("signals:read",), now=timezone.now()).secret
    told = client.get("/api/v1/scores?by=planet", headers={"Authorization": f"Bearer {secret}"})
    assert told.status_code == 422
    assert "by" in told.content.decode()


def test_key_drivers_of_a_survey(client: Client, boss: Client) -> None:
    made = cast.survey()
    batch = [
        cast.answer(
            made,
            f"k{number}",
            values={"nps": (2 * (number % 5) + number % 3) % 11, "satisfied": 1 + number % 5},
            answered_at=timezone.now(),
        )
        for number in range(120)
    ]
    receive_answers(batch, now=timezone.now())
    page = boss.get("/listen/drivers").content.decode()
    assert "There is only one other rating" in page
    assert "n = 120" in page
    assert (
        "It takes a survey"
        in boss.get("/listen/drivers?from=2020-01-01&to=2020-01-02").content.decode()
    )
    secret = create_key(name="t", scopes=("answers:read",), now=timezone.now()).secret
    asked = f"/api/v1/surveys/{made.pk}/drivers"
    told = client.get(asked, headers={"Authorization": f"Bearer {secret}"}).json()
    assert [one["name"] for one in told["drivers"]] == ["satisfied"]
    assert told["drivers"][0]["importance"] == pytest.approx(1)
    told = client.get(f"{asked}?measure=ces", headers={"Authorization": f"Bearer {secret}"}).json()
    assert told["reason"] == "not_measured"
