"""What people say of who is one person lasts, and can be taken back exactly."""

from datetime import datetime

import pytest
from django.db import IntegrityError, transaction

from regulars.core.errors import Refused
from regulars.customers.actions import (
    CustomerRef,
    ProfileInput,
    learn_customers,
    resolve_all,
    resolve_due,
)
from regulars.customers.actions.beliefs import (
    block_value,
    judge_everything,
    project_everybody,
    rank_sources,
    set_limits,
    unblock_value,
)
from regulars.customers.actions.merging import (
    say_alias,
    say_different,
    say_later,
    say_same,
    unmerge,
)
from regulars.customers.acts import Act, tells_acts
from regulars.customers.models import BlockedValue, Customer, Merging
from regulars.customers.queries import who_says
from regulars.customers.queries.matches import doubtful_pairs, wrong_merges
from regulars.customers.rules.sharing import Limit
from tests import make

pytestmark = pytest.mark.django_db

ALIKE = {
    "name": "Ann Lee",
    "birthday": "1990-12-31",
    "address": "Main Street 5, Riga",
    "phone": "+79161234567",
}


def learn(
    facts: dict[str, object], outside_id: str, source: str = "crm", *refs: CustomerRef
) -> int:
    (one,) = learn_customers([ProfileInput(outside_id, facts, refs)], source=source, now=make.NOW)
    return one.customer_id


def lead(customer_id: int) -> int:
    row = Customer.objects.get(pk=customer_id)
    return row.merged_into_id or row.pk


def doubtful() -> tuple[int, int]:
    one = learn({"name": "Ann Lee", "phone": "+79161234567"}, "1")
    two = learn({"name": "Ann Lee", "address": "Elsewhere 9"}, "2")
    resolve_due(now=make.NOW)
    assert lead(one) != lead(two)
    return one, two


def test_different_survives_every_rerun() -> None:
    one, two = learn(ALIKE, "1"), learn(ALIKE, "2")
    resolve_due(now=make.NOW)
    assert lead(two) == one
    say_different(one, two, by=make.employee(), now=make.NOW)
    assert lead(two) == two
    learn({**ALIKE, "occupation": "nurse"}, "2")
    three = learn(ALIKE, "3")
    resolve_all(now=make.NOW)
    assert lead(one) != lead(two)
    assert lead(three) in {one, two}
    assert not wrong_merges()
    assert Merging.objects.filter(reason="said_different", by__isnull=False).count() == 1


def test_unmerging_restores_both_and_lists_what_was_really_done() -> None:
    one = learn({"name": "Ann Lee", "email": "a@x.org"}, "1")
    two = learn({"occupation": "nurse", "email": "a@x.org"}, "9", "web")
    before = Customer.objects.filter(pk=two).values().get()
    assert Customer.objects.get(pk=one).occupation == "nurse"

    def sent(ids: object, since: datetime, until: datetime) -> list[Act]:
        asked = set(ids) == {one, two}  # type: ignore[call-overload]
        return [Act(since, "test", "Message sent")] if asked else []

    tells_acts(sent)
    acts = unmerge(two, by=make.employee(), now=make.NOW)
    assert "Message sent" in [act.text for act in acts]
    assert Customer.objects.filter(pk=two).values().get() == {**before, "merged_into_id": None}
    assert Customer.objects.get(pk=one).occupation == ""
    resolve_all(now=make.NOW)
    assert lead(two) == two
    say_same(one, two, by=None, now=make.NOW)
    assert lead(two) == one
    assert [entry.reason for entry in Merging.objects.order_by("id")] == [
        "same_email",
        "said_different",
        "stated",
    ]
    with pytest.raises(Refused):
        unmerge(learn({"name": "Zoe"}, "z"), by=None, now=make.NOW)


def test_a_merge_that_dies_half_way_leaves_nothing() -> None:
    one, two = doubtful()
    with transaction.atomic():
        say_same(one, two, by=None, now=make.NOW)
        transaction.set_rollback(True)
    assert (lead(one), lead(two)) == (one, two)
    assert not Merging.objects.exists()


def test_an_alias_is_a_word_of_the_source() -> None:
    one, two = learn({"name": "Ann"}, "1"), learn({}, "u1", "web")
    say_alias(
        [(CustomerRef("id@web", "u1"), CustomerRef("id@crm", "1"))], source="web", now=make.NOW
    )
    assert lead(two) == one
    assert not say_alias(
        [(CustomerRef("id@web", "u1"), CustomerRef("card", "0"))], source="web", now=make.NOW
    )


def test_the_list_of_doubtful_pairs_shrinks_with_each_answer() -> None:
    one, two = doubtful()
    pairs = list(doubtful_pairs())
    if pairs:
        say_later(one, two, now=make.NOW)
        assert doubtful_pairs().get().put_off_at
    say_different(one, two, by=None, now=make.NOW)
    assert not doubtful_pairs().exists()


def test_a_source_of_higher_rank_is_believed_whoever_spoke_last() -> None:
    one = learn({"name": "Ann Lee", "email": "a@x.org"}, "1")
    learn({"name": "Ann", "email": "a@x.org"}, "9", "web")
    assert Customer.objects.get(pk=one).name == "Ann"
    rank_sources(["crm", "web"])
    project_everybody()
    assert Customer.objects.get(pk=one).name == "Ann Lee"
    assert [(said.source, said.value) for said in who_says(one, "name")] == [
        ("crm", "Ann Lee"),
        ("web", "Ann"),
    ]


def test_a_blocked_value_points_to_nobody_until_it_is_freed() -> None:
    one, two = learn({"card": "777"}, "1"), learn({"card": "777"}, "9", "web")
    assert lead(two) == one
    block_value("card", "777", now=make.NOW)
    assert (lead(one), lead(two)) == (one, two)
    assert make.purchase("1", card="777").customer_id is None
    unblock_value(BlockedValue.objects.get().pk, now=make.NOW)
    assert lead(two) == one


def test_lifting_a_limit_joins_again() -> None:
    one, two = (learn({}, name, "crm", CustomerRef("card", "5")) for name in ("1", "2"))
    assert lead(one) != lead(two)
    set_limits({"card": Limit(2)})
    judge_everything()
    assert lead(one) == lead(two)


def test_a_person_is_not_merged_into_oneself() -> None:
    one = learn({}, "1")
    with pytest.raises(Refused):
        say_same(one, one, by=None, now=make.NOW)
    with pytest.raises(IntegrityError), transaction.atomic():
        Customer.objects.filter(pk=one).update(merged_into=one)
