"""Files that respondents send: by the page only, judged by content, seen with the answer, gone with it."""

import html
import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from regulars.core.holdings import Person
from regulars.customers.actions.erasure import erase_in_database
from regulars.feedback.actions import InvitationInput, invite
from regulars.feedback.actions.answers import AnswerRefused, receive_answer
from regulars.feedback.actions.following import open_follow_ups
from regulars.feedback.actions.sittings import SittingInput, keep_answers, open_sitting
from regulars.feedback.actions.uploads import drop_left_files
from regulars.feedback.dialogue.modes import uncarried
from regulars.feedback.exporting.pieces import pieces_of
from regulars.feedback.models import (
    Answer,
    FollowUp,
    Invitation,
    PublicLink,
    Sitting,
    Survey,
    Upload,
)
from regulars.feedback.queries.surveys import definition_of, latest_version
from regulars.feedback.survey.definition import examine, read_definition
from regulars.feedback.survey.path import complete
from regulars.feedback.tests import cast
from regulars.feedback.tests.test_survey_page import hidden

pytestmark = pytest.mark.django_db
PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)
PHOTO = {"type": "file", "name": "photo", "isRequired": True, "acceptedTypes": "image/*,.pdf"}
PAPERS = {"type": "file", "name": "papers", "allowMultiple": True, "maxSize": 200}
NPS = {"type": "rating", "name": "nps", "rateMin": 0, "rateMax": 10}
WHY = {"type": "comment", "name": "why"}
TWO_PAGES = {
    "pages": [{"name": "one", "elements": [NPS, PHOTO]}, {"name": "two", "elements": [WHY, PAPERS]}]
}
AGREES = {"measures": {"nps": "nps"}}


@pytest.fixture
def asked() -> Survey:
    return cast.survey(**TWO_PAGES, triggers=[], regulars=AGREES)


@pytest.fixture
def address(asked: Survey) -> str:
    return f"/q/{PublicLink.objects.get(survey=asked).code}"


def png(name: str = "shelf.png", content: bytes = PNG) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, content_type="application/x-lies")


def send(client: Client, address: str, body: str, **sent: Any) -> Any:
    """The form of a page, sent as a browser sends it: in parts, with the hidden fields it has."""
    kept = {name: [html.unescape(one) for one in told] for name, told in hidden(body).items()}
    named = {f"q-{name}": told for name, told in sent.pop("answers", {}).items()}
    return client.post(address, kept | named | sent)


def first_page(client: Client, address: str, **sent: Any) -> str:
    page = send(client, address, client.get(address).content.decode(), **sent)
    assert page.status_code == 200
    text: str = page.content.decode()
    return text


def test_a_file_comes_with_the_answer_and_only_its_reference_stands_there(
    client: Client, asked: Survey, address: str
) -> None:
    body = client.get(address).content.decode()
    assert 'enctype="multipart/form-data"' in body
    assert 'aria-describedby="a-photo-ends"' in body
    assert 'accept="image/jpeg,image/png,image/gif,image/webp,application/pdf"' in body
    second = first_page(client, address, answers={"nps": "9"}, **{"q-photo[new]": png()})
    papers = [png("a.png"), png("b.txt", "Чек".encode())]
    done = send(client, address, second, **{"q-papers[new]": papers})
    assert done.status_code == 302
    answer = Answer.objects.get()
    uploads = {one.name: one for one in Upload.objects.filter(answer=answer)}
    assert set(uploads) == {"shelf.png", "a.png", "b.txt"}
    kept = uploads["shelf.png"]
    assert (bytes(kept.content), kept.media_type, kept.size) == (PNG, "image/png", len(PNG))
    assert answer.values["photo"] == [
        {"name": "shelf.png", "type": "image/png", "content": f"upload:{kept.key}"}
    ]
    definition = definition_of(latest_version(asked))
    told = {one.name: one.taken_from(answer.values) for one in pieces_of(definition, "en")}
    assert told["papers"] == "a.png, b.txt"


