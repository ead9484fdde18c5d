"""The builder of segments: a plain form becomes a condition, step by step, and nothing is lost."""

import pytest
from django.test import Client

from regulars.core.conditions.reading import parse
from regulars.core.conditions.words import ENGLISH
from regulars.customers.knowledge import CUSTOMER
from regulars.customers.models import Segment
from regulars.customers.queries.saying import in_words
from regulars.insight.actions.lake import refresh_lake
from regulars.insight.building.drafts import draft_of, draft_of_form, places_of, step
from regulars.insight.building.reading import DraftReader, show_as_typed
from regulars.insight.tests import company
from tests import make
from tests.worker import work

pytestmark = pytest.mark.django_db

CHEAP = {"field": "properties", "key": "value", "as": "number", "is": "between", "value": [1, 2]}
COFFEE = {
    "all": [
        {
            "did": "bought",
            "where": {"all": [{"field": "category", "is": "under", "value": ["Food", "Home"]}]},
            "count": {"is": "at_least", "value": 3},
            "within": {"last_days": 30},
        },
        {"not": {"did": "purchase", "within": {"days_ago": [0, 10]}}},
        {"not": {"any": [{"field": "spend_minor", "is": "between", "value": [1_050, 99_900]}]}},
        {"any": [{"field": "email_known", "is": "equals", "value": True}]},
        {"did": "purchase", "sum": {"of": "total_minor", "is": "more", "value": 5_000}},
        {"field": "traits", "key": "plan", "as": "text", "is": "in", "value": ["gold", "base"]},
        {"field": "traits", "key": "children", "as": "number", "is": "at_least", "value": 2.5},
        {"field": "traits", "key": "children", "is": "is_unknown"},
        {
            "did": "event",
            "where": {"all": [CHEAP, {"field": "properties", "key": "a b", "is": "is_known"}]},
        },
        {
            "did": "purchase",
            "where": {"all": [{"field": "total_minor", "is": "more", "value": 100}]},
            "first": {"all": [{"field": "total_minor", "is": "at_least", "value": 1_050}]},
            "within": {"last_days": 90},
        },
        {"did": "event", "last": {"any": [CHEAP]}},
    ]
}


def reader() -> DraftReader:
    return DraftReader(CUSTOMER, words=ENGLISH, currency="USD", zone="UTC", choose="choose")


def as_form(draft) -> dict[str, str]:
    """The form that a browser would post for a draft."""
    form = {}
    for place, card in places_of(draft):
        form[f"{place}-kind"] = card.kind
        form |= {f"{place}-{key}": value for key, value in card.told.items()}
    return form


def test_a_condition_survives_the_way_through_a_form():
    draft = show_as_typed(draft_of(COFFEE), CUSTOMER, 100)
    assert reader().read(draft_of_form(as_form(draft))) == COFFEE


def test_not_so_often_is_not_read_as_never():
    rarely = {"did": "purchase", "count": {"is": "at_least", "value": 3}}
    draft = draft_of({"all": [{"not": rarely}]})
    assert reader().read(draft_of_form(as_form(draft))) == {"all": [{"not": {"any": [rarely]}}]}


def test_money_is_typed_in_whole_units():
    draft = show_as_typed(draft_of(COFFEE), CUSTOMER, 100)
    assert draft.parts[2].parts[0].told["value"] == "10.5"
    assert draft.parts[4].told["value"] == "50"


def test_money_and_quantities_are_said_as_people_write_them():
    spent = {"field": "spend_minor", "is": "at_least", "value": 1_050}
    amounts = {"did": "bought", "sum": {"of": "quantity_milli", "is": "more", "value": 1_500}}
    told = in_words(parse({"all": [spent, amounts]}, CUSTOMER))
    assert "is at least $10.50" in told
    assert "is more than 1.5" in told


def test_steps_add_move_and_take_away():
    draft = draft_of({"all": [{"field": "gender", "is": "is_known"}]})
    assert step(draft, "did:r") == "r.1"
    assert step(draft, "group:r") == "r.2"
    assert [part.kind for part in draft.parts] == ["test", "did", "group"]
    step(draft, "up:r.1")
    assert [part.kind for part in draft.parts] == ["did", "test", "group"]
    step(draft, "test:r.0.w")
    step(draft, "drop:r.1")
    assert [part.kind for part in draft.parts] == ["did", "group"]
    assert draft.parts[0].where.parts[0].kind == "test"


