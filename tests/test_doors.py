"""Every door is guarded: walks over all pages and operations, also those that come later."""

import inspect
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

import regulars.urls as addresses
from regulars.company.rules import ROLES, role_allows
from regulars.core.api.keys import create_key
from regulars.core.api.operations import ApiKeyBearer
from regulars.web.pages import PAGES, PUBLIC, SIGNED_IN, Page
from tests import make
from tests.examples import EXAMPLES, World, key_for

pytestmark = pytest.mark.django_db

PUBLIC_PAGES = {
    "web.choose_look",
    "web.sign_in_link",
    "channels.hook",
    "channels.unsubscribe",
    "channels.preferences",
    "channels.confirm_consent",
    "connectors.snippet",
    "feedback.flow",
    "feedback.invited",
    "feedback.popup_script",
    "feedback.popup_decision",
    "feedback.popup_opening",
    "feedback.popup_closing",
    "feedback.popup_frame",
    "feedback.voice",
    "feedback.public",
    "feedback.shared_results",
    "company.logo",
    "customers.own_data",
    "loyalty.card",
    "loyalty.card_give",
    "loyalty.card_household",
    "loyalty.card_manifest",
    "loyalty.card_picture",
    "loyalty.card_rewards",
    "loyalty.card_worker",
    "loyalty.reward_picture",
}
"""Pages for everybody, each with a reason: a choice of look, what secret links open,
pictures that members see, the card as an app, the web snippet, and the pop-up of sites."""

FRAGMENT = {"HX-Request": "true"}
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>|\{(?:\w+:)?(\w+)\}")


def parameters(route: str) -> list[str]:
    return [first or second for first, second in PARAMETER.findall(route)]


def filled(route: str, name: str, world: World) -> str:
    """The route with an example in place of each parameter."""

    def value(found: re.Match[str]) -> str:
        key = key_for(name, found.group(1) or found.group(2))
        assert key is not None, f"tests/examples.py has no example for {found.group()} of {name}"
        return str(world.value(key))

    return "/" + PARAMETER.sub(value, route).lstrip("/")


def is_of_store(route: str, name: str) -> bool:
    keys = [key_for(name, parameter) for parameter in parameters(route)]
    return any(EXAMPLES[key].is_of_store for key in keys if key)


def signed_in(role: str, **told: Any) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(make.employee(role, **told), backend=BACKEND)
    return client


def methods_of(page: Page) -> set[str] | None:
    """The methods that a page's `require_…` decorator lets through; None when it takes all."""
    view: Any = page.view
    while view is not None:
        told = inspect.getclosurevars(view).nonlocals.get("request_method_list")
        if told is not None:
            return set(told)
        view = getattr(view, "__wrapped__", None)
    return None


def shows_itself(page: Page) -> bool:
    """Whether the page answers to GET; the others only take what a form sends."""
    methods = methods_of(page)
    return methods is None or "GET" in methods


def guarded_pages() -> list[Page]:
    return [page for page in PAGES.values() if page.needs != PUBLIC]


def operations() -> Iterator[tuple[str, str, Any]]:
    """Method, route and operation of the whole API."""
    for prefix, router in addresses.api._routers:
        for path, view in router.path_operations.items():
            for operation in view.operations:
                for method in operation.methods:
                    yield method, f"api/v1{prefix}{path}", operation


@pytest.fixture
def world() -> World:
    return World(make.store("A"))


def test_every_page_says_what_it_needs() -> None:
    words = re.compile(r"[a-z_]+\.[a-z]+_[a-z_]+")
    odd = {
        page.name: page.needs
        for page in PAGES.values()
        if page.needs not in {PUBLIC, SIGNED_IN} and not words.fullmatch(page.needs)
    }
    assert not odd


def test_some_role_besides_the_owner_has_each_need_or_it_is_the_owners() -> None:
    needs = {page.needs for page in guarded_pages()} - {SIGNED_IN}
    domains = {need.partition(".")[0] for need in needs}
    known = {pattern.partition(".")[0] for role in ROLES.values() for pattern in role} - {"*"}
    assert domains <= known | {"core", "web"}