def test_a_refused_file_is_told_and_nothing_answered_is_lost(client: Client, address: str) -> None:
    body = client.get(address).content.decode()
    for bad in (png("shelf.pdf"), png("run.png", b"MZ\x00\x01"), png("note.txt", b"words")):
        page = send(client, address, body, answers={"nps": "3"}, **{"q-photo[new]": bad})
        assert page.status_code == 422
        text = html.unescape(page.content.decode())
        assert f"“{bad.name}” cannot be taken. These kinds can: JPG, PNG, GIF, WEBP, PDF." in text
        assert 'value="3" checked' in text
    assert not Upload.objects.exists()
    second = first_page(client, address, answers={"nps": "3"}, **{"q-photo[new]": png()})
    good, large = png("good.txt", b"x"), png("large.txt", b"x" * 201)
    page = send(
        client, address, second, answers={"why": "Dear"}, **{"q-papers[new]": [good, large]}
    )
    text = html.unescape(page.content.decode())
    assert page.status_code == 422
    assert "“large.txt” is larger than" in text
    assert "Do not send “good.txt”" in text
    assert "Dear" in text
    page = send(
        client,
        address,
        page.content.decode(),
        **{"q-papers[new]": [png("good.txt", b"x") for _ in range(5)]},
    )
    assert "The number of files may be at most 5." in page.content.decode()
    assert Upload.objects.filter(question="papers").count() == 5
    worse = {"language": "ru", "q-photo[new]": png("large.txt", b"x")}
    russian = send(client, address, body, **worse)
    assert "нельзя принять" in russian.content.decode()


def test_files_are_kept_on_the_way_back_and_can_be_taken_away(client: Client, address: str) -> None:
    second = first_page(client, address, answers={"nps": "9"}, **{"q-photo[new]": png()})
    more = {"q-papers[new]": png("a.png"), "go": "back"}
    back = send(client, address, second, **more).content.decode()
    assert "Do not send “shelf.png”" in html.unescape(back)
    other = send(client, address, back, answers={"nps": "9"}, **{"q-photo[new]": png("other.png")})
    again = html.unescape(other.content.decode())
    assert "Do not send “a.png”" in again
    assert set(Upload.objects.values_list("name", flat=True)) == {"other.png", "a.png"}
    drop = json.loads(html.unescape(hidden(other.content.decode())["q-papers"][0]))["content"]
    done = send(client, address, other.content.decode(), **{"q-papers[drop]": drop})
    assert done.status_code == 302
    assert list(Upload.objects.values_list("name", flat=True)) == ["other.png"]
    assert "papers" not in Answer.objects.get().values


def test_a_file_that_must_come_is_asked_for(client: Client, address: str) -> None:
    page = send(client, address, client.get(address).content.decode(), answers={"nps": "9"})
    assert "Please answer this question." in page.content.decode()
    definition = read_definition({"elements": [PHOTO]})
    assert [one.code for one in complete(definition, {"photo": []}).problems] == ["required"]


def test_nobody_names_the_file_of_somebody_else(
    client: Client, asked: Survey, address: str
) -> None:
    first_page(client, address, answers={"nps": "9"}, **{"q-photo[new]": png()})
    stolen = Sitting.objects.get().values["photo"]
    page = send(client, address, client.get(address).content.decode(),
                answers={"nps": "9", "photo": json.dumps(stolen[0])})  # fmt: skip
    assert page.status_code == 422
    given = SittingInput(key="other", version=latest_version(asked), channel="web")
    kept = keep_answers(open_sitting(given, now=cast.NOW), {"photo": stolen}, now=cast.NOW)
    assert [one.code for one in kept.problems] == ["unknown_file"]
    assert "photo" not in kept.sitting.values
    with pytest.raises(AnswerRefused):
        receive_answer(cast.answer(asked, values={"nps": 9, "photo": stolen}), now=cast.NOW)


