"""The frame as people meet it: through its pages."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.cache import cache
from django.test import Client, RequestFactory
from django.urls import reverse

import regulars.urls  # noqa: F401 (declares the pages)
from regulars.company.models import Employee
from regulars.web.filters import read_filters
from regulars.web.finding import matches, other_layout
from regulars.web.frame import visible_entries
from regulars.web.look import BUNDLES, bundle, bundle_url
from regulars.web.models import SignInLink
from regulars.web.signin import create_link
from tests import make

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def owner() -> Employee:
    return make.employee("owner")


@pytest.fixture
def signed_in(client: Client, owner: Employee) -> Client:
    client.force_login(owner, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def request_for(address: str, user: Employee) -> object:
    request = RequestFactory().get(address)
    request.user = user
    return request


def test_filters_come_from_the_address(owner: Employee) -> None:
    filters = read_filters(request_for("/?period=7d&sort=name&page=3", owner), now=NOW)  # type: ignore[arg-type]
    assert (filters.days, filters.to_on.isoformat()) == (7, "2026-03-02")
    assert filters.query == "period=7d"
    assert filters.presets[1].query == "sort=name"
    assert filters.before.to_on == filters.from_on - timedelta(days=1)
    assert filters.store_ids is None


@pytest.mark.parametrize("address", ["/?period=never", "/?from=x&to=2026-02-31", "/?store=nowhere"])
def test_nonsense_in_the_address_counts_as_not_given(owner: Employee, address: str) -> None:
    filters = read_filters(request_for(address, owner), now=NOW)  # type: ignore[arg-type]
    assert filters.days == 30
    assert filters.store is None


def test_days_in_the_wrong_order_are_turned(owner: Employee) -> None:
    filters = read_filters(request_for("/?from=2026-02-10&to=2026-02-01", owner), now=NOW)  # type: ignore[arg-type]
    assert (filters.from_on.day, filters.to_on.day, filters.period) == (1, 10, "custom")
    assert filters.until_at - filters.from_at == timedelta(days=10)


def test_store_managers_are_limited_to_their_stores() -> None:
    store = make.store()
    manager = make.employee("store_manager", stores=[store])
    filters = read_filters(request_for("/", manager), now=NOW)  # type: ignore[arg-type]
    assert filters.store_ids == {store.pk}


def test_the_sidebar_is_short_and_by_permission(owner: Employee) -> None:
    entries = visible_entries(owner)
    assert len([page for page in entries if page.nav and page.nav.order < 100]) <= 9
    orders = [page.nav.order for page in entries if page.nav]
    keys = [page.nav.key for page in entries if page.nav and page.nav.key]
    assert orders == sorted(orders)
    assert len(keys) == len(set(keys))
    assert len(visible_entries(make.employee("cashier"))) < len(entries)


def test_what_was_typed_on_the_other_layout_is_found() -> None:
    assert other_layout("ыуеештпы") == "settings"
    assert matches("set", "Settings page")
    assert not matches("tings", "Settings page")


def test_the_palette_finds_pages_as_options(signed_in: Client) -> None:
    answer = signed_in.get("/find?q=ыуеештпы", headers={"HX-Request": "true"})
    assert 'role="option"' in answer.text
    assert 'data-url="/settings"' in answer.text
    assert "<html" not in answer.text
    assert "HX-Request" in answer.headers["Vary"]
    assert "<html" in signed_in.get("/find?q=settings").text


def test_choices_of_look_are_kept(signed_in: Client, owner: Employee) -> None:
    chosen = {"theme": "dark", "language": "ru", "keys": "off", "next": "/settings/look"}
    assert signed_in.post("/look/choose", chosen).url == "/settings/look"  # type: ignore[attr-defined]
    page = signed_in.get("/settings/look").text
    assert '<html lang="ru" data-theme="dark" data-keys="off">' in page
    owner.refresh_from_db()
    assert owner.language == "ru"


def test_nobody_is_led_away_to_another_site(signed_in: Client) -> None:
    answer = signed_in.post("/look/choose", {"theme": "dark", "next": "https://evil.example/"})
    assert answer.url == "/start"  # type: ignore[attr-defined]
    answer = signed_in.post("/look/choose", {"theme": "dark", "next": "2026-13-45"})
    assert answer.url == "/start"  # type: ignore[attr-defined]


def test_a_fragment_after_the_session_ended_leads_the_page_to_sign_in(client: Client) -> None:
    answer = client.get("/find?q=x", headers={"HX-Request": "true"})
    assert answer.status_code == 204
    assert answer.headers["HX-Redirect"].startswith("/accounts/login/?next=/find")


def test_the_policy_has_no_exception(signed_in: Client) -> None:
    policy = signed_in.get("/settings").headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "nonce" not in policy
    assert "script-src 'self'" in policy


def test_bundles_are_kept_for_ever_and_packed(client: Client) -> None:
    for name in BUNDLES:
        answer = client.get(bundle_url(name), headers={"Accept-Encoding": "gzip, br"})
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert answer.headers["Content-Encoding"] == "br"
    assert client.get("/look/old/app.css").headers["Cache-Control"] == "no-cache"
    assert client.get("/look/old/other.css").status_code == 404
    assert len(bundle("phone.css").encodings["br"]) < 5_000
    assert "light-dark(#f7f6f3,#131416)" in client.get("/look/x/app.css").text


def test_unknown_pages_wear_the_frame(signed_in: Client, client: Client) -> None:
    answer = signed_in.get("/nowhere")
    assert answer.status_code == 404
    assert "<h1>" in answer.text


class TestOneTimeLinks:
    def path_of(self, link: str) -> str:
        return link.partition("//")[2].partition("/")[2]

    def test_looking_does_not_sign_in_and_pressing_does_once(
        self, client: Client, owner: Employee
    ) -> None:
        path = "/" + self.path_of(create_link(owner))
        assert "<form" in client.get(path).text
        assert "_auth_user_id" not in client.session
        answer = client.post(path)
        assert answer.status_code == 302
        assert client.session["_auth_user_id"] == str(owner.pk)
        again = Client().post(path)
        assert again.status_code == 422

    def test_an_old_link_is_refused(self, client: Client, owner: Employee) -> None:
        link = create_link(owner, 5, now=NOW)
        assert client.post("/" + self.path_of(link)).status_code == 422
        assert "_auth_user_id" not in client.session

    def test_a_made_up_link_is_refused(self, client: Client) -> None:
        assert client.post(reverse("web.sign_in_link", args=["x" * 43])).status_code == 422

    def test_only_a_hash_is_kept(self, owner: Employee) -> None:
        link = create_link(owner)
        assert SignInLink.objects.get().token_hash not in link


class TestPasswords:
    @pytest.fixture(autouse=True)
    def fresh_limits(self) -> None:
        cache.clear()

    def test_a_wrong_password_is_said_beside_the_form(
        self, client: Client, owner: Employee
    ) -> None:
        answer = client.post("/accounts/login/", {"login": owner.email, "password": "wrong"})
        assert answer.status_code == 422
        assert "data-problems" in answer.text

    def test_a_right_password_leads_to_the_first_page(
        self, client: Client, owner: Employee
    ) -> None:
        sent = {"login": owner.email, "password": "correct horse"}
        answer = client.post("/accounts/login/", sent)
        assert answer.status_code == 302
        assert client.session["_auth_user_id"] == str(owner.pk)

    def test_signing_up_is_closed(self, client: Client) -> None:
        answer = client.get("/accounts/signup/")
        assert "password1" not in answer.text
