"""Consents from files: with their proof, once, and off the record again by an undo."""

from hashlib import sha256

import pytest

from regulars.connectors.actions import run_undo, undo_import
from regulars.connectors.tests.test_imports import NOW, counts, media, ran, reasons
from regulars.customers.actions import publish_texts
from regulars.customers.models import Consent, Customer, Identity
from regulars.customers.queries import states_of

pytestmark = pytest.mark.django_db
__all__ = ["media"]

TEXT = "Yes, write to me about offers."
HASH = sha256(TEXT.encode()).hexdigest()
HEADER = "E-mail;Цель;Канал;Согласие;Дата согласия;Текст согласия;Хеш;Форма;Документ"
PAIR = ("marketing", "email")


def imported(*rows: str):
    return ran("\n".join([HEADER, *rows]).encode(), "consents.csv", target="consents", source="old")


def state(email: str) -> str:
    owner = Identity.objects.get(kind="email", value=email).customer_id
    return states_of([owner], NOW)[owner][PAIR].state


def test_words_come_in_with_their_proof() -> None:
    publish_texts("marketing", {"en": TEXT}, needs_new_consent=False, now=NOW)
    batch = imported(
        f"ann@example.com;marketing;почта;да;20.11.2026 10:00;{TEXT};;checkout;",
        f"bob@example.com;marketing;e-mail;Yes;20.11.2026 10:00;;{HASH.upper()};;",
        "cid@example.com;marketing;email;given;20.11.2026 10:00;Our old words;;;paper 17",
        "dan@example.com;marketing;email;отказ;20.11.2026 10:00;;;phone;",
    )
    assert counts(batch) == (4, 0, 0), reasons(batch)
    ann, bob, cid, _dan = Consent.objects.order_by("id")
    assert ann.text is not None
    assert (ann.text.hash, ann.proof) == (HASH, {"where": "checkout"})
    assert bob.text_id == ann.text_id
    assert cid.text_id is None
    assert cid.proof == {
        "text": "Our old words",
        "text_hash": sha256(b"Our old words").hexdigest(),
        "reference": "paper 17",
    }
    assert (ann.source, ann.work_id) == ("old", batch.work_id)
    assert [state(f"{name}@example.com") for name in ("ann", "dan")] == ["given", "refused"]


def test_the_same_file_again_changes_nothing_and_an_undo_takes_its_words_back() -> None:
    row = f"ann@example.com;marketing;email;yes;20.11.2026 10:00;{TEXT};;;"
    first = imported(row)
    assert counts(imported(row)) == (0, 1, 0)
    undone = run_undo(undo_import(first).pk, now=NOW)
    assert undone.units_undone == 1
    assert not Consent.objects.filter(voided_at__isnull=True).exists()
    assert not Customer.objects.filter(withdrawn_at__isnull=True).exists()


@pytest.mark.parametrize(
    ("row", "column", "reason"),
    [
        ("ann@example.com;gossip;email;yes;20.11.2026;;;;", "Цель", "unknown_purpose"),
        ("ann@example.com;marketing;pigeon;yes;20.11.2026;;;;", "Канал", "unknown_kind"),
        ("ann@example.com;marketing;email;perhaps;20.11.2026;;;;", "Согласие", "unknown_kind"),
        (";marketing;email;yes;20.11.2026;;;;", "", "nobody"),
        (f"ann@example.com;marketing;email;yes;20.11.2026;x;{HASH};;", "Хеш", "other_text"),
        ("ann@example.com;marketing;email;yes;20.11.2027;;;;", "Дата согласия", "in_the_future"),
    ],
)
def test_a_wrong_line_is_left_out_with_its_reason(row: str, column: str, reason: str) -> None:
    batch = imported(row, f"bob@example.com;marketing;email;yes;20.11.2026 10:00;{TEXT};;;")
    assert reasons(batch) == [(2, column, reason)]
    assert Consent.objects.count() == 1
