"""Results by a link: what it shows, to whom, and when it ends."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from regulars.core.errors import Refused
from regulars.feedback.actions.answers import receive_answers
from regulars.feedback.actions.sharing import end_share, share_results
from regulars.feedback.models import ResultLink, Survey
from regulars.feedback.queries.sharing import Sight
from regulars.feedback.tests import cast
from tests import make

pytestmark = pytest.mark.django_db
ALL = Sight(None)


@pytest.fixture
def asked() -> Survey:
    made = cast.survey()
    given = [
        cast.answer(made, f"a{n}", values={"nps": 10, "why": "Call Ann Lee"}) for n in range(8)
    ]
    receive_answers(given, now=cast.NOW)
    return made


def test_a_link_shows_scores_and_no_words_until_it_ends(asked: Survey, client: Client) -> None:
    now = timezone.now()
    made = share_results(asked, name="Head office", days=30, seen_by=ALL, now=now)
    path = f"/results/{made.token}"
    page = client.get(path)
    shown = page.content.decode()
    assert asked.name in shown
    assert "Scores" in shown
    assert "Ann Lee" not in shown
    assert page["Referrer-Policy"] == "no-referrer"
    assert made.token not in str(ResultLink.objects.values().get())
    assert client.get(path + "x").status_code == 404
    end_share(asked, made.link.pk, now=now)
    ended = client.get(path)
    assert ended.status_code == 410
    assert "Scores" not in ended.content.decode()


def test_a_link_ends_by_itself_and_sees_no_more_than_its_maker(
    asked: Survey, client: Client
) -> None:
    other = make.store("Z")
    now = timezone.now()
    narrow = share_results(
        asked, name="A store", days=1, seen_by=Sight(frozenset({other.pk})), now=now
    )
    wide = share_results(asked, name="All", days=1, seen_by=ALL, now=now)
    everything = client.get(f"/results/{wide.token}").content.decode()
    little = client.get(f"/results/{narrow.token}").content.decode()
    assert "100" in everything
    assert "Nobody has answered yet." in little
    ResultLink.objects.update(made_at=now - timedelta(days=3), expires_at=now - timedelta(days=1))
    assert client.get(f"/results/{wide.token}").status_code == 410


@pytest.mark.parametrize(("name", "days"), [(" ", 30), ("Ann", 0), ("Ann", 367)])
def test_a_link_without_a_name_or_an_end_is_refused(asked: Survey, name: str, days: int) -> None:
    with pytest.raises(Refused):
        share_results(asked, name=name, days=days, seen_by=ALL, now=timezone.now())


def test_a_link_is_made_and_ended_on_a_page(asked: Survey, client: Client) -> None:
    backend = "allauth.account.auth_backends.AuthenticationBackend"
    client.force_login(make.employee("owner"), backend=backend)
    path = f"/listen/surveys/{asked.pk}/share"
    assert client.post(path, {"name": "", "days": "30"}).status_code == 422
    shown = client.post(path, {"name": "Ann", "days": "7"}).content.decode()
    address = shown.split('data-copy="')[1].split('"')[0]
    assert client.get(address).status_code == 200
    link = ResultLink.objects.get()
    client.post(f"{path}/{link.pk}/end")
    assert client.get(address).status_code == 410
