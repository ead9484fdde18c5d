"""Rights of people: copies, corrections, restrictions, and erasure that leaves nothing behind."""

import json
from datetime import timedelta

import pytest
from django.db import connection, transaction

from regulars.channels.actions import OutgoingMessage, send
from regulars.core.errors import Conflict, Refused
from regulars.core.models import Event, Work
from regulars.core.sealing import seal, unseal
from regulars.core.searching import search_everywhere
from regulars.customers.actions import (
    CustomerRef,
    ProfileInput,
    TimelineNote,
    learn_customers,
    note_on_timeline,
)
from regulars.customers.actions.dossier import make_export, start_export
from regulars.customers.actions.erasure import erase_again, erase_by_request, start_erasure
from regulars.customers.actions.privacy import (
    correct_customer,
    forget_expired_files,
    lift_restriction,
    open_privacy_request,
    refuse_request,
    restrict_customer,
)
from regulars.customers.actions.tombstones import read_tombstones, tombstone_file
from regulars.customers.models import (
    Customer,
    Identity,
    PrivacyFile,
    PrivacyRequest,
    Purchase,
    Tombstone,
)
from regulars.customers.queries.privacy import erased_at, person_of, restricted_among
from regulars.loyalty.actions.posting import take_purchases
from regulars.loyalty.models import Account, Member
from regulars.loyalty.queries import audit
from tests import make

pytestmark = pytest.mark.django_db

MAIL, PHONE, CARD = "anna.petrova@example.com", "+79161234567", "4600000000017"
FACTS = {"name": "Анна Петрова", "email": MAIL, "phone": PHONE, "address": "ул. Ленина, 5, кв. 12"}


@pytest.fixture(autouse=True)
def _own_list(tmp_path, monkeypatch):
    monkeypatch.setenv("TOMBSTONES", str(tmp_path / "tombstones.jsonl"))


def learn(facts=FACTS, outside_id="crm-000077", **told) -> int:
    entry = ProfileInput(outside_id, facts, (CustomerRef("card", CARD),), **told)
    (learned,) = learn_customers([entry], source="crm", now=make.NOW)
    return learned.customer_id


def request_of(customer_id: int, kind: str) -> PrivacyRequest:
    return open_privacy_request(
        customer_id, kind, asked_by="employee", verified="passport seen", now=make.NOW
    )


def a_busy_life() -> int:
    """Somebody who left traces in many places, named in many spellings."""
    make.program()
    anna = learn()
    bought = make.receipt(
        customer=Customer.objects.get(pk=anna), lines=[make.line(total_minor=30_000)]
    )
    take_purchases([bought], now=make.NOW)
    send(
        [
            OutgoingMessage(
                key="m1",
                purpose="service",
                text=f"Dear Анна Петрова, {MAIL}",
                html="",
                address=MAIL,
                channel="outbox",
                customer_id=anna,
            )
        ],
        now=make.NOW,
    )
    note_on_timeline([TimelineNote(anna, make.NOW, "desk.called", "call:1", {"text": "Звонила"})])
    other = make.customer("Boris")
    note_on_timeline(
        [
            TimelineNote(
                other.pk,
                make.NOW,
                "desk.called",
                "call:2",
                {"text": "Передать АННА  ПЕТРОВА, 8 (916) 123-45-67"},
            )
        ]
    )
    Event.objects.create(name="x.Said", body={"card": int(CARD), "mail": MAIL.upper()})
    Work.objects.create(kind="x", failure=json.dumps({"who": "Анна Петрова"}))
    return anna


def erase(customer_id: int) -> PrivacyRequest:
    request = request_of(customer_id, "erasure")
    start_erasure(request.pk, now=make.NOW)
    erase_by_request(request_id=request.pk)
    request.refresh_from_db()
    return request


def test_nothing_names_an_erased_person() -> None:
    anna = a_busy_life()
    person = person_of(anna)
    assert search_everywhere(person).left
    sums = [(one.pk, one.balance) for one in Account.objects.order_by("pk")]
    request = erase(anna)
    assert (request.state, request.result["left"]) == ("done", {})
    assert search_everywhere(person).is_clean
    assert sums == [(one.pk, one.balance) for one in Account.objects.order_by("pk")]
    assert not audit(make.NOW).mismatches
    assert Purchase.objects.get().customer_id == anna
    assert erased_at(anna)
    assert request.sought is None


def test_a_namesakes_data_stay_with_the_namesake() -> None:
    anna = learn()
    namesake = make.customer("Анна Петрова", phone="+79990000001").pk
    erase(anna)
    assert Customer.objects.get(pk=namesake).name == "Анна Петрова"


def test_a_family_phone_stays_with_the_family() -> None:
    anna = learn()
    mother = make.customer("Maria", phone="")
    Customer.objects.filter(pk=mother.pk).update(phone=PHONE)
    note_on_timeline([TimelineNote(mother.pk, make.NOW, "x.y", "1", {"text": f"call {PHONE}"})])
    request = erase(anna)
    assert request.result["shared_with_others"] == 1
    assert Customer.objects.get(pk=mother.pk).phone == PHONE


def test_the_same_identity_again_is_somebody_new() -> None:
    anna = learn()
    erase(anna)
    again = learn()
    assert again != anna
    assert not Customer.objects.get(pk=anna).name


def test_all_records_of_a_person_are_erased() -> None:
    anna = learn()
    second = make.customer("Аня Петрова", email="anya.second@example.com")
    Customer.objects.filter(pk=second.pk).update(merged_into_id=anna)
    request = erase(second.pk)
    assert request.result["records"] == 2
    assert not Identity.objects.exists()


