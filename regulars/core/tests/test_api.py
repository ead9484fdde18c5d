"""The rules that all operations share, seen through a small API of our own."""

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, connections
from django.http import HttpResponse
from django.test import Client, override_settings
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from regulars.core.api.idempotency import forget_old_answers
from regulars.core.api.keys import create_key, find_key, revoke_key
from regulars.core.api.limits import Limiter
from regulars.core.api.problems import DECLARED
from regulars.core.errors import NotFound, Refused
from regulars.core.models import ApiKey, StoredAnswer, Work

pytestmark = [pytest.mark.django_db, pytest.mark.urls("regulars.core.tests.api_of_tests")]

URL = "/api/v1/works"


class Caller:
    """A program with a key."""

    def __init__(self, *scopes: str, **more: Any) -> None:
        made = create_key(name="till", scopes=scopes, now=timezone.now(), **more)
        self.key, self.secret = made.key, made.secret
        self.client = Client(raise_request_exception=False)

    def get(self, url: str = URL, **query: Any) -> Any:
        return self.client.get(url, query, headers={"authorization": f"Bearer {self.secret}"})

    def post(self, body: object, name: str | None = "one", url: str = URL) -> Any:
        headers = {"authorization": f"Bearer {self.secret}"}
        if name is not None:
            headers["idempotency-key"] = name
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.client.post(url, raw, content_type="application/json", headers=headers)


@pytest.fixture
def caller() -> Caller:
    return Caller("works:read", "works:write")


def check_problem(response: Any, status: int, code: str, field: str | None = None) -> None:
    assert response.status_code == status, response.content
    assert response["content-type"] == "application/problem+json"
    document = response.json()
    assert (document["status"], document["code"]) == (status, code)
    assert document["type"] == f"urn:regulars:problem:{code}"
    if field is not None:
        assert [line["field"] for line in document["errors"]] == [field]


# Keys


def test_a_key_is_kept_as_a_hash_only() -> None:
    made = create_key(name="till", scopes=["works:read"], now=timezone.now())
    assert made.secret.startswith(f"rk_{made.key.prefix}_")
    row = str(ApiKey.objects.values().get(pk=made.key.pk))
    assert made.secret.rpartition("_")[2] not in row


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer rk_", "Bearer rk_abcdefgh_nonsense", "Basic rk_x", "rk_x"]
)
def test_without_a_valid_key_nothing_is_told(header: str) -> None:
    response = Client().get(URL, headers={"authorization": header})
    check_problem(response, 401, "unauthorized")
    assert response["www-authenticate"] == "Bearer"


def test_a_key_ends_when_it_is_revoked_or_expires(caller: Caller) -> None:
    now = timezone.now()
    brief = create_key(name="brief", scopes=["*"], now=now, expires_at=now + timedelta(hours=1))
    assert find_key(brief.secret, now=now) == brief.key
    assert find_key(brief.secret, now=now + timedelta(hours=1)) is None
    revoke_key(key_id=caller.key.pk, now=now)
    revoke_key(key_id=caller.key.pk, now=now)
    check_problem(caller.get(), 401, "unauthorized")


def test_a_key_does_what_its_scopes_say(caller: Caller) -> None:
    reader = Caller("works:read")
    assert reader.get().status_code == 200
    check_problem(reader.post({"kind": "a"}), 403, "scope_is_missing")
    assert not Work.objects.exists()
    assert Caller("*").post({"kind": "a"}).status_code == 201


def test_the_use_of_a_key_is_noted_once_a_minute(caller: Caller) -> None:
    now = timezone.now()
    moments = []
    for seconds in (0, 59, 61):
        find_key(caller.secret, now=now + timedelta(seconds=seconds))
        moments.append(ApiKey.objects.get(pk=caller.key.pk).last_used_at)
    assert moments == [now, now, now + timedelta(seconds=61)]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [({"name": " "}, "name"), ({"scopes": []}, "scopes"), ({"scopes": ["All"]}, "scopes")],
)
def test_keys_without_name_or_scopes_are_refused(wrong: dict[str, Any], field: str) -> None:
    with pytest.raises(Refused) as refused:
        create_key(**({"name": "till", "scopes": ["a:b"], "now": timezone.now()} | wrong))
    assert refused.value.field == field


def test_revoking_no_key_is_refused() -> None:
    with pytest.raises(NotFound):
        revoke_key(key_id=1, now=timezone.now())


def test_a_key_is_limited_to_its_stores() -> None:
    key = Caller("*", stores=[3, 1, 3]).key
    assert key.store_ids == {1, 3}
    assert Caller("*").key.store_ids is None


# Idempotency


def test_the_same_request_again_gets_the_same_answer(caller: Caller) -> None:
    first, second = caller.post({"kind": "a"}), caller.post({"kind": "a"})
    assert first.status_code == second.status_code == 201
    assert first.content == second.content
    assert "idempotent-replay" not in first
    assert second["idempotent-replay"] == "true"
    assert Work.objects.count() == 1


