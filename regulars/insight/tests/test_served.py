"""Who served: from the till to the invitation, the answer and the fair comparison."""

import json
import threading
import time
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import OperationalError, connection, connections, transaction
from django.test import Client

from regulars.company.actions import AgentInput, add_agents, meet_agents, remove_agent
from regulars.company.models import Agent, Store
from regulars.core.api.keys import create_key
from regulars.customers.models import Customer, Purchase
from regulars.feedback.actions import receive_answers
from regulars.feedback.actions.asking import ask_due
from regulars.feedback.actions.following import open_follow_ups
from regulars.feedback.actions.nominating import after_passages, after_purchases
from regulars.feedback.actions.plans import PlanInput, set_plan
from regulars.feedback.actions.sittings import (
    finish_sitting,
    invited_input,
    keep_answers,
    open_sitting,
)
from regulars.feedback.models import Answer, FollowUp, Invitation, Signal, Survey
from regulars.feedback.tests import cast
from regulars.insight.actions.lake import refresh_lake
from regulars.insight.queries.metrics import Ask, measured
from regulars.insight.rules.scope import Scope
from regulars.journey.actions import (
    PassageInput,
    ensure_defaults,
    pass_by_purchases,
    record_passages,
)
from regulars.journey.models import Passage
from tests import make

pytestmark = pytest.mark.django_db(transaction=True)

NOW = make.NOW
MONTH = Scope(NOW.date() - timedelta(days=29), NOW.date())
AROUND = f"from={MONTH.from_on}&to={MONTH.to_on}"
EACH = 40


class Caller:
    """A program with a key of these scopes."""

    def __init__(self, *scopes: str) -> None:
        secret = create_key(name="t", scopes=scopes, now=NOW).secret
        self.client = Client(headers={"Authorization": f"Bearer {secret}"})

    def get(self, path: str) -> Any:
        return self.client.get(f"/api/v1{path}")

    def post(self, path: str, body: Any) -> Any:
        head = {"idempotency-key": str(uuid4())}
        text = json.dumps(body)
        return self.client.post(
            f"/api/v1{path}", text, content_type="application/json", headers=head
        )


def signed_in(role: str = "owner", **told: Any) -> Client:
    client = Client()
    client.force_login(make.employee(role, **told), backend="regulars.company.access.RoleBackend")
    return client


def answered(asked: Survey, code: str, store: str, scores: list[int]) -> None:
    """So many people whom one employee served gave these scores."""
    (added,) = add_agents([AgentInput(code)])
    people = Customer.objects.bulk_create(
        Customer(name=f"{code} {n}", known_since=NOW) for n in range(len(scores))
    )
    receive_answers(
        [
            cast.answer(
                asked,
                f"{code}:{who.pk}",
                values={"nps": score},
                answered_at=NOW - timedelta(days=1),
                customer_id=who.pk,
                store_id=shops()[store],
                served_by_id=added.id,
            )
            for who, score in zip(people, scores, strict=True)
        ],
        now=NOW,
    )


def shops() -> dict[str, int]:
    """The ids of the two stores, by code."""
    for code in ("north", "south"):
        Store.objects.get_or_create(code=code, defaults={"name": code})
    return dict(Store.objects.values_list("code", "pk"))


def planted() -> None:
    """Ann does well and Bob badly, in one team each; Eve has four answers and no description."""
    add_agents([AgentInput("a", "Ann", team="Early"), AgentInput("b", "Bob", team="Late")])
    asked = cast.survey()
    answered(asked, "a", "north", [10] * 36 + [3] * 4)
    answered(asked, "b", "south", [10] * 8 + [3] * 32)
    answered(asked, "e", "south", [3] * 4)
    refresh_lake(now=NOW)


def compared(by: str) -> dict[str, Any]:
    found = measured({"it": Ask("fair_scores", MONTH, {"by": by})}, now=NOW)["it"]
    return {group["key"]: group for group in found["groups"]}


