"""The page on which programs are let in."""

import re

import pytest
from django.test import Client
from django.utils import timezone

from regulars.company.models import Employee, Store
from regulars.core.api.keys import create_key, find_key
from regulars.core.api.operations import SCOPES
from regulars.core.models import ApiKey

pytestmark = pytest.mark.django_db
URL = "/settings/keys"


def signed_in(role: str) -> Client:
    client = Client()
    client.force_login(
        Employee.objects.create_user(f"{role}@shop.example", role=role),
        backend="allauth.account.auth_backends.AuthenticationBackend",
    )
    return client


@pytest.fixture
def owner(monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setattr("regulars.company.pages.keys.SCOPES", SCOPES | {"purchases:write"})
    return signed_in("owner")


def test_a_new_key_is_shown_once(owner: Client) -> None:
    store = Store.objects.create(code="1", name="High Street")
    form = {"name": "Till 7", "scopes": ["purchases:write"], "store": store.pk, "days": "90"}
    response = owner.post(URL, form)
    assert response.status_code == 200
    secret = re.findall(r"rk_\w{8}_\w{32}", response.content.decode())[0]
    key = find_key(secret, now=timezone.now())
    assert key is not None
    assert (key.name, key.stores) == ("Till 7", [store.pk])
    assert secret not in owner.get(URL).content.decode()
    assert "no-store" in response["cache-control"]


def test_a_form_without_scopes_comes_back_with_the_error(owner: Client) -> None:
    response = owner.post(URL, {"name": "Till 7"})
    assert response.status_code == 422
    assert response.context["form"].errors.keys() == {"scopes"}
    assert not ApiKey.objects.exists()


def test_a_key_is_revoked_after_asking_once_more(owner: Client) -> None:
    made = create_key(name="till", scopes=["*"], now=timezone.now())
    address = f"{URL}/{made.key.pk}/revoke"
    assert owner.get(address).status_code == 200
    assert find_key(made.secret, now=timezone.now()) is not None
    assert owner.post(address).status_code == 302
    assert find_key(made.secret, now=timezone.now()) is None
    assert owner.get(f"{URL}/{made.key.pk + 1}/revoke").status_code == 404


def test_only_owners_see_keys() -> None:
    assert signed_in("marketer").get(URL).status_code == 403
    assert Client().get(URL).status_code == 302
