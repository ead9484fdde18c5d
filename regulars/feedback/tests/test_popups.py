"""Pop-ups on sites: who gets a ticket, what a showing counts as, and what a page can learn."""

import json
import time
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from regulars.core.errors import Refused
from regulars.customers.actions import ConsentInput, CustomerRef, record_consents
from regulars.customers.actions.segments import SegmentInput, create_segment
from regulars.customers.models import Customer, Segment, SegmentMember
from regulars.feedback.actions import InvitationInput, invite
from regulars.feedback.actions.popups import PopupInput, proof_of, set_popup
from regulars.feedback.actions.surveys import open_survey
from regulars.feedback.models import Answer, Invitation, Popup, PopupShowing
from regulars.feedback.pages.popup import served_script
from regulars.feedback.pages.popup_settings import PopupForm
from regulars.feedback.queries.popups import counts_of
from regulars.feedback.rules.popups import is_page_meant
from regulars.feedback.tests import cast
from regulars.feedback.tests.test_survey_page import post
from tests import make

pytestmark = pytest.mark.django_db
SITE = "https://shop.example"
PAGE = f"{SITE}/tea/green"


def popup(**changes: Any) -> Popup:
    return set_popup(cast.survey(), PopupInput(**{"is_on": True} | changes), now=timezone.now())


class Page:
    """A page of a site with the script on it, as the server hears of it."""

    def __init__(self, shown: Popup, origin: str = SITE, **told: str) -> None:
        self.base = f"/collect/popup/{shown.code}"
        self.told = {"page": PAGE, "visitor": "v-1"} | told
        self.headers = {"Origin": origin}
        self.client = Client()

    def ask(self, path: str, told: dict[str, str]) -> dict[str, Any]:
        body = json.dumps(told)
        answer = self.client.post(
            self.base + path, body, content_type="text/plain", headers=self.headers
        )
        assert answer.status_code == 200
        assert answer.headers["Access-Control-Allow-Origin"] == self.headers["Origin"]
        found: dict[str, Any] = answer.json()
        return found

    def ticket(self) -> str:
        return str(self.ask("", self.told).get("ticket", ""))

    def opened(self, ticket: str = "") -> dict[str, Any]:
        return self.ask("/shown", {"ticket": ticket or self.ticket(), "language": "en-GB"})


def known(shown: Popup, email: str = "ann@example.com") -> dict[str, str]:
    if not Customer.objects.filter(email=email).exists():
        make.customer("Ann", email=email)
    customer = f"email:{email}"
    return {"customer": customer, "proof": proof_of(shown, customer).decode()}


def test_the_script_is_under_ten_kilobytes_as_served(client: Client) -> None:
    answer = client.get("/collect/popup.js")
    assert len(answer.content) < 10_000
    assert (answer.content, answer.cookies) == (served_script(), {})


def test_a_visitor_answers_once_for_each_showing() -> None:
    page = Page(shown := popup())
    opening = page.opened(ticket := page.ticket())
    assert (opening["lang"], opening["answered"]) == ("en", 0)
    assert page.opened(ticket)["frame"] == opening["frame"]
    path = opening["frame"].partition("://")[2].partition("/")[2]
    drawn = page.client.get(f"/{path}")
    assert "frame-ancestors 'self' *" in drawn.headers["Content-Security-Policy"]
    assert "X-Frame-Options" not in drawn.headers
    for _twice in range(2):
        html = page.client.get(f"/{path}").content.decode()
        post(page.client, f"/{path}", html, nps=9, satisfied=5)
    answer = Answer.objects.get()
    assert (answer.channel, answer.invitation_id) == ("popup", None)
    counts = counts_of(shown)
    assert (counts.shown, counts.closed, counts.answered) == (1, 0, 1)