def test_the_same_name_for_another_request_is_refused(caller: Caller) -> None:
    caller.post({"kind": "a"})
    check_problem(caller.post({"kind": "b"}), 409, "idempotency_key_reused", "Idempotency-Key")
    assert Work.objects.count() == 1


def test_names_belong_to_their_key(caller: Caller) -> None:
    assert caller.post({"kind": "a"}).status_code == 201
    assert Caller("*").post({"kind": "b"}).status_code == 201


@pytest.mark.parametrize("name", [None, "", " ", "x" * 256])
def test_a_write_without_a_name_is_refused(caller: Caller, name: str | None) -> None:
    response = caller.post({"kind": "a"}, name)
    check_problem(response, 400, "idempotency_key_needed", "Idempotency-Key")
    assert not Work.objects.exists()


@pytest.mark.parametrize(
    ("kind", "status"), [("refused", 422), ("conflict", 409), ("failure", 500), ("", 422)]
)
def test_an_error_changes_nothing_and_leaves_the_name_free(
    caller: Caller, kind: str, status: int
) -> None:
    assert caller.post({"kind": kind}).status_code == status
    assert not Work.objects.exists()
    assert not StoredAnswer.objects.exists()
    assert caller.post({"kind": "good"}).status_code == 201


@pytest.mark.django_db(transaction=True)
def test_concurrent_requests_of_one_name_have_one_effect() -> None:
    caller = Caller("*")
    answers: list[HttpResponse] = []
    start = threading.Barrier(6)

    def post() -> None:
        start.wait()
        try:
            answers.append(caller.post({"kind": "a"}))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=post) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answer.status_code for answer in answers] == [201] * 6
    assert len({answer.content for answer in answers}) == 1
    assert sum("idempotent-replay" in answer for answer in answers) == 5
    assert Work.objects.count() == 1


def test_answers_are_kept_for_thirty_days(caller: Caller) -> None:
    caller.post({"kind": "a"})
    now = timezone.now()
    assert forget_old_answers(now=now + timedelta(days=29)) == 0
    assert forget_old_answers(now=now + timedelta(days=31)) == 1
    assert "idempotent-replay" not in caller.post({"kind": "a"})


# Errors


@pytest.mark.parametrize(
    ("body", "status", "code", "field"),
    [
        (b"{", 400, "malformed", None),
        (b"\xff", 400, "malformed", None),
        (b'{"kind": NaN}', 400, "malformed", None),
        (b'{"kind": "a\\u0000"}', 400, "malformed", None),
        (b'{"kind": "\\ud800"}', 400, "malformed", None),
        (b"[" * 100_000, 400, "malformed", None),
        (b"[]", 422, "invalid", "kind"),
        (b"{}", 422, "invalid", "kind"),
        (b'{"kind": "a", "total": -1}', 422, "invalid", "total"),
        (b'{"kind": "a", "parts": [{"name": "b"}, {}]}', 422, "invalid", "parts[1].name"),
        (b'{"kind": "refused"}', 422, "kind_is_refused", "kind"),
    ],
)
def test_wrong_input_names_the_field(
    caller: Caller, body: bytes, *, status: int, code: str, field: str | None
) -> None:
    check_problem(caller.post(body), status, code, field)


def test_a_failure_tells_no_secrets(caller: Caller, caplog: pytest.LogCaptureFixture) -> None:
    response = caller.post({"kind": "failure"})
    check_problem(response, 500, "failure")
    assert b"secret" not in response.content
    assert "the secret of the failure" in caplog.text


def test_addresses_that_lead_nowhere_are_problems_too(caller: Caller) -> None:
    check_problem(caller.get(f"{URL}/1"), 404, "not_found", "id")
    check_problem(caller.get("/api/v1/nothing"), 404, "not_found")
    check_problem(caller.get(f"{URL}?cursor=%00"), 400, "malformed")
    response = caller.client.delete(URL)
    check_problem(response, 405, "method_not_allowed")
    assert set(response["allow"].split(", ")) == {"GET", "POST"}


def test_a_large_body_is_refused(caller: Caller) -> None:
    with override_settings(DATA_UPLOAD_MAX_MEMORY_SIZE=1000):
        check_problem(caller.post({"kind": "a" * 1000}), 413, "too_big")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
)
WORKS = st.fixed_dictionaries(
    {}, optional={"kind": st.text() | JSON, "total": st.integers() | JSON, "parts": JSON}
)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(body=WORKS | JSON, name=st.uuids().map(str))
def test_no_input_makes_it_fail(body: Any, name: str) -> None:
    response = Caller("*").post(body, name)
    assert response.status_code in {201, 400, 422}
    if response.status_code != 201:
        assert response["content-type"] == "application/problem+json"


# Pages


