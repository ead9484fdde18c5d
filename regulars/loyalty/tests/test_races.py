"""Sixty-four tills at once on eight members: nothing waits for ever, nothing is overdrawn, sums are exact."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from random import Random
from threading import Barrier

import pytest
from django.db import connection
from django.utils import timezone

from regulars.core.doors import Answer
from regulars.loyalty.models import Account, Member, Redemption
from regulars.loyalty.queries import audit
from regulars.loyalty.till.settling import Asked, settle
from regulars.loyalty.till.shapes import Line, Paid, Purchase, Who
from tests import make

TILLS = 64
"""Each with a connection of its own."""

MEMBERS = 8
SALES = 3
START = 100
NOW = timezone.now() - timedelta(hours=1)


def sale(till: int, number: int, luck: Random) -> Purchase:
    return Purchase(
        source="pos",
        number=f"{till}-{number}",
        bought_at=NOW,
        lines=[Line(luck.randrange(1, 50) * 100)],
        customer=Who("card", f"m{luck.randrange(MEMBERS)}"),
        redeem=[Paid(luck.randrange(1, 30))] if luck.random() < 0.5 else [],
    )


def open_accounts() -> None:
    """Members with as many points each."""
    make.program()
    settle(
        [
            Asked(
                Purchase(
                    source="pos",
                    number=f"first-{n}",
                    bought_at=NOW,
                    lines=[Line(START * 100)],
                    customer=Who("card", f"m{n}"),
                )
            )
            for n in range(MEMBERS)
        ]
    )


def sell(till: int, together: Barrier) -> list[tuple[Purchase, Answer]]:
    """What one till sells, and what it hears."""
    luck, done = Random(till), []
    together.wait()
    try:
        for number in range(SALES):
            sold = sale(till, number, luck)
            done.append((sold, settle([Asked(sold)])[0]))
    finally:
        connection.close()
    return done


@pytest.mark.django_db(transaction=True)
def test_sixty_four_tills_on_eight_members() -> None:
    open_accounts()
    together = Barrier(TILLS)
    with ThreadPoolExecutor(TILLS) as tills:
        runs = tills.map(lambda till: sell(till, together), range(TILLS))
        answers = [one for done in runs for one in done]
    assert {answer.status for _entry, answer in answers} <= {201, 422}
    counted = [entry for entry, answer in answers if answer.status == 201]
    earned = sum(line.total_minor // 100 for entry in counted for line in entry.lines)
    paid = sum(one.amount for entry in counted for one in entry.redeem)
    accounts = Account.objects.filter(member__isnull=False, unit__code="points")
    balances = list(accounts.values_list("balance", flat=True))
    assert sum(balances) == START * MEMBERS + earned - paid
    assert len(balances) == Member.objects.count() == MEMBERS
    assert min(balances) >= 0
    assert sum(Redemption.objects.values_list("amount", flat=True)) == paid
    assert audit(timezone.now()).mismatches == ()
