"""Pages on which people say who is one person, and see why."""

import pytest
from django.urls import reverse

from regulars.customers.actions.merging import say_same, unmerge
from regulars.customers.matching.comparisons import COMPARISONS, DIFFERENT
from regulars.customers.models import Customer, Evidence, Merging
from regulars.customers.queries import leaders_of
from regulars.customers.queries.matches import doubtful_pairs, wrong_merges
from regulars.customers.rules.merging import EXACT
from regulars.customers.wording import FIELDS, LEVELS, REASONS
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def signed(client):
    client.force_login(make.employee("owner"))
    return client


def decide(client, pair, says, **headers):
    return client.post(reverse("customers.decide_match", args=[pair.pk]), {"says": says}, **headers)


def is_one(pair) -> bool:
    leads = leaders_of([pair.left_id, pair.right_id])
    return len(set(leads.values())) == 1


def test_every_level_and_reason_has_words() -> None:
    for compared in COMPARISONS:
        assert compared.name in FIELDS
        assert {*compared.names(), DIFFERENT} <= LEVELS.keys()
    assert {*EXACT.values()} <= REASONS.keys()


def test_a_pair_is_decided_and_the_next_one_comes(signed) -> None:
    first, second = make.doubtful_pair(), make.doubtful_pair()
    shown = signed.get("/customers/matches").content.decode()
    assert first.left.name in shown
    assert "differs" in shown
    assert "times likelier" in shown
    answer = decide(signed, first, "different", headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in answer
    assert "stay two" in answer
    assert list(doubtful_pairs()) == [second]
    assert decide(signed, second, "same").status_code == 302
    assert is_one(second)
    assert not is_one(first)
    assert "No doubtful pair is waiting" in signed.get("/customers/matches").content.decode()
    assert not wrong_merges()


def test_later_puts_a_pair_last_and_nonsense_changes_nothing(signed) -> None:
    first, second = make.doubtful_pair(), make.doubtful_pair()
    decide(signed, first, "later")
    assert [one.pk for one in doubtful_pairs()] == [second.pk, first.pk]
    assert "one of same" in decide(signed, first, "perhaps", follow=True).content.decode()
    assert Evidence.objects.exclude(kind="probable").count() == 0


def test_a_second_reviewer_changes_nothing_any_more(signed) -> None:
    pair = make.doubtful_pair()
    decide(signed, pair, "different")
    answer = decide(signed, pair, "same", follow=True)
    assert "decided already" in answer.content.decode()
    assert not is_one(pair)


def test_a_word_is_taken_back(signed) -> None:
    pair = make.doubtful_pair()
    decide(signed, pair, "same")
    said = Evidence.objects.exclude(kind="probable").get()
    listed = signed.get("/customers/matches/decided").content.decode()
    assert "Said to be one person" in listed
    back = reverse("customers.take_match_back", args=[said.pk])
    assert signed.post(back).status_code == 302
    assert not is_one(pair)
    assert doubtful_pairs().get() == pair
    assert "nobody said this" in signed.post(back, follow=True).content.decode()


def test_the_page_of_a_person_shows_why_and_parts_a_record(signed) -> None:
    pair = make.doubtful_pair()
    say_same(pair.left_id, pair.right_id, by=None, now=make.NOW)
    make.purchase(customer=Customer.objects.get(pk=pair.right_id))
    for page in ("one_person", "person", "source_records", "customer"):
        shown = signed.get(reverse(f"customers.{page}", args=[pair.left_id])).content.decode()
        assert "crm" in shown, page
    part = reverse("customers.part", args=[pair.right_id])
    asked = signed.get(part).content.decode()
    assert "Purchases" in asked
    assert is_one(pair)
    told = signed.post(part, follow=True).content.decode()
    assert not is_one(pair)
    assert "Parted from" in told
    assert Merging.objects.latest("id").by is not None
    assert "a person of its own already" in signed.post(part, follow=True).content.decode()


def test_two_are_joined_by_hand_after_a_look(signed) -> None:
    pair = make.doubtful_pair()
    join = reverse("customers.join", args=[pair.left_id])
    found = signed.get(join, {"q": pair.right.name.lower()}).content.decode()
    assert f"?with={pair.right_id}" in found
    shown = signed.get(join, {"with": pair.right_id}).content.decode()
    assert "Nothing has happened yet" in shown
    assert not is_one(pair)
    signed.post(join, {"with": pair.right_id})
    assert is_one(pair)
    unmerge(pair.right_id, by=None, now=make.NOW)
    shown = signed.get(join, {"with": pair.right_id}).content.decode()
    assert "takes that back" in shown
    for odd in ("x", "9" * 30, str(pair.left_id)):
        assert signed.get(join, {"with": odd}).status_code == 200
    assert signed.get(join, {"with": 99_999_999}).status_code == 404


def test_masked_eyes_see_no_contacts_of_a_pair(client) -> None:
    pair = make.doubtful_pair()
    client.force_login(make.employee("marketer"))
    shown = client.get("/customers/matches").content.decode()
    assert pair.left.email not in shown
    assert pair.left.name not in shown


def test_an_agent_looks_and_decides_nothing(client) -> None:
    pair = make.doubtful_pair()
    client.force_login(make.employee("agent"))
    assert "Same person" not in client.get("/customers/matches").content.decode()
    assert decide(client, pair, "same").status_code == 403


def test_the_profile_names_who_lost(signed) -> None:
    one = make.record("crm", "1", name="Ann", email="a@x.org", occupation="nurse")
    make.record("web", "9", name="Anna", email="a@x.org", occupation="nurse")
    page = signed.get(reverse("customers.customer", args=[one.pk])).content.decode()
    assert "<s>" in page
    assert "not believed" in page
    assert "also by" in page