def test_who_served_travels_from_the_till_to_the_score():
    """The till names them, a plan asks the customer, and the answer counts for who served."""
    make.program()
    asked = cast.survey()
    set_plan(asked, PlanInput(name="After a purchase", trigger="purchase"), now=NOW)
    till = Caller("purchases:write")
    who = make.customer("Ann", card="77", email="ann@example.com")
    receipt = {
        "source": "till",
        "number": "1",
        "customer": {"kind": "card", "value": "77"},
        "bought_at": NOW.isoformat(),
        "served_by": "1042",
        "lines": [{"sku": "milk", "total_minor": 100}],
    }
    assert till.post("/purchases", receipt).status_code == 201
    assert till.post("/purchases", receipt).status_code == 201
    other = till.post("/purchases", receipt | {"served_by": "7"})
    assert (other.status_code, other.json()["code"]) == (409, "other_content")
    assert till.post("/purchases", receipt | {"served_by": "x" * 51}).status_code == 422
    (bought,) = Purchase.objects.all()
    assert bought.served_by
    assert bought.served_by.code == "1042"
    ensure_defaults(now=NOW)
    assert pass_by_purchases([bought.pk]) == 2
    assert list(Passage.objects.values_list("served_by__code", flat=True)) == ["1042"] * 2

    after_purchases([bought.pk], now=NOW)
    ask_due(now=NOW)
    invitation = Invitation.objects.get(customer=who)
    sitting = open_sitting(invited_input(invitation), now=NOW)
    keep_answers(sitting, {"nps": 9}, now=NOW)
    finish_sitting(sitting, now=NOW)
    for model in (Invitation, Answer, Signal):
        assert model.objects.get().served_by == bought.served_by


def test_a_passage_that_names_who_served_leads_to_an_answer_that_does():
    place = make.touchpoint()
    asked = cast.survey()
    told = PlanInput(name="After a visit", trigger="passage", subject=place.code)
    set_plan(asked, told, now=NOW)
    who = make.customer("Ann", email="ann@example.com")
    (added,) = add_agents([AgentInput("1042", "Ann")])
    record_passages(
        [PassageInput(place.pk, NOW, "visit:1", customer_id=who.pk, served_by_id=added.id)]
    )
    after_passages([Passage.objects.get().pk], now=NOW)
    ask_due(now=NOW)
    assert Invitation.objects.get().served_by_id == added.id


def test_answers_and_invitations_of_other_programs_name_who_served():
    outside = Caller("answers:write", "invitations:write", "answers:read")
    asked, who = cast.survey(), make.customer("Ann", email="ann@example.com")
    answer = {"key": "1", "survey_id": asked.pk, "values": {"nps": 9}, "served_by": "1042"}
    assert outside.post("/answers", answer).status_code == 201
    asking = {"survey_id": asked.pk, "cause": "call:1", "customer_id": who.pk, "served_by": "1042"}
    assert outside.post("/invitations", {"invitations": [asking]}).status_code == 201
    agent = Agent.objects.get()
    assert outside.get("/answers").json()["items"][0]["served_by_id"] == agent.pk
    assert {Signal.objects.get().served_by_id, Invitation.objects.get().served_by_id} == {agent.pk}


LINES: dict[str, tuple[str, dict[str, Any]]] = {
    "/answers/bulk": ("feedback_answer", {"key": "1", "values": {"nps": 9}}),
    "/passages/bulk": ("journey_passage", {"cause": "1", "at": NOW.isoformat()}),
}


@pytest.mark.parametrize("path", LINES)
def test_nobody_can_be_forgotten_between_the_code_and_the_row_that_names_them(path: str):
    table, line = LINES[path]
    place, asked = make.touchpoint().code, cast.survey().pk
    about = {"survey_id": asked} if "values" in line else {"touchpoint": place}
    body, agent = json.dumps(line | about | {"served_by": "1042"}), meet_agents(["1042"])["1042"]
    outside, answers = Caller("answers:write", "journey:write"), []

    def send() -> None:
        kind = "application/x-ndjson"
        answers.append(outside.client.post(f"/api/v1{path}", body, content_type=kind).content)
        connections.close_all()

    sender = threading.Thread(target=send)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"LOCK TABLE {table} IN SHARE MODE")
        sender.start()
        cursor.execute(WAITING, [table])
        while sender.is_alive() and not cursor.fetchone():
            time.sleep(0.01)
            cursor.execute(WAITING, [table])
        with pytest.raises(OperationalError), transaction.atomic():
            Agent.objects.select_for_update(nowait=True).get(pk=agent)
    sender.join()
    assert json.loads(answers[0])["status"] == 200


WAITING = "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = %s::regclass"