def test_a_site_that_is_named_shows_the_frame_and_no_other_does() -> None:
    page = Page(popup(origins=("https://Shop.example:443/",)))
    path = page.opened()["frame"].partition("://")[2].partition("/")[2]
    drawn = Client().get(f"/{path}")
    assert drawn.status_code == 200
    assert drawn.headers["Content-Security-Policy"].endswith(f"frame-ancestors 'self' {SITE}")


def test_only_meant_pages_sites_and_shares_get_a_ticket() -> None:
    shown = popup(pages=("/tea*", "!/tea/old*"), origins=(SITE,))
    assert Page(shown).ticket()
    assert not Page(shown, page=f"{SITE}/tea/old").ticket()
    assert not Page(shown, page=f"{SITE}/coffee").ticket()
    assert not Page(shown, origin="https://other.example").ticket()
    share = set_popup(shown.survey, PopupInput(is_on=True, share_per_mille=500), now=timezone.now())
    drawn = sum(bool(Page(share, visitor=f"v{n}").ticket()) for n in range(40))
    assert 8 < drawn < 32
    off = set_popup(shown.survey, PopupInput(), now=timezone.now())
    assert not Page(off).ticket()


@pytest.mark.parametrize(
    ("pattern", "path", "is_meant"),
    [("/tea", "/tea", True), ("/tea", "/teas", False), ("/a*a", "/a", False), ("/a*a", "/aa", True),
     ("*tea*green", "/x/tea/green", True), ("*green*tea*", "/x/tea/green", False),
     ("*a*a*b*a*b", "/" + "a" * 1900, False), ("*" + "a*" * 90, "/" + "a" * 89, False)],
)  # fmt: skip
def test_a_pattern_is_soon_compared(pattern: str, path: str, is_meant: bool) -> None:
    began = time.process_time()
    assert is_page_meant([pattern], SITE + path) is is_meant
    assert time.process_time() - began < 1


def test_a_page_learns_nothing_of_segments() -> None:
    loyal: Segment = create_segment(
        "loyal", SegmentInput(name="Loyal", kind="static"), now=cast.NOW
    )
    shown = popup(segment=loyal)
    ann, ben = known(shown), known(shown, "ben@example.com")
    SegmentMember.objects.create(
        segment=loyal, customer=Customer.objects.get(email="ann@example.com"), entered_at=cast.NOW
    )
    told = Page(shown, **ann).ask("", Page(shown, **ann).told)
    assert set(told) == {"after", "scroll", "exit", "ticket"}
    assert "loyal" not in json.dumps(told)
    nobody = [ben, {}, ann | {"proof": "0" * 64}, {"customer": "email:ann@example.com"}]
    for one in nobody:
        page = Page(shown, **one)
        assert page.ask("", page.told) == {}


def test_the_contact_budget_and_frequency_hold_for_whoever_is_known() -> None:
    first = popup()
    who = known(first)
    one, other = Page(first, **who).ticket(), Page(first, **who).ticket()
    assert "frame" in Page(first).opened(one)
    assert Page(first).opened(other) == {}, "two pages at once use up the budget once"
    assert Invitation.objects.filter(withheld="").count() == 1
    assert not Page(first, **who).ticket(), "seen on another device a moment ago"
    second = set_popup(cast.survey("after_service"), PopupInput(is_on=True), now=timezone.now())
    assert not Page(second, **known(second)).ticket()
    PopupShowing.objects.update(shown_at=timezone.now() - timedelta(days=40))
    Page(first).ask("/closed", {"ticket": one})
    assert counts_of(first).closed == 1


def test_an_invitation_of_a_plan_waits_until_the_person_comes_by() -> None:
    shown = popup(share_per_mille=1)
    who = known(shown)
    ann = Customer.objects.get(email="ann@example.com")
    given = InvitationInput(
        survey_id=shown.survey_id, cause="visit:1", customer_id=ann.pk, channel="popup"
    )
    (invited,) = invite([given], now=timezone.now())
    frame = Page(shown, **who).opened()["frame"]
    path = "/" + frame.partition("://")[2].partition("/")[2]
    html = Client().get(path).content.decode()
    post(Client(), path, html, nps=10, satisfied=5)
    assert Answer.objects.get().invitation_id == invited.invitation_id
    assert Invitation.objects.get().sent_at is not None
    assert not Page(shown, **who).ticket()


