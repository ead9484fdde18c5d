"""What people agreed to: the fold as properties, and words on record through the actions."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from regulars.core.errors import Refused
from regulars.core.models import Event, Work
from regulars.customers.actions import (
    ConsentInput,
    CustomerRef,
    Writer,
    change_purpose,
    publish_texts,
    record_consents,
    void_consents,
)
from regulars.customers.models import Consent, Customer
from regulars.customers.queries import states_of
from regulars.customers.rules.consents import (
    STRICTNESS,
    PurposeShape,
    Renewal,
    Word,
    standing_of,
    standing_of_person,
)
from tests import make

NOW = make.NOW
DAY = timedelta(days=1)
PAIR = ("marketing", "email")


def words_of(records: int) -> st.SearchStrategy[list[Word]]:
    told = st.builds(
        Word,
        id=st.integers(1, 10_000),
        customer_id=st.integers(1, records),
        purpose=st.sampled_from(["marketing", "survey", "service"]),
        channel=st.sampled_from(["email", "sms"]),
        state=st.sampled_from(["given", "refused", "withdrawn", "pending"]),
        at=st.integers(0, 40).map(lambda days: NOW - timedelta(days=days)),
        valid_until=st.none()
        | st.integers(1, 50).map(lambda days: NOW + timedelta(days=days - 20)),
        version=st.integers(0, 3),
    )
    return st.lists(told, max_size=12, unique_by=lambda word: word.id)


@given(words_of(1), st.randoms())
def test_the_order_in_which_words_are_read_does_not_matter(words, chance):
    shuffled = list(words)
    chance.shuffle(shuffled)
    assert standing_of(words, PAIR, now=NOW) == standing_of(shuffled, PAIR, now=NOW)


@given(words_of(1), st.integers(0, 60))
def test_the_past_is_not_changed_by_what_is_said_later(words, days):
    then = NOW - timedelta(days=days)
    until_then = [word for word in words if word.at <= then]
    assert standing_of(words, PAIR, now=then) == standing_of(until_then, PAIR, now=then)


@given(words_of(3), st.integers(1, 2))
def test_a_merge_never_loosens_and_taking_it_back_restores(words, split):
    def standing(records):
        own = [word for word in words if word.customer_id in records]
        return standing_of_person(own, records, PAIR, now=NOW)

    left, right = list(range(1, split + 1)), list(range(split + 1, 4))
    merged = standing([*left, *right])
    parts = (standing(left), standing(right))
    if any(part.is_no for part in parts):
        assert merged.is_no
    assert merged.state in {part.state for part in parts}
    assert STRICTNESS.index(merged.state) <= min(STRICTNESS.index(one.state) for one in parts)
    assert (standing(left), standing(right)) == parts


@given(words_of(1))
def test_silence_on_a_purpose_leaves_the_others_as_they_are(words):
    about = [word for word in words if (word.purpose, word.channel) == PAIR]
    assert standing_of(words, PAIR, now=NOW) == standing_of(about, PAIR, now=NOW)


def test_a_yes_ends_with_its_term_and_with_a_text_that_asks_again():
    yes = Word(1, 1, *PAIR, "given", NOW, valid_until=NOW + DAY, version=1)
    assert standing_of([yes], PAIR, now=NOW).state == "given"
    assert standing_of([yes], PAIR, now=NOW + DAY).state == "expired"
    again = [Renewal(2, NOW + timedelta(hours=1))]
    assert standing_of([yes], PAIR, now=NOW, renewals=again).state == "given"
    later = NOW + timedelta(hours=2)
    assert standing_of([yes], PAIR, now=later, renewals=again).state == "outdated"
    newer = replace(yes, id=2, version=2, at=later)
    assert standing_of([yes, newer], PAIR, now=later, renewals=again).state == "given"


def test_an_unconfirmed_yes_changes_nothing():
    no = Word(1, 1, *PAIR, "withdrawn", NOW)
    asked = Word(2, 1, *PAIR, "pending", NOW + DAY)
    standing = standing_of([no, asked], PAIR, now=NOW + DAY)
    assert (standing.state, standing.awaits) == ("withdrawn", asked)
    assert standing_of([asked], PAIR, now=NOW + DAY).state == "pending"


def test_nothing_more_spares_what_cannot_be_refused_and_later_words_count():
    nothing = Word(1, 1, "", "email", "withdrawn", NOW)
    assert standing_of([nothing], PAIR, now=NOW).is_no
    service = ("service", "email")
    assert standing_of([nothing], service, now=NOW, is_refusable=False).state == "unknown"
    assert standing_of([nothing], ("marketing", "sms"), now=NOW).state == "unknown"
    yes = Word(2, 1, *PAIR, "given", NOW + DAY)
    assert standing_of([nothing, yes], PAIR, now=NOW + DAY).state == "given"


def test_what_a_person_says_of_all_records_counts_for_all_while_they_are_one():
    no = Word(1, 1, *PAIR, "withdrawn", NOW)
    yes = Word(2, 2, *PAIR, "given", NOW + DAY)
    over_all = replace(yes, covers=frozenset({1, 2}))
    later = NOW + 2 * DAY
    assert standing_of_person([no, yes], [1, 2], PAIR, now=later).is_no
    assert standing_of_person([no, over_all], [1, 2], PAIR, now=later).state == "given"
    assert standing_of_person([no], [1], PAIR, now=later).is_no


def word(customer: Customer | CustomerRef, state: str = "given", **changes: Any) -> ConsentInput:
    whose = customer if isinstance(customer, CustomerRef) else CustomerRef("id", str(customer.pk))
    told: dict[str, Any] = {"purpose": "marketing", "channel": "email", "at": NOW, "source": "crm"}
    return ConsentInput(customer=whose, state=state, **(told | changes))


def state(customer: Customer, pair: tuple[str, str] = PAIR, now: datetime = NOW) -> str:
    return states_of([customer.pk], now)[customer.pk][pair].state


@pytest.mark.django_db
def test_a_repeat_changes_nothing_and_another_content_is_refused():
    ann = make.customer("Ann")
    first, again = record_consents([word(ann, key="a"), word(ann, key="a")], now=NOW)
    assert (first.is_new, again.is_new) == (True, False)
    (later,) = record_consents([word(ann, key="a")], now=NOW + DAY)
    assert (later.consent_id, later.is_new) == (first.consent_id, False)
    (other,) = record_consents([word(ann, "withdrawn", key="a")], now=NOW)
    assert other.refused is not None
    assert other.refused.code == "other_content"
    record_consents([word(ann), word(ann)], now=NOW)
    assert Consent.objects.count() == 2
    assert Event.objects.filter(name="customers.ConsentsChanged").count() == 2


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"state": "perhaps"}, "state"),
        ({"purpose": "gossip"}, "purpose"),
        ({"channel": "pigeon"}, "channel"),
        ({"purpose": ""}, "purpose"),
        ({"state": "pending", "channel": "sms"}, "state"),
        ({"at": NOW + DAY}, "at"),
        ({"valid_until": NOW}, "valid_until"),
        ({"source": " "}, "source"),
        ({"text_hash": "0" * 64}, "text_hash"),
        ({"customer": CustomerRef("id", "999999")}, "customer"),
        ({"customer": CustomerRef("id", "x")}, "customer"),
    ],
)
def test_an_invalid_word_is_refused_alone_and_changes_nothing(changes, field):
    ann = make.customer("Ann")
    bad, good = record_consents([replace(word(ann), **changes), word(ann)], now=NOW)
    assert bad.refused is not None
    assert bad.refused.field == field
    assert good.is_new
    assert Consent.objects.count() == 1


@pytest.mark.django_db
def test_the_state_is_known_as_of_any_moment_and_late_words_find_their_place():
    ann = make.customer("Ann")
    record_consents([word(ann, "withdrawn", at=NOW)], now=NOW)
    record_consents([word(ann, at=NOW - 10 * DAY)], now=NOW + DAY)
    moments = [NOW - 11 * DAY, NOW - 5 * DAY, NOW]
    assert [state(ann, now=one) for one in moments] == ["unknown", "given", "withdrawn"]


@pytest.mark.django_db
def test_the_strictest_record_of_a_person_wins_and_parting_gives_each_its_own():
    ann, other = make.customer("Ann"), make.customer("A. Lee")
    record_consents([word(ann), word(other, "refused")], now=NOW)
    Customer.objects.filter(pk=other.pk).update(merged_into=ann)
    assert state(ann) == state(other) == "refused"
    Customer.objects.filter(pk=other.pk).update(merged_into=None)
    assert (state(ann), state(other)) == ("given", "refused")


@pytest.mark.django_db
def test_a_change_of_mind_over_all_records_stays_with_its_own_record():
    ann, other = make.customer("Ann"), make.customer("A. Lee")
    record_consents([word(other, "refused", at=NOW - DAY)], now=NOW)
    Customer.objects.filter(pk=other.pk).update(merged_into=ann)
    record_consents([word(ann, covers_person=True)], now=NOW)
    assert state(ann) == state(other) == "given"
    Customer.objects.filter(pk=other.pk).update(merged_into=None)
    assert (state(ann), state(other)) == ("given", "refused")


@pytest.mark.django_db
def test_a_published_text_is_kept_with_its_hash_and_may_ask_everybody_again():
    ann = make.customer("Ann")
    first = publish_texts("marketing", {"en": "Write to me."}, needs_new_consent=True, now=NOW)[0]
    assert (first.version, first.needs_new_consent) == (1, False)
    (noted,) = record_consents([word(ann, text_hash=first.hash)], now=NOW)
    assert Consent.objects.get(pk=noted.consent_id).text == first
    carried = {"en": "Do write to me.", "ru": "Пишите мне."}
    publish_texts("marketing", carried, needs_new_consent=False, now=NOW + DAY)
    assert state(ann, now=NOW + DAY) == "given"
    publish_texts("marketing", {"en": "New."}, needs_new_consent=True, now=NOW + 2 * DAY)
    assert state(ann, now=NOW + 2 * DAY) == "outdated"
    assert state(ann, now=NOW + DAY) == "given"
    with pytest.raises(Refused, match="at least"):
        publish_texts("marketing", {"en": " "}, needs_new_consent=False, now=NOW)


@pytest.mark.django_db
def test_one_of_three_newsletters_is_agreed_to_and_its_yes_has_a_term():
    for code in ("food", "wine", "toys"):
        change_purpose(PurposeShape(code, code.title(), valid_days=30))
    ann = make.customer("Ann")
    record_consents([word(ann, purpose="wine")], now=NOW)
    states = states_of([ann.pk], NOW)[ann.pk]
    assert [states[code, "email"].state for code in ("food", "wine", "toys")] == [
        "unknown",
        "given",
        "unknown",
    ]
    assert state(ann, ("wine", "email"), NOW + 30 * DAY) == "expired"
    with pytest.raises(Refused, match="always say no"):
        change_purpose(PurposeShape("food", "Food", is_refusable=False))


@pytest.mark.django_db
def test_an_import_is_taken_back_and_may_come_again():
    work = Work.objects.create(kind="import")
    ann = make.customer("Ann")
    record_consents([word(ann)], now=NOW, writer=Writer(work_id=work.pk))
    assert void_consents(work.pk, now=NOW) == [ann.pk]
    assert state(ann) == "unknown"
    (again,) = record_consents([word(ann)], now=NOW, writer=Writer(work_id=work.pk))
    assert again.is_new


@pytest.mark.django_db
def test_statements_do_not_grow_with_the_batch():
    def statements(count):
        refs = [CustomerRef("email", f"{count}.{one}@example.com") for one in range(count)]
        with CaptureQueriesContext(connection) as spent:
            noted = record_consents([word(ref, covers_person=True) for ref in refs], now=NOW)
        assert all(one.is_new for one in noted)
        return noted, len([query for query in spent if "SAVEPOINT" not in query["sql"]])

    (_, of_one), (noted, of_many) = statements(1), statements(300)
    assert of_many <= of_one <= 13
    with CaptureQueriesContext(connection) as spent:
        states_of([one.customer_id for one in noted], NOW)
    assert len(spent) == 5
