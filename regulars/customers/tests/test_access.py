"""Who looked is on record and stays there; who has no need sees masks."""

import pytest
from django.db import DatabaseError, transaction
from django.test import Client
from django.utils import timezone

from regulars.core.api.keys import create_key
from regulars.customers.models import AccessEntry, Customer
from tests import make

pytestmark = pytest.mark.django_db
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@pytest.fixture
def anna() -> Customer:
    return make.customer("Anna Petrova", email="anna@example.com", phone="+79161234567")


def signed_in(role: str) -> Client:
    client = Client()
    client.force_login(make.employee(role), backend=BACKEND)
    return client


def asked(path: str, *scopes: str):
    made = create_key(name="shop", scopes=list(scopes), now=timezone.now())
    return Client().get(path, headers={"Authorization": f"Bearer {made.secret}"}).json()


def test_a_look_is_on_record_with_who_and_whose(anna: Customer) -> None:
    client = signed_in("owner")
    client.get(f"/customers/{anna.pk}")
    entry = AccessEntry.objects.get()
    assert (entry.actor, entry.what, entry.customer_ids) == ("employee", "saw", [anna.pk])
    assert "Owner" in client.get(f"/customers/{anna.pk}/access").content.decode()
    assert "customers.customer" in client.get(f"/access?customer={anna.pk}").content.decode()


def test_a_list_is_one_entry_and_a_panel_none(anna: Customer) -> None:
    client, boris = signed_in("owner"), make.customer("Boris")
    client.get("/customers")
    assert AccessEntry.objects.get().customer_ids == [anna.pk, boris.pk]
    client.get(f"/customers/{anna.pk}/rfm", headers={"HX-Request": "true"})
    client.get("/customers/999999999")
    assert AccessEntry.objects.count() == 1


def test_programs_are_on_record_too(anna: Customer) -> None:
    asked(f"/api/v1/customers/{anna.pk}", "customers:read")
    asked("/api/v1/customers", "customers:read")
    assert [one.actor for one in AccessEntry.objects.all()] == ["program", "program"]


def test_nobody_changes_the_trail(anna: Customer) -> None:
    signed_in("owner").get(f"/customers/{anna.pk}")
    entry = AccessEntry.objects.get()
    with pytest.raises(DatabaseError), transaction.atomic():
        AccessEntry.objects.filter(pk=entry.pk).update(what="changed")
    with pytest.raises(DatabaseError), transaction.atomic():
        AccessEntry.objects.filter(pk=entry.pk).delete()


def test_a_role_without_need_sees_masks_until_it_says_why(anna: Customer) -> None:
    client = signed_in("marketer")
    listed = client.get("/customers").content.decode()
    page = client.get(f"/customers/{anna.pk}").content.decode()
    found = client.get("/find?q=anna").content.decode()
    for text in (listed, page, found):
        assert "Petrova" not in text
        assert "anna@example.com" not in text
        assert "+79161234567" not in text
    assert "A. P." in page
    assert "+7 ••• ••• 45 67" in listed
    client.post(f"/customers/{anna.pk}/reveal", {"reason": ""})
    assert "Petrova" not in client.get(f"/customers/{anna.pk}").content.decode()
    client.post(f"/customers/{anna.pk}/reveal", {"reason": "complaint 17"})
    assert "Petrova" in client.get(f"/customers/{anna.pk}").content.decode()
    entry = AccessEntry.objects.get(what="revealed")
    assert entry.reason == "complaint 17"


def test_who_answers_customers_sees_contacts(anna: Customer) -> None:
    assert "Petrova" in signed_in("agent").get(f"/customers/{anna.pk}").content.decode()


def test_a_key_without_the_scope_reads_masks(anna: Customer) -> None:
    path = f"/api/v1/customers/{anna.pk}"
    masked = asked(path, "customers:read")
    assert (masked["name"], masked["email"]) == ("A. P.", "a••@example.com")
    assert {one["value"] for one in masked["identities"]} == {"a••@example.com", "+7 ••• ••• 45 67"}
    assert asked(path, "customers:read", "customers:personal")["email"] == "anna@example.com"