def test_an_invitation_that_waits_is_asked_for_when_it_opens() -> None:
    shown = popup()
    who = known(shown)
    ann = Customer.objects.get(email="ann@example.com")
    given = {"survey_id": shown.survey_id, "customer_id": ann.pk, "channel": "popup"}
    invite([InvitationInput(cause="visit:1", **given)], now=timezone.now())
    here, there = Page(shown, **who).ticket(), Page(shown, **who).ticket()
    assert "frame" in Page(shown).opened(here)
    assert Page(shown).opened(there) == {}, "it waited on two pages, and one of them asks"
    assert "frame" in Page(shown).opened(here), "a repeat shows the same"
    Invitation.objects.update(sent_at=None)
    no = ConsentInput(
        customer=CustomerRef("id", str(ann.pk)),
        purpose="survey",
        channel="push",
        state="withdrawn",
        at=timezone.now(),
        source="crm",
    )
    record_consents([no], now=timezone.now())
    assert Page(shown).opened(there) == {}, "who no longer wants to be asked is not"
    assert PopupShowing.objects.count() == 1


def test_a_survey_that_closed_meanwhile_does_not_open() -> None:
    page = Page(shown := popup())
    ticket = page.ticket()
    open_survey(shown.survey, is_open=False)
    assert page.opened(ticket) == {}
    assert not PopupShowing.objects.exists()


def test_a_form_keeps_the_segment_that_was_switched_off() -> None:
    loyal: Segment = create_segment(
        "loyal", SegmentInput(name="Loyal", kind="static"), now=cast.NOW
    )
    Segment.objects.filter(pk=loyal.pk).update(is_on=False)
    told = {"segment": loyal.pk, "delay_s": 1, "scroll_percent": 0, "share_percent": "100"}
    days = {"again_days": 1, "again_after_close_days": 1, "again_after_answer_days": 1}
    before = PopupForm(told | days, initial={"segment": loyal})
    assert before.is_valid(), before.errors
    assert before.wanted().segment == loyal
    assert not PopupForm(told | days).is_valid(), "nobody chooses it anew"


def test_foreign_words_end_in_an_empty_answer() -> None:
    page = Page(shown := popup())
    assert page.opened("forged") == {}
    assert page.ask("/closed", {"ticket": "forged"}) == {}
    other = popup_of_another()
    assert page.opened(Page(other).ticket()) == {}
    strange = json.dumps(page.told | {"anonymous": "\ud800\0", "customer": "email:\ud800"})
    nowhere = json.dumps(page.told | {"page": "https://[shop"})
    for body in ("", "[]", "{" * 9000, '{"page": 7, "visitor": null}', strange, nowhere):
        answer = Client().post(page.base, body, content_type="text/plain")
        assert (
            answer.status_code,
            set(answer.json()) <= {"after", "scroll", "exit", "ticket"},
        ) == (
            200,
            True,
        )
    assert Client().get(f"/popup/{shown.code}/forged").status_code == 404
    assert Client().get(f"/popup/%00/{page.ticket()}").status_code == 404
    assert Client().post("/collect/popup/%00").status_code == 404
    assert not PopupShowing.objects.exists()


def popup_of_another() -> Popup:
    return set_popup(cast.survey("after_service"), PopupInput(is_on=True), now=timezone.now())


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("origins", ("shop.example",)),
        ("origins", ("https://[a",)),
        ("origins", (f"{SITE};script-src *",)),
        ("share_per_mille", 0),
        ("scroll_percent", 101),
    ],
)
def test_what_cannot_be_is_refused_by_its_field(field: str, value: Any) -> None:
    with pytest.raises(Refused) as refused:
        popup(**{field: value})
    assert refused.value.field == field