def test_pages_follow_one_another_without_gap_or_repeat(caller: Caller) -> None:
    Work.objects.bulk_create(Work(kind="a", total=at // 3, created_at=NOW) for at in range(10))
    seen: list[int] = []
    cursor: str | None = ""
    while cursor is not None:
        page = caller.get(limit=4, cursor=cursor).json()
        seen += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
        Work.objects.create(kind="late", total=99)
    assert seen == list(
        Work.objects.filter(kind="a").order_by("-total", "-id").values_list("id", flat=True)
    )


@pytest.mark.parametrize(
    ("query", "field"),
    [({"limit": 0}, "limit"), ({"limit": 201}, "limit"), ({"cursor": "made:up"}, "cursor")],
)
def test_wrong_pages_are_refused(caller: Caller, query: dict[str, Any], field: str) -> None:
    response = caller.get(**query)
    assert response.status_code == 422
    assert response.json()["errors"][0]["field"] == field


# Bulk lines


def test_each_line_is_answered_by_its_number(caller: Caller) -> None:
    lines = [
        b'{"kind": "a"}',
        b"",
        b"{",
        b'{"kind": ""}',
        b'{"kind": "b"}',
        b'{"kind": "refused"}',
        b'{"kind": "c"}',
    ]
    response = caller.post(b"\n".join(lines), None, f"{URL}/bulk")
    assert response["content-type"] == "application/x-ndjson"
    answers = [json.loads(line) for line in response.content.splitlines()]
    assert [(one["line"], one["status"]) for one in answers] == [
        (1, 200),
        (3, 400),
        (4, 422),
        (5, 200),
        (6, 422),
        (7, 200),
    ]
    assert answers[2]["errors"][0]["field"] == "kind"
    assert answers[4]["code"] == "kind_is_refused"
    assert list(Work.objects.order_by("id").values_list("kind", flat=True)) == ["a", "b", "c"]


def test_bulk_lines_take_few_statements(caller: Caller, django_assert_max_num_queries: Any) -> None:
    body = b'{"kind": "a"}\n' * 9
    caller.get()
    with django_assert_max_num_queries(8):
        caller.post(body, None, f"{URL}/bulk")
    assert Work.objects.count() == 9


def test_a_line_too_long_ends_the_reading(caller: Caller) -> None:
    body = b'{"kind": "a"}\n' + b"x" * (1024 * 1024 + 1)
    answers = caller.post(body, None, f"{URL}/bulk").content.splitlines()
    assert json.loads(answers[1])["status"] == 413


# Limits


def test_a_key_may_ask_so_much_a_minute() -> None:
    caller = Caller("*")
    ApiKey.objects.filter(pk=caller.key.pk).update(requests_per_minute=2)
    assert [caller.get().status_code for _ in range(3)] == [200, 200, 429]
    response = caller.get()
    check_problem(response, 429, "too_many_requests")
    assert 0 < int(response["retry-after"]) <= 30


def test_requests_come_back_at_an_even_pace() -> None:
    limiter = Limiter()

    def wait_s(now_s: float) -> float:
        return limiter.wait_s(1, per_minute=60, now_s=now_s)

    assert [wait_s(0) for _ in range(60)] == [0] * 60
    assert wait_s(0) == 1
    assert wait_s(0.5) == 0.5
    assert wait_s(1) == 0
    assert wait_s(1000) == 0


# The OpenAPI document


@pytest.fixture
def document() -> Any:
    return Client().get("/api/v1/openapi.json").json()


def operations_of(document: Any) -> Iterator[tuple[str, Any]]:
    for address, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method} {address}", operation


def test_every_operation_declares_the_shared_rules(document: Any) -> None:
    assert document["openapi"] == "3.1.0"
    for name, operation in operations_of(document):
        assert {str(status) for status in DECLARED} <= operation["responses"].keys(), name
        assert operation["x-scope"] in operation["description"], name
        assert operation["security"] == [{"ApiKeyBearer": []}], name
    assert document["components"]["securitySchemes"]["ApiKeyBearer"]["scheme"] == "bearer"


def test_writes_declare_their_idempotency_key(document: Any) -> None:
    reference = {"$ref": "#/components/parameters/IdempotencyKey"}
    paths = document["paths"]
    assert reference in paths["/api/v1/works"]["post"]["parameters"]
    assert reference not in paths["/api/v1/works"]["get"]["parameters"]
    bulk = paths["/api/v1/works/bulk"]["post"]
    assert reference not in bulk["parameters"]
    line = bulk["requestBody"]["content"]["application/x-ndjson"]["schema"]
    assert line == {"$ref": "#/components/schemas/WorkIn"}


def test_every_reference_leads_somewhere(document: Any) -> None:
    def references(value: Any) -> Iterator[str]:
        if isinstance(value, dict):
            yield from [value["$ref"]] if "$ref" in value else []
            for inner in value.values():
                yield from references(inner)
        elif isinstance(value, list):
            for inner in value:
                yield from references(inner)

    for reference in references(document):
        place = document
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]


NOW = timezone.now()


def test_keys_and_answers_have_their_tables() -> None:
    tables = connection.introspection.table_names()
    assert {"core_apikey", "core_storedanswer"} <= set(tables)
