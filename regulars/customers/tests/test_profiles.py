"""Profiles follow from what sources say; what an import said can be taken back."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from regulars.company.events import SampleDataRemoved
from regulars.core.errors import Refused
from regulars.core.models import Work
from regulars.customers.actions import (
    CustomerRef,
    ProfileInput,
    TimelineNote,
    learn_customers,
    note_on_timeline,
    unlearn_work,
    void_purchases,
)
from regulars.customers.actions.resolving import AT_ONCE_MAX
from regulars.customers.handlers import forget_generated_facts
from regulars.customers.models import Customer, Identity, SourceRecord, TimelineEntry
from regulars.customers.queries import leaders_of
from regulars.customers.rules.profiles import Said, clean_facts, projected_profile
from tests import make

db = pytest.mark.django_db
TODAY = date(2026, 3, 2)


def learn(*batch, source="crm", days=0, work_id=None):
    return learn_customers(
        batch, source=source, now=make.NOW + timedelta(days=days), work_id=work_id
    )


@db
def test_what_was_said_last_is_believed_field_by_field():
    (first,) = learn(
        ProfileInput("1", {"name": "Ann", "phone": "8 916 123-45-67", "pets": 2, "home_store": "n"})
    )
    (later,) = learn(
        ProfileInput("1", {"name": "Anna", "birthday": "1990-12-31", "pets": 3}), days=1
    )
    ann = Customer.objects.get()
    assert (first.created, later.created) == (True, False)
    assert (ann.name, ann.phone, ann.birth_year, ann.traits) == (
        "Anna",
        "+79161234567",
        1990,
        {"pets": 3},
    )
    assert ann.home_store.code == "n"


@db
def test_the_same_record_again_changes_nothing_and_an_older_one_said_again_counts_anew():
    old, new = ProfileInput("1", {"name": "Ann"}), ProfileInput("1", {"name": "Anna"})
    learn(old)
    learn(new, days=1)
    (again,) = learn(new, days=2)
    assert not again.changed
    learn(old, days=3)
    assert Customer.objects.get().name == "Ann"
    assert SourceRecord.objects.count() == 2


@db
def test_an_email_joins_sources_and_a_shared_phone_does_not():
    crm, shop = learn(
        ProfileInput("1", {"email": "A@x.org", "phone": "+79161234567"}),
        ProfileInput("2", {"phone": "+79161234567", "name": "Son"}),
    )
    (web,) = learn(ProfileInput("9", {"email": "a@X.org", "name": "Ann"}), source="web")
    assert crm.lead_id == web.lead_id != shop.lead_id
    assert web.customer_id != crm.customer_id
    assert Identity.objects.get(kind="phone").customer_id == crm.customer_id


@db
def test_records_of_one_batch_that_share_a_card_are_one_person():
    a, b = learn(
        ProfileInput("", {"card": "5"}),
        ProfileInput("7", {"name": "Ann"}, (CustomerRef("card", "5"),)),
    )
    assert leaders_of([a.customer_id, b.customer_id]) == dict.fromkeys(
        (a.customer_id, b.customer_id), b.lead_id
    )


@db
def test_a_card_known_from_the_till_gets_its_profile():
    bought = make.purchase(card="5")
    (learned,) = learn(ProfileInput("7", {"name": "Ann", "card": "5"}))
    assert learned.customer_id == bought.customer_id
    assert not learned.created


@db
@pytest.mark.parametrize(
    ("entry", "field"),
    [
        (ProfileInput("", {"name": "Ann"}), "outside_id"),
        (ProfileInput("\x00", {}), "outside_id"),
        (ProfileInput("1", {}, (CustomerRef("card", "\x00"),)), "identities"),
        (ProfileInput("1", {}, (CustomerRef("id", "404"),)), None),
        (ProfileInput("1", {"name": "\x00"}), "name"),
        (ProfileInput("1", {"name": ["a"]}), "name"),
        (ProfileInput("1", {"email": "nobody"}), "email"),
        (ProfileInput("1", {"phone": "12"}), "phone"),
        (ProfileInput("1", {"birth_year": 3000}), "birth_year"),
        (ProfileInput("1", {"birthday": "31.12.1990"}), "birthday"),
        (ProfileInput("1", {"interests": "x" * 60}), "interests"),
        (ProfileInput("1", {"a": {"b": "\x00"}}), "traits"),
        (ProfileInput("1", {"a": float("nan")}), "traits"),
    ],
)
def test_what_cannot_be_is_refused_and_the_rest_learned(entry, field):
    broken, fine = learn(entry, ProfileInput("2", {"name": "Bob"}))
    if field:
        assert broken.refused.field == field
    assert fine.created


@db
def test_an_import_is_taken_back_as_if_it_had_never_been():
    work = Work.objects.create(kind="import")
    learn(ProfileInput("1", {"name": "Ann", "email": "ann@x.org"}))
    learn(
        ProfileInput("1", {"name": "Wrong", "phone": "+79161234567"}),
        ProfileInput("2", {"name": "Stranger"}),
        days=1,
        work_id=work.pk,
    )
    unlearn_work(work.pk, now=make.NOW)
    assert Customer.objects.get(withdrawn_at=None).name == "Ann"
    assert Customer.objects.get(withdrawn_at=None).phone == ""
    assert set(Identity.objects.values_list("kind", flat=True)) == {"email", "id@crm"}
    assert SourceRecord.objects.count() == 1
    assert learn(ProfileInput("2", {"name": "Stranger"}))[0].created


@db
def test_a_customer_with_a_purchase_on_record_stays():
    work = Work.objects.create(kind="import")
    learn(ProfileInput("1", {"name": "Ann", "card": "5"}), work_id=work.pk)
    bought = make.purchase(card="5")
    unlearn_work(work.pk, now=make.NOW)
    kept = Customer.objects.get(withdrawn_at=None)
    assert kept.name == ""
    assert Identity.objects.filter(kind="card", customer=kept).exists()
    void_purchases([bought.purchase_id], now=make.NOW)
    unlearn_work(work.pk, now=make.NOW)
    assert not Customer.objects.filter(withdrawn_at=None).exists()


@db
def test_removing_the_sample_leaves_what_real_sources_said():
    make.purchase(card="5")
    learn(ProfileInput("1", {"name": "Real", "card": "5"}))
    (learned,) = learn(
        ProfileInput("s", {"name": "Made up", "gender": "f", "card": "5"}), source="sample", days=1
    )
    note = TimelineNote(learned.customer_id, make.NOW, "feedback.answer", "1", sample=True)
    assert note_on_timeline([note, note]) == 1
    person = Customer.objects.get(merged_into=None)
    assert (person.name, person.gender) == ("Real", "f")
    forget_generated_facts(SampleDataRemoved())
    person.refresh_from_db()
    assert (person.name, person.gender) == ("Real", "")
    assert not TimelineEntry.objects.exists()


@db
def test_the_number_of_statements_does_not_depend_on_the_batch():
    def statements(size):
        batch = [
            ProfileInput(f"{size}-{i}", {"name": "A", "home_store": f"{size}-{i}"})
            for i in range(size)
        ]
        with CaptureQueriesContext(connection) as seen:
            learn(*batch)
        return len(seen)

    assert statements(2) == statements(AT_ONCE_MAX)
    assert statements(AT_ONCE_MAX + 1) == statements(AT_ONCE_MAX + 40)


names = st.sampled_from(["name", "gender", "shoe size"])
said = st.builds(
    Said,
    st.sampled_from(["crm", "till", "sample"]),
    st.integers(0, 3).map(lambda day: make.NOW + timedelta(days=day)),
    st.integers(1, 100),
    st.dictionaries(names, st.text(min_size=1, max_size=3), max_size=3),
)


@given(st.lists(said, unique_by=lambda one: one.id), st.randoms())
def test_a_profile_does_not_depend_on_the_order_in_which_records_are_read(records, random):
    shuffled = list(records)
    random.shuffle(shuffled)
    assert projected_profile(records) == projected_profile(shuffled)


@given(
    st.dictionaries(
        st.text(max_size=8), st.one_of(st.none(), st.integers(), st.text(), st.floats())
    )
)
def test_facts_are_cleaned_or_refused_and_cleaning_again_changes_nothing(facts):
    try:
        clean = clean_facts(facts, today=TODAY)
    except Refused:
        return
    assert clean_facts(clean, today=TODAY) == clean


@db
def test_who_is_named_by_a_phone_is_shown_and_compared_with_it():
    told = [
        ProfileInput("1", {"name": name}, identities=(CustomerRef("phone", phone),))
        for name, phone in (("Нина Ветрова", "8 916 123-45-67"), ("Nina Vetrova", "+79161234567"))
    ]
    first, second = learn(told[0], source="crm"), learn(told[1], source="till")
    assert Customer.objects.get(pk=first[0].customer_id).phone == "+79161234567"
    people = leaders_of({first[0].customer_id, second[0].customer_id})
    assert len(set(people.values())) == 1


@db
def test_what_finds_a_person_need_not_be_an_address():
    learn(ProfileInput("1", {}, identities=(CustomerRef("phone", "112"),)))
    learn(ProfileInput("2", {}, identities=(CustomerRef("email", "test@test"),)))
    assert list(Customer.objects.values_list("phone", "email")) == [("", "")] * 2


@db
@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("email", "нет"),
        ("email", "test@test.ru"),
        ("email", "None@none.com"),
        ("phone", "+7 000 000 00 00"),
        ("phone", "9999999999"),
        ("card", "0000"),
    ],
)
def test_what_was_typed_because_something_had_to_be_joins_nobody(kind, value):
    named = (CustomerRef(kind, value),)
    answers = learn(*(ProfileInput(one, {"name": "Ann"}, identities=named) for one in "12"))
    assert len({one.lead_id for one in answers}) == 2
    (alone,) = learn(ProfileInput("", {"name": "Ann"}, identities=named))
    assert alone.refused
    assert alone.refused.code == "nobody"
