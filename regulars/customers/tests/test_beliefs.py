"""Settings of who is one person, on pages and by API; and what programs say of pairs."""

import json

import pytest
from django.urls import reverse

from regulars.core.api.keys import create_key
from regulars.customers.actions import CustomerRef, ProfileInput, learn_customers
from regulars.customers.actions.beliefs import judge_everything, project_everybody
from regulars.customers.models import BlockedValue, Customer, Evidence, IdentityLimit
from regulars.customers.queries import leaders_of
from regulars.customers.queries.beliefs import limits_in_force, precedence
from regulars.customers.rules.sharing import Limit
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def signed(client):
    client.force_login(make.employee("owner"))
    return client


@pytest.fixture
def api(client):
    scopes = ["matches:read", "matches:write", "customers:read", "customers:personal"]
    key = create_key(name="crm", scopes=scopes, now=make.NOW)

    def ask(method, path, body=None, **headers):
        data = body if isinstance(body, str) else json.dumps(body)
        extra = {"Authorization": f"Bearer {key.secret}", "Idempotency-Key": f"{path}{hash(data)}"}
        if method == "get":
            return client.get(f"/api/v1{path}", headers=extra)
        call = getattr(client, method)
        return call(
            f"/api/v1{path}", data, content_type="application/json", headers={**extra, **headers}
        )

    return ask


def family() -> list[int]:
    """Three people who have one card, which is more than a card's limit."""
    told = [
        ProfileInput(f"f{place}", {"name": name}, (CustomerRef("card", "555"),))
        for place, name in enumerate(("Ann Lee", "Bob Lee", "Cid Lee"))
    ]
    return [one.customer_id for one in learn_customers(told, source="crm", now=make.NOW)]


def is_one(*ids: int) -> bool:
    return len(set(leaders_of(ids).values())) == 1


def test_shared_identities_say_why(signed) -> None:
    family()
    shown = signed.get("/settings/identities").content.decode()
    assert "555" in shown
    assert "than its limit allows" in shown
    assert "None for this reason" in signed.get("/settings/identities?why=blocked").content.decode()
    assert signed.get("/settings/identities?why=nonsense&page=x").status_code == 200


def test_a_value_is_blocked_by_suggestion_and_freed(signed) -> None:
    family()
    url = "/settings/identities/blocked"
    assert "Worth a look" in signed.get(url).content.decode()
    signed.post(url, {"kind": "card", "value": " 555 "})
    assert make.purchase(card="555").customer_id is None
    refused = signed.post(url, {"kind": "card", "value": "0000"})
    assert refused.status_code == 422
    assert "points to nobody as it is" in refused.content.decode()
    freed = reverse("customers.free_value", args=[BlockedValue.objects.get().pk])
    assert signed.post(freed).status_code == 302
    assert not BlockedValue.objects.exists()


def test_limits_are_set_and_bad_ones_refused(signed) -> None:
    ids = family()
    limits = limits_in_force()
    told = {f"people-{kind}": limit.people for kind, limit in limits.items()}
    told |= {f"days-{kind}": limit.days or "" for kind, limit in limits.items()}
    url = "/settings/identities/limits"
    assert signed.post(url, told | {"people-card": 0}).status_code == 422
    assert not IdentityLimit.objects.exists()
    assert signed.post(url, told | {"people-card": 9}).status_code == 302
    assert limits_in_force()["card"] == Limit(9)
    judge_everything()
    assert not is_one(*ids)
    assert signed.get(url).status_code == 200


def test_sources_go_up_and_down(signed) -> None:
    one = make.record("crm", "1", name="Ann Lee", email="a@x.org")
    make.record("web", "9", name="Ann", email="a@x.org")
    url = "/settings/identities/sources"
    for source, act in (("web", "in"), ("crm", "in"), ("crm", "up"), ("nobody", "in"), ("x", "up")):
        signed.post(url, {"source": source, "act": act})
    assert precedence() == (["crm", "web"], [])
    project_everybody()
    assert Customer.objects.get(pk=one.pk).name == "Ann Lee"
    signed.post(url, {"source": "crm", "act": "out"})
    assert precedence() == (["web"], ["crm"])
    assert "Put in order" in signed.get(url).content.decode()


def test_an_agent_sees_and_changes_nothing(client) -> None:
    client.force_login(make.employee("agent"))
    assert client.get("/settings/identities/blocked").status_code == 200
    client.post("/settings/identities/blocked", {"kind": "card", "value": "555"})
    assert not BlockedValue.objects.exists()
    assert client.get("/settings/identities/limits").status_code == 403


