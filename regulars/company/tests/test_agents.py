"""Those who serve customers: described by code, forgotten, and told to other programs."""

import json
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from regulars.company.actions import (
    AgentInput,
    add_agents,
    change_agent,
    meet_agents,
    remove_agent,
    set_sample,
)
from regulars.company.events import SampleDataRemoved
from regulars.company.handlers import forget_invented_agents
from regulars.company.models import Agent, Store
from regulars.core.api.keys import create_key
from regulars.customers.models import Purchase
from tests import make

pytestmark = pytest.mark.django_db


def test_those_who_serve_are_described_by_code_and_forgotten():
    assert meet_agents({"7", ""}) == {"7": Agent.objects.get().pk}
    answers = add_agents(
        [
            AgentInput("7", "Ann", team="Early"),
            AgentInput(" 8 ", "Bob"),
            AgentInput(" "),
            AgentInput("9", "a\x00"),
            AgentInput("1" * 51),
        ]
    )
    assert [one.created for one in answers] == [False, True, False, False, False]
    assert [one.refused and one.refused.field for one in answers[2:]] == ["code", "name", "code"]
    add_agents([AgentInput("7", team="Late")])
    ann = Agent.objects.get(code="7")
    assert (str(ann), ann.team) == ("Ann", "Late")
    assert str(Agent.objects.get(code="8")) == "Bob"
    bought = make.purchase(served_by="7")
    change_agent(ann, AgentInput("other", "", team=""))
    assert str(Agent.objects.get(pk=ann.pk)) == "7"
    remove_agent(ann)
    assert Purchase.objects.get(pk=bought.purchase_id).served_by is None


def test_invented_people_who_serve_go_with_the_sample_data():
    set_sample(present=True)
    add_agents([AgentInput("7"), AgentInput("8")], sample=True)
    add_agents([AgentInput("8", "Real")])
    forget_invented_agents(SampleDataRemoved())
    assert [one.code for one in Agent.objects.all()] == ["8"]


class Caller:
    """A program with all scopes, for all stores or some."""

    def __init__(self, *stores: Store) -> None:
        ids = [one.pk for one in stores] or None
        made = create_key(name="hr", scopes=["*"], now=timezone.now(), stores=ids)
        self.client = Client(headers={"authorization": f"Bearer {made.secret}"})

    def __call__(self, method: str, path: str, body: Any = None) -> Any:
        return self.client.generic(
            method,
            f"/api/v1/agents{path}",
            json.dumps(body) if body is not None else "",
            content_type="application/json",
            headers={"idempotency-key": str(uuid4())},
        )


def test_a_program_keeps_the_list():
    hr = Caller()
    made = hr("POST", "", {"code": "7", "name": "Ann", "team": "Early"})
    assert (made.status_code, made.json()["created"]) == (201, True)
    assert hr("POST", "", {"code": " "}).status_code == 422
    meet_agents(["8"])
    told = [(one["code"], one["name"]) for one in hr("GET", "").json()["items"]]
    assert sorted(told) == [("7", "Ann"), ("8", "")]
    assert [one["code"] for one in hr("GET", "?q=earl").json()["items"]] == ["7"]
    path = f"/{made.json()['id']}"
    assert hr("PATCH", path, {"name": "Anna"}).json()["team"] == ""
    assert hr("DELETE", path).status_code == 204
    assert hr("DELETE", path).status_code == 404
    assert [one.code for one in Agent.objects.all()] == ["8"]


def test_a_key_of_some_stores_neither_reads_nor_keeps_the_list():
    till = Caller(make.store("A"))
    agent = meet_agents(["7"])["7"]
    assert till("GET", "").status_code == 403
    assert till("POST", "", {"code": "8"}).status_code == 403
    assert till("PATCH", f"/{agent}", {"name": "X"}).status_code == 403
    assert till("DELETE", f"/{agent}").status_code == 403
    assert b'"status":200' not in till("POST", "/bulk", {"code": "8"}).content.replace(b" ", b"")
    assert [str(one) for one in Agent.objects.all()] == ["7"]


def test_a_manager_names_those_who_serve(client: Client):
    client.force_login(make.employee("cx_manager"))
    assert "Whoever serves will be here" in client.get("/settings/agents").content.decode()
    meet_agents(["7"])
    assert "no name yet" in client.get("/settings/agents").content.decode()
    saved = client.post("/settings/agents/new", {"code": "8", "name": "Bob", "team": "Late"})
    assert saved.status_code == 302
    again = client.post("/settings/agents/new", {"code": "8", "name": "Other", "team": "Early"})
    assert again.status_code == 422
    assert "Somebody has this code already" in again.content.decode()
    assert "Early" in again.content.decode()
    bob = Agent.objects.get(code="8")
    assert str(bob) == "Bob"
    listed = client.get("/settings/agents?q=lat&sort=-team").content.decode()
    assert "Bob" in listed
    assert "<c-" not in listed
    assert client.post(f"/settings/agents/{bob.pk}", {"name": "Rob"}).status_code == 302
    assert (str(Agent.objects.get(pk=bob.pk)), Agent.objects.get(pk=bob.pk).code) == ("Rob", "8")
    wrong = client.post(f"/settings/agents/{bob.pk}", {"name": "x" * 101})
    assert wrong.status_code == 422
    assert "go for good" in client.get(f"/settings/agents/{bob.pk}/remove").content.decode()
    assert client.post(f"/settings/agents/{bob.pk}/remove").status_code == 302
    assert "Rob" not in client.get("/settings/agents").content.decode()


@pytest.mark.parametrize("role", ["store_manager", "marketer", "agent", "loyalty_manager"])
def test_other_roles_do_not_open_the_list(client: Client, role: str):
    client.force_login(make.employee(role, stores=[make.store("A")]))
    assert client.get("/settings/agents").status_code == 403


@pytest.mark.parametrize("path", ["/settings/agents", "/stores"])
def test_lists_are_sorted_by_the_names_that_the_reader_sees(client: Client, path: str):
    client.force_login(make.employee("owner"))
    names = {"1": ("Ann", "Яна"), "2": ("Bob", "Антон"), "3": ("Cyd", "")}
    add_agents([AgentInput(code, *both) for code, both in names.items()])
    Store.objects.bulk_create(
        Store(code=code, name=name, name_ru=russian) for code, (name, russian) in names.items()
    )
    for language, sort, order in (
        ("en", "name", ["Ann", "Bob", "Cyd"]),
        ("en", "-name", ["Cyd", "Bob", "Ann"]),
        ("ru", "name", ["Cyd", "Антон", "Яна"]),
    ):
        client.cookies["django_language"] = language
        text = client.get(f"{path}?sort={sort}").content.decode().partition("<tbody")[2]
        assert sorted(order, key=text.index) == order