def test_an_erasure_that_died_after_its_transaction_is_finished() -> None:
    anna = a_busy_life()
    request = request_of(anna, "erasure")
    start_erasure(request.pk, now=make.NOW)
    from regulars.customers.actions.erasure import _erase_of

    request.refresh_from_db()
    with transaction.atomic():
        _erase_of(request, now=make.NOW)
    erase_by_request(request_id=request.pk)
    request.refresh_from_db()
    assert request.state == "done"
    assert Tombstone.objects.count() == 1
    erase_by_request(request_id=request.pk)


def test_a_certificate_holds_nothing_personal() -> None:
    request = erase(a_busy_life())
    files = {one.format: one.content for one in PrivacyFile.objects.filter(request=request)}
    assert files["pdf"].startswith(b"%PDF")
    told = files["json"].decode()
    assert json.loads(told)["changed"]["customers_identity"] >= 4
    assert not person_of(request.customer_id).needles.found_in(told)
    assert "anna" not in told.lower()


def test_a_tombstone_names_nobody_and_erases_again_in_an_older_database() -> None:
    anna = learn()
    erase(anna)
    text = tombstone_file().read_text(encoding="utf-8")
    assert "anna" not in text
    assert "9161234567" not in text
    (entry,) = read_tombstones(tombstone_file())
    assert entry.customer_ids == [anna]
    # The database as it was before: the person is there, the tombstone is not.
    Tombstone.objects.all().delete()
    Customer.objects.filter(pk=anna).update(withdrawn_at=None, email=MAIL, name="Анна Петрова")
    Identity.objects.create(kind="email", value=MAIL, customer_id=anna)
    (again,) = erase_again([entry])
    assert again.searched.is_clean
    assert Tombstone.objects.get().mark == entry.mark
    assert not erase_again([entry])


def test_an_unverified_request_does_nothing() -> None:
    anna = learn()
    request = open_privacy_request(anna, "erasure", asked_by="person", now=make.NOW)
    with pytest.raises(Refused, match="who asks"):
        start_erasure(request.pk, now=make.NOW)
    assert request.due_at == make.NOW + timedelta(days=30)
    assert open_privacy_request(anna, "erasure", asked_by="person", now=make.NOW) == request


def test_a_copy_holds_everything_and_is_sealed() -> None:
    anna = a_busy_life()
    request = request_of(anna, "export")
    start_export(request.pk, now=make.NOW)
    make_export(request_id=request.pk)
    kept = {one.format: one for one in PrivacyFile.objects.filter(request=request)}
    told = json.loads(kept["json"].content)["data"]
    assert told["customers_customer"][0]["email"] == MAIL
    assert {
        "customers_identity",
        "customers_purchase",
        "loyalty_member",
        "channels_message",
    } <= set(told)
    assert kept["pdf"].content.startswith(b"%PDF")
    with connection.cursor() as cursor:
        cursor.execute("SELECT content FROM customers_privacyfile")
        assert all(b"Petrova" not in bytes(row[0]) for row in cursor.fetchall())
    assert forget_expired_files(now=kept["pdf"].expires_at) == 2


def test_a_correction_wins_over_every_source() -> None:
    anna = learn()
    request = request_of(anna, "correction")
    correct_customer(request.pk, {"name": "Anna Petrova-Lee"}, by=None, now=make.NOW)
    learn({**FACTS, "gender": "f"})
    assert Customer.objects.get(pk=anna).name == "Anna Petrova-Lee"
    with pytest.raises(Conflict):
        correct_customer(request.pk, {"name": "X Y"}, by=None, now=make.NOW)


def test_a_restriction_holds_for_all_records_until_it_is_lifted() -> None:
    anna = learn()
    second = make.customer("Anya")
    Customer.objects.filter(pk=second.pk).update(merged_into_id=anna)
    held = restrict_customer(
        request_of(anna, "restriction").pk, "in dispute", by=None, now=make.NOW
    )
    assert restricted_among([anna, second.pk]) == {anna: "all", second.pk: "all"}
    lift_restriction(held.pk, "settled", by=None, now=make.NOW)
    assert restricted_among([anna, second.pk]) == {}
    restrict_customer(request_of(anna, "objection").pk, "", by=None, now=make.NOW)
    assert restricted_among([anna]) == {}
    assert restricted_among([anna], for_marketing=True) == {anna: "marketing"}


def test_a_request_can_be_declined_with_a_reason() -> None:
    request = request_of(learn(), "erasure")
    with pytest.raises(Refused):
        refuse_request(request.pk, " ", by=None, now=make.NOW)
    assert refuse_request(request.pk, "a debt", by=None, now=make.NOW).state == "refused"


def test_sealed_values_open_with_their_key_only(monkeypatch) -> None:
    monkeypatch.setenv("ENCRYPTION_KEY", "first key of twenty letters")
    sealed = seal(b"secret", purpose="test")
    monkeypatch.setenv("ENCRYPTION_KEY", "second key of twenty letters,first key of twenty letters")
    assert unseal(sealed, purpose="test") == b"secret"
    with pytest.raises(Refused):
        unseal(sealed, purpose="another")
    with pytest.raises(Refused):
        unseal(sealed[:-1] + bytes([sealed[-1] ^ 1]), purpose="test")
    monkeypatch.setenv("ENCRYPTION_KEY", "second key of twenty letters")
    with pytest.raises(Refused, match="not among"):
        unseal(sealed, purpose="test")


def test_members_of_an_erased_person_have_another_card() -> None:
    anna = a_busy_life()
    before = Member.objects.get(customer_id=anna)
    erase(anna)
    after = Member.objects.get(customer_id=anna)
    assert (after.number, after.token) != (before.number, before.token)