def test_programs_decide_pairs_line_by_line(api) -> None:
    first, second = make.doubtful_pair(), make.doubtful_pair()
    listed = api("get", "/matches?limit=1").json()
    assert len(listed["items"]) == 1
    assert listed["items"][0]["steps"][0]["field"] == "start"
    rest = api("get", f"/matches?cursor={listed['next_cursor']}").json()["items"]
    assert {listed["items"][0]["id"], rest[0]["id"]} == {first.pk, second.pk}
    lines = [
        {"left": first.left_id, "right": first.right_id, "decision": "same"},
        {"left": second.right_id, "right": second.left_id, "decision": "different"},
        {"left": first.left_id, "right": first.left_id, "decision": "same"},
        {"left": first.left_id, "right": 10**9, "decision": "same"},
        {"left": 1, "right": 2, "decision": "perhaps"},
    ]
    body = "\n".join(map(json.dumps, lines))
    for _ in range(2):
        answer = api("post", "/matches/decisions/bulk", body).content.decode()
        told = [json.loads(line) for line in answer.splitlines()]
        assert [one["status"] for one in told] == [200, 200, 422, 422, 422]
        assert [told[place]["result"]["is_one_person"] for place in (0, 1)] == [True, False]
    assert [one["kind"] for one in api("get", "/matches/decided").json()["items"]]
    assert not api("get", "/matches").json()["items"]
    assert set(Evidence.objects.exclude(kind="probable").values_list("source", flat=True)) == {
        "api: crm"
    }


def test_decisions_spend_the_same_statements_however_many(django_assert_max_num_queries) -> None:
    from regulars.customers.actions.merging import Word, decide_pairs

    pairs = [make.doubtful_pair() for _ in range(4)]
    words = [Word(one.left_id, one.right_id, "same") for one in pairs]
    with django_assert_max_num_queries(40):
        assert decide_pairs(words, by=None, now=make.NOW) == [None] * 4
    assert all(is_one(one.left_id, one.right_id) for one in pairs)


def test_programs_merge_see_why_and_part(api) -> None:
    pair = make.doubtful_pair()
    one, other = pair.left_id, pair.right_id
    merged = api("post", f"/customers/{one}/merge", {"other": other})
    assert merged.status_code == 200, merged.content
    again = api("post", f"/customers/{one}/merge", {"other": other})
    assert again.headers["Idempotent-Replay"] == "true"
    assert api("post", f"/customers/{one}/merge", {"other": one}).status_code == 422
    assert api("post", f"/customers/{10**9}/merge", {"other": one}).status_code == 422
    why = api("get", f"/customers/{other}/evidence").json()
    assert {record["id"] for record in why["records"]} == {one, other}
    assert [entry["reason"] for entry in why["ledger"]] == ["stated"]
    facts = api("get", f"/customers/{one}/facts").json()["items"]
    assert {fact["fact"]: len(fact["lost"]) for fact in facts}["address"] == 1
    assert api("get", f"/customers/{one}/relations").json() == {"items": []}
    parted = api("post", f"/customers/{other}/unmerge", {})
    assert parted.json() == {"customer_id": other, "acts": []}
    assert not is_one(one, other)
    assert api("post", f"/customers/{other}/unmerge", {"again": 1}).status_code == 422
    assert api("get", f"/customers/{10**9}/evidence").status_code == 404


def test_programs_keep_the_settings(api) -> None:
    ids = family()
    (shared,) = api("get", "/shared-identities").json()["items"]
    assert (shared["kind"], shared["value"], shared["reason"]) == ("card", "555", "limit")
    (suggested,) = api("get", "/blocked-values/suggestions").json()["items"]
    assert (suggested["value"], suggested["records"]) == ("555", 3)
    made = api("post", "/blocked-values", {"kind": "card", "value": "555"})
    assert made.status_code == 201, made.content
    assert api("post", "/blocked-values", {"kind": "card", "value": "000"}).status_code == 422
    assert api("get", "/blocked-values").json()["items"][0]["value"] == "555"
    gone = f"/blocked-values/{made.json()['id']}"
    assert api("delete", gone).status_code == 204
    assert api("delete", gone, {"again": 1}).status_code == 404
    limit = {"items": [{"kind": "card", "people": 3, "days": None}]}
    assert limit["items"][0] in api("patch", "/identity-limits", limit).json()["items"]
    bad = {"items": [{"kind": "card", "people": 0}]}
    assert api("patch", "/identity-limits", bad).status_code == 422
    assert not is_one(*ids)
    order = api("put", "/source-precedence", {"sources": ["web", "crm"]})
    assert order.json() == {"sources": ["web", "crm"], "alike": []}
    assert api("put", "/source-precedence", {"sources": ["sample"]}).status_code == 422


def test_programs_without_the_scope_are_refused(client) -> None:
    key = create_key(name="till", scopes=["customers:read"], now=make.NOW)
    for path in ("matches", "identity-limits", "source-precedence", "blocked-values"):
        answer = client.get(f"/api/v1/{path}", headers={"Authorization": f"Bearer {key.secret}"})
        assert answer.status_code == 403, path