def test_public_pages_are_those_we_know_of() -> None:
    assert {page.name for page in PAGES.values() if page.needs == PUBLIC} <= PUBLIC_PAGES


def test_every_parameter_has_an_example() -> None:
    routes = [(page.route, page.name) for page in PAGES.values()]
    routes += [(route, route) for _method, route, _operation in operations()]
    missing = {
        f"{name}:{parameter}"
        for route, name in routes
        for parameter in parameters(route)
        if key_for(name, parameter) is None
    }
    assert not missing, "add examples to tests/examples.py"


def test_nobody_gets_in_without_signing_in(world: World) -> None:
    client = Client()
    through = {}
    for page in guarded_pages():
        answer = client.get(filled(page.route, page.name, world))
        if answer.status_code != 302 or not answer.headers["Location"].startswith(
            "/accounts/login/"
        ):
            through[page.name] = answer.status_code
    assert not through


@pytest.mark.parametrize("role", sorted(ROLES))
def test_a_role_gets_only_what_it_carries(world: World, role: str) -> None:
    """Asked as the web's own scripts ask: the guard is the same, its answer has no frame around it."""
    client = signed_in(role, stores=[world.store])
    through = {}
    for page in guarded_pages():
        if page.needs == SIGNED_IN or role_allows(role, page.needs):
            continue
        answer = client.get(filled(page.route, page.name, world), headers=FRAGMENT)
        if answer.status_code != 403:
            through[page.name] = answer.status_code
    assert not through


def test_the_owner_finds_every_page_in_order(world: World) -> None:
    client = signed_in("owner")
    broken = {}
    for page in guarded_pages():
        answer = client.get(filled(page.route, page.name, world))
        if answer.streaming:
            assert b"".join(answer.streaming_content), page.name
        if answer.status_code not in ({200, 302} if shows_itself(page) else {405}):
            broken[page.name] = answer.status_code
    assert not broken


@pytest.mark.parametrize("role", ["store_manager", "cashier"])
def test_people_of_one_store_see_nothing_of_another(world: World, role: str) -> None:
    client = signed_in(role, stores=[make.store("B")])
    seen = {}
    for page in guarded_pages():
        if not is_of_store(page.route, page.name):
            continue
        address = filled(page.route, page.name, world)
        answer = client.get(address)
        if answer.status_code == 405:
            answer = client.post(address)
        expected = 404 if role_allows(role, page.needs) else 403
        if answer.status_code != expected:
            seen[page.name] = answer.status_code
    assert not seen


def test_every_operation_needs_a_key_with_its_scope(world: World) -> None:
    made = create_key(name="nothing", scopes=["nothing:read"], now=timezone.now())
    powerless = {"Authorization": f"Bearer {made.secret}", "Idempotency-Key": "door"}
    client = Client()
    through = {}
    for method, route, operation in operations():
        scopes = [one.scope for one in operation.auth_callbacks if isinstance(one, ApiKeyBearer)]
        address = filled(route, route, world)
        anonymous = client.generic(method, address, "{}", content_type="application/json")
        weak = client.generic(
            method, address, "{}", content_type="application/json", headers=powerless
        )
        if not scopes or None in scopes or (anonymous.status_code, weak.status_code) != (401, 403):
            through[f"{method} {route}"] = (scopes, anonymous.status_code, weak.status_code)
    assert not through


def test_a_key_of_one_store_sees_nothing_of_another(world: World) -> None:
    other = make.store("B")
    made = create_key(name="till of B", scopes=["*"], now=timezone.now(), stores=[other.pk])
    held = {"Authorization": f"Bearer {made.secret}"}
    client = Client()
    seen = {}
    for method, route, _operation in operations():
        if method == "GET" and is_of_store(route, route):
            answer = client.get(filled(route, route, world), headers=held)
            if answer.status_code != 404:
                seen[route] = answer.status_code
    assert not seen


def test_the_paths_of_sign_in_stand_outside(client: Client) -> None:
    assert client.get("/accounts/login/").status_code == 200