def test_those_who_serve_are_compared_like_stores_and_nothing_is_said_of_few_answers():
    planted()
    groups = compared("agent")
    by_code = {
        code: groups[str(pk)]["verdict"] for code, pk in Agent.objects.values_list("code", "pk")
    }
    assert by_code == {"a": "higher", "b": "lower", "e": "too_few"}
    assert groups[str(Agent.objects.get(code="e").pk)]["adjusted"] is None
    assert {key: group["verdict"] for key, group in compared("team").items()} == {
        "Early": "higher",
        "Late": "lower",
        "": "too_few",
    }


def test_whoever_is_forgotten_is_nobody_and_the_answers_stay():
    planted()
    remove_agent(Agent.objects.get(code="b"))
    assert Signal.objects.count() == 2 * EACH + 4
    assert Signal.objects.filter(served_by__isnull=True).count() == EACH
    refresh_lake(now=NOW)
    groups = compared("agent")
    assert groups[""]["raw"]["answers"] == EACH
    assert len(groups) == 3
    page = signed_in("cx_manager").get(f"/listen/fair?{AROUND}&by=agent").content.decode()
    assert page.count("Not known who served") == 1, "in the list, and not in the chart"


def test_the_page_names_employees_only_to_those_who_may_see_them():
    planted()
    boss = signed_in("cx_manager")
    page = boss.get(f"/listen/fair?{AROUND}&by=agent").content.decode()
    assert "<c-" not in page
    assert ">Ann<" in page
    assert ">e<" in page
    assert "To help, not to judge" in page
    assert "not enough data" in page
    team = boss.get(f"/listen/fair?{AROUND}&by=team").content.decode()
    assert ">Early<" in team
    assert "No team" in team
    assert "Bob" in boss.get(f"/listen/fair.csv?{AROUND}&by=agent").content.decode()
    for role in ("marketer", "mystery_coordinator", "agent"):
        other = signed_in(role)
        for by in ("agent", "team"):
            assert other.get(f"/listen/fair?{AROUND}&by={by}").status_code == 403
            assert other.get(f"/listen/fair.csv?{AROUND}&by={by}").status_code == 403
        assert 'value="agent"' not in other.get(f"/listen/fair?{AROUND}").content.decode()


def test_a_store_manager_sees_whoever_served_in_the_own_stores():
    planted()
    shop = Signal.objects.filter(store__code="north").first()
    assert shop
    assert shop.store
    manager = signed_in("store_manager", stores=[shop.store])
    page = manager.get(f"/listen/fair?{AROUND}&by=agent").content.decode()
    assert "Ann" in page
    assert "Bob" not in page


def test_a_program_compares_employees_with_a_scope_of_its_own():
    planted()
    path = f"/scores/fair?{AROUND}&by=agent"
    refused = Caller("signals:read").get(path)
    assert (refused.status_code, refused.json()["code"]) == (403, "scope_is_missing")
    told = Caller("signals:read", "agents:read").get(path).json()
    assert {group["verdict"] for group in told["groups"]} == {"higher", "lower", "too_few"}
    assert "Ann" not in json.dumps(told)


def test_follow_ups_words_and_timelines_tell_who_served_to_those_who_may_know():
    asked, ann = cast.survey(), make.customer("Ann Cooper", card="77")
    (bob, _eve) = add_agents([AgentInput("8", "Bob Harris"), AgentInput("9", "Eve Moreau")])
    make.purchase(customer=ann, served_by="9")
    unhappy = cast.answer(
        asked,
        values={"nps": 2, "why": "Rude"},
        customer_id=ann.pk,
        served_by_id=bob.id,
        answered_at=NOW - timedelta(hours=1),
    )
    received = receive_answers([unhappy], now=NOW)[0]
    assert received.answer_id
    open_follow_ups([received.answer_id], now=NOW)
    pages = [
        f"/listen/follow-ups/{FollowUp.objects.get().pk}",
        f"/listen/words?{AROUND}",
        f"/customers/{ann.pk}",
    ]
    for role, sees in (("support_lead", True), ("agent", False)):
        client = signed_in(role)
        shown = [client.get(address) for address in pages]
        assert [one.status_code for one in shown] == [200] * 3
        assert ["served by Bob Harris" in one.content.decode() for one in shown] == [sees] * 3
        assert ("served by Eve Moreau" in shown[2].content.decode()) == sees