def sent_by(client: Client, asked: Survey, **more: Any) -> Invitation:
    """Somebody who was invited, and has answered with a file."""
    given = InvitationInput(survey_id=asked.pk, cause="purchase:1", **more)
    invitation = Invitation.objects.get(pk=invite([given], now=cast.NOW)[0].invitation_id)
    path = f"/s/{invitation.token}"
    second = first_page(client, path, answers={"nps": "1"}, **{"q-photo[new]": png()})
    assert send(client, path, second, answers={"why": "Broken"}).status_code == 302
    return invitation


def test_employees_who_may_see_the_answer_save_the_file(client: Client, asked: Survey) -> None:
    mine, other = cast.store("S1"), cast.store("S2")
    sent_by(client, asked, customer_id=cast.customer().pk, store_id=mine.pk)
    path = f"/listen/files/{Upload.objects.get().pk}"
    assert client.get(path).status_code == 302
    client.force_login(cast.employee("owner"))
    file = client.get(path)
    assert file.content == PNG
    assert file["Content-Disposition"] == 'attachment; filename="shelf.png"'
    assert file["X-Content-Type-Options"] == "nosniff"
    open_follow_ups([Answer.objects.get().pk], now=cast.NOW)
    case = f"/listen/follow-ups/{FollowUp.objects.get().pk}"
    for page in ("/listen/words?period=12m", f"/listen/surveys/{asked.pk}/files", case):
        assert path in client.get(page).content.decode()
    client.force_login(cast.employee("store_manager", other))
    assert client.get(path).status_code == 404
    assert path not in client.get(f"/listen/surveys/{asked.pk}/files").content.decode()


def test_what_a_person_sent_goes_with_them_and_with_the_answer(
    client: Client, asked: Survey
) -> None:
    who = cast.customer()
    sent_by(client, asked, customer_id=who.pk)
    erase_in_database(Person((who.pk,)))
    assert not Upload.objects.exists()
    assert Answer.objects.get().values == {"nps": 1}
    sent_by(client, cast.survey(**TWO_PAGES, regulars=AGREES), customer_id=cast.customer("Bob").pk)
    assert Upload.objects.count() == 1
    Answer.objects.all().delete()
    assert not Upload.objects.exists()


def test_what_was_left_behind_goes_after_thirty_days(client: Client, address: str) -> None:
    first_page(client, address, answers={"nps": "9"}, **{"q-photo[new]": png()})
    last_at = Sitting.objects.get().last_at
    assert drop_left_files(now=last_at + timedelta(days=29)) == 0
    assert drop_left_files(now=last_at + timedelta(days=31)) == 1
    assert Sitting.objects.get().values == {"nps": 9}


def test_where_files_cannot_be_asked_for() -> None:
    definition = read_definition({"elements": [NPS, PHOTO]})
    for mode in ("message", "voice", "page"):
        assert [one.name for one in uncarried(definition, mode)] == ["photo"]
    inside = {"type": "paneldynamic", "name": "p", "templateElements": [PHOTO]}
    assert "cannot stand inside" in str(examine({"elements": [inside]})[1])
    secret = {"elements": [PHOTO], "regulars": {"anonymity": {"least": 5}}}
    assert [one.code for one in examine(secret)[1]] == ["not_anonymous"]
    nothing = {"elements": [PHOTO | {"acceptedTypes": "video/*"}]}
    assert [one.code for one in examine(nothing)[1]] == ["no_file_type"]


def test_a_draft_is_tried_with_files_and_keeps_none(client: Client, asked: Survey) -> None:
    client.force_login(cast.employee("owner"))
    path = f"/listen/surveys/{asked.pk}/build/try"
    second = first_page(client, path, answers={"nps": "9"}, **{"q-photo[new]": png()})
    assert "shelf.png" in send(client, path, second).content.decode()
    assert not Upload.objects.exists()