@pytest.mark.parametrize("act", ["", "drop:r", "up:r.99", "burn:r.0", "test:x", "drop:r.0.w"])
def test_a_strange_step_changes_nothing(act):
    draft = draft_of(COFFEE)
    step(draft, act)
    assert reader().read(show_as_typed(draft, CUSTOMER, 100)) == COFFEE


def test_what_is_wrong_stands_on_its_card():
    draft = draft_of({"all": [{"field": "birth_year", "is": "more", "value": 1}]})
    draft.parts[0].told["value"] = "old"
    assert reader().read(draft) is None
    assert draft.parts[0].problem == "a whole number is needed"


def test_a_name_is_offered_and_compared_as_what_was_seen(client: Client):
    customer = make.customer("Ann")
    customer.traits = {"children": 2, "renews": "2026-03-01", "plan": "gold", "x\ny": 1}
    customer.save()
    client.force_login(make.employee("marketer"))
    form = {"r-kind": "group", "r-mode": "all", "r.0-kind": "test", "r.0-field": "traits"}
    htmx = {"HX-Request": "true"}
    shown = client.post("/segments/new", form, headers=htmx).text
    assert '<option value="children">' in shown
    assert "x\ny" not in shown
    assert 'name="r.0-key"' in shown
    for name, word in (("children", "number"), ("renews", "date"), ("plan", "text")):
        told = form | {"r.0-key": name, "r.0-suits": "other"}
        shown = client.post("/segments/new", told, headers=htmx).text
        assert f'<option value="{word}" selected>' in shown
    chosen = form | {"r.0-key": "children", "r.0-suits": "children", "r.0-as": "text"}
    shown = client.post("/segments/new", chosen, headers=htmx).text
    assert '<option value="text" selected>' in shown, "what a person chose stays"


@pytest.mark.parametrize("typed", ["1e999999999", "Infinity", "-inf", "nan", "9" * 500])
def test_numbers_that_are_none_stay_as_they_were_typed(typed):
    draft = draft_of({"all": [{"field": "birth_year", "is": "more", "value": 1}]})
    draft.parts[0].told["value"] = typed
    assert reader().read(draft) is None
    assert draft.parts[0].problem == "a whole number is needed"


@pytest.mark.usefixtures("transactional_db")
def test_a_segment_is_built_on_its_page_and_explains_itself(client: Client):
    company.trade()
    refresh_lake(now=make.NOW)
    client.force_login(make.employee("marketer"))
    form = as_form(draft_of({"all": [{"field": "purchase_count", "is": "at_least", "value": 10}]}))

    shown = client.post("/segments/new", form | {"act": "did:r"}, headers={"HX-Request": "true"})
    assert 'name="r.1-fact"' in shown.text
    assert "<html" not in shown.text
    counted = client.post("/segments/new", form)
    assert counted.context["size"].size > 0
    assert counted.context["size"].size == len(counted.context["sample"])

    nameless = client.post("/segments/new", form | {"save": "yes"})
    assert nameless.status_code == 422
    saved = client.post("/segments/new", form | {"save": "yes", "name": "Often here"})
    assert saved["Location"] == "/segments/often_here"
    work()
    assert Segment.objects.get(code="often_here").condition["all"][0]["field"] == "purchase_count"
    home = client.get("/segments/often_here?q=c1")
    assert any(one["is_member"] and one["reason"].truth for one in home.context["reasons"])
    assert client.get("/segments").context["own"][0][2] == counted.context["size"].size
    download = client.get("/segments/often_here/members.csv")
    assert "often_here" in download["Content-Disposition"]
    assert b"".join(download).decode("utf-8-sig").startswith("customer_id,entered_at")


def test_a_viewer_may_look_and_not_change(client: Client):
    client.force_login(make.employee("agent"))
    assert client.get("/segments").status_code == 200
    assert client.get("/segments/new").status_code == 403
