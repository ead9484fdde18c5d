"""The chain of seals: what was sealed can be changed by nobody without the audit seeing it."""

import pytest
from django.db import connection

from regulars.loyalty.actions import seal_transfers, sealing, take_purchases
from regulars.loyalty.models import Seal, Transfer
from regulars.loyalty.queries import audit
from tests import make
from tests.make import NOW

pytestmark = pytest.mark.django_db

CHANGES = {
    "an amount": "UPDATE loyalty_transfer SET amount = amount + 1 WHERE id = {id}",
    "a time": "UPDATE loyalty_transfer SET at = at - interval '1 day' WHERE id = {id}",
    "a cause": "UPDATE loyalty_transfer SET rule_id = NULL WHERE id = {id}",
    "nothing": "SET LOCAL session_replication_role = replica;"
    " UPDATE loyalty_transfer SET redemption_id = -1 WHERE id = {id}",
    "a form": "UPDATE loyalty_seal SET form = 3 - form WHERE number = 2",
    "a number": "UPDATE loyalty_seal SET number = number + 10 WHERE number = 2",
    "a link": "UPDATE loyalty_seal SET before = repeat('0', 64) WHERE number = 2",
    "a block": "DELETE FROM loyalty_seal WHERE number = 2",
}


def bought(*numbers: str) -> None:
    take_purchases([make.receipt(number, card="1") for number in numbers], now=NOW)


def broken() -> list[str]:
    return [one for one in audit(NOW).mismatches if one.startswith("sealed_transfers")]


def test_everything_is_sealed_once_and_each_block_follows_the_one_before() -> None:
    make.program()
    bought("R1", "R2")
    assert seal_transfers(now=NOW) >= 1
    assert seal_transfers(now=NOW) == 0
    bought("R3")
    assert seal_transfers(now=NOW) == 1
    seals = list(Seal.objects.order_by("number"))
    assert [one.before for one in seals[1:]] == [one.digest for one in seals[:-1]]
    assert sum(one.transfers for one in seals) == Transfer.objects.count()
    assert audit(NOW).mismatches == ()


@pytest.mark.parametrize("forms", [(2, 2, 2), (1, 1, 2)], ids=["new", "of two forms"])
@pytest.mark.parametrize("what", CHANGES)
def test_whatever_is_changed_behind_a_seal_is_found(
    what: str, forms: tuple[int, int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    make.program()
    for number, form in zip(("R1", "R2", "R3"), forms, strict=True):
        bought(number)
        monkeypatch.setattr(sealing, "FORM", form)
        assert seal_transfers(now=NOW, block=10**9) == 1
    assert broken() == []
    assert tuple(Seal.objects.order_by("number").values_list("form", flat=True)) == forms
    found = Seal.objects.get(number=2)
    with connection.cursor() as cursor:
        cursor.execute(CHANGES[what].format(id=found.upto_id))
    assert broken()


def test_a_transfer_that_is_taken_out_or_slipped_in_is_found() -> None:
    make.program()
    bought("R1")
    seal_transfers(now=NOW)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE loyalty_seal SET upto_id = upto_id + 1")
        cursor.execute("SELECT nextval('loyalty_transfer_id_seq')")
    assert broken() == []
    last = Transfer.objects.latest("id")
    Transfer.objects.create(
        id=Seal.objects.get().upto_id,
        key="slipped",
        source_id=last.source_id,
        target_id=last.target_id,
        amount=1,
        at=NOW,
        recorded_at=NOW,
    )
    assert broken()
