"""Themes: found by words, priced by what they go with, and held against what people find."""

import json
from datetime import timedelta

import pytest
from django.test import Client

from regulars.core.api.keys import create_key
from regulars.core.errors import NotFound, Refused
from regulars.customers.models import Purchase
from regulars.feedback.actions.answers import receive_answer
from regulars.feedback.actions.coding import code_by_hand, set_code_frame
from regulars.feedback.actions.drafts import draft_of, edit_draft
from regulars.feedback.models import Signal
from regulars.feedback.queries.signals import SignalFilter
from regulars.feedback.queries.themes import agreement_of, themes_of, to_code
from regulars.feedback.queries.values import agreement_with_values
from regulars.feedback.rules.agreement import agreement, krippendorff_alpha, masi
from regulars.feedback.rules.coding import Coder, Theme
from regulars.feedback.rules.themes import Coded, theme_impacts
from regulars.feedback.starters import STARTERS
from regulars.feedback.survey.definition import read_definition
from regulars.feedback.tests import cast

pytestmark = pytest.mark.django_db

NOW = cast.NOW
FRAME = [
    {"value": "queue", "text": {"default": "Waiting", "ru": "Ожидание"}, "words": {"en": ["queue", "waited"]}},
    {"value": "price", "text": "Prices", "words": {"en": ["price", "too dear"], "ru": ["дорого"]}},
]  # fmt: skip


def written(asked, key, score, text, **changes):
    given = cast.answer(asked, key, values={"nps": score, "why": text}, **changes)
    return receive_answer(given, now=NOW)


def written_signal(asked, n) -> Signal:
    written(asked, f"k{n}", 5, "I waited" if n % 2 else "It was too dear")
    return Signal.objects.exclude(text="").latest("pk")


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("The QUEUES were endless", {"queue"}),
        ("I was waiting, and it is too dear", {"queue", "price"}),
        ("Очень дорого!", {"price"}),
        ("A dear friend told me", set()),
        ("", set()),
        ("q" * 100_000, set()),
    ],
)
def test_words_are_found_whatever_their_endings(text, codes):
    coder = Coder([Theme(one["value"], one["words"]) for one in FRAME])
    assert coder.codes_of(text) == codes


def test_alpha_is_as_published_and_chance_gives_nought():
    a = [1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None]
    b = [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3]
    c = [None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None]
    d = [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None]
    units = [[v for v in unit if v is not None] for unit in zip(a, b, c, d, strict=True)]
    assert krippendorff_alpha(units) == pytest.approx(0.743, abs=0.001)
    crossed = [(x, y) for x in (0, 1) for y in (0, 1)] * 50
    found = agreement(crossed)
    assert found.value == pytest.approx(0, abs=0.01)
    assert found.low < 0 < found.high
    sets = [(frozenset("a"), frozenset("ab")), (frozenset("b"), frozenset("b"))] * 20
    assert 0 < agreement(sets, distance=masi).value < 1


def test_what_costs_most_comes_first_and_few_mentions_say_nothing():
    said = [Coded(2, frozenset({"queue"}))] * 15 + [Coded(7, frozenset({"price"}))] * 40
    said += [Coded(10, frozenset())] * 100 + [Coded(0, frozenset({"rare"}))] * 3
    found = theme_impacts(said, ["price", "queue", "rare", "never"], "nps")
    assert [one.code for one in found] == ["price", "queue", "rare", "never"]
    assert [one.verdict for one in found] == ["lower", "lower", "too_few", "too_few"]
    queue = found[1]
    assert queue.cost == pytest.approx(-queue.share * queue.impact.value)
    assert queue.cost_low < queue.cost < queue.cost_high
    assert theme_impacts([], ["queue"], "nps")[0].score is None


def test_comments_are_sorted_anew_and_priced_with_the_customers_they_touch():
    asked, boss = cast.survey(), cast.employee()
    people = [cast.customer(f"P{n}") for n in range(40)]
    for n, person in enumerate(people):
        text = "I waited for an hour" if n < 12 else "Nice" if n < 34 else ""
        written(asked, f"k{n}", 2 if n < 12 else 10, text, customer_id=person.pk)
        Purchase.objects.create(
            source="till", number=str(n), customer=person, bought_at=NOW - timedelta(days=9),
            total_minor=100, discount_minor=0, recorded_at=NOW,
        )  # fmt: skip
    edit_draft(asked, lambda raw: {**raw, "title": "New"}, after=0, now=NOW, author=boss)
    set_code_frame(asked, FRAME, now=NOW, author=boss)
    assert draft_of(asked).definition["regulars"]["codeFrame"] == FRAME
    found = themes_of(asked, "nps", SignalFilter(), seen_by=boss, now=NOW)
    queue = found.impacts[0]
    assert (found.answers, found.comments, found.uncoded, queue.code) == (40, 34, 22, "queue")
    assert (queue.mentions, queue.verdict, queue.impact.value) == (12, "lower", -200)
    touched = found.touched["queue"]
    assert (touched.customers, touched.spend_minor, touched.estimate[0]) == (12, 1_200, 12)
    with pytest.raises(Refused):
        set_code_frame(asked, [{"value": "a", "under": "nothing"}], now=NOW)


def test_the_frame_is_held_against_people(client: Client):
    asked, boss = cast.survey(), cast.employee()
    set_code_frame(asked, FRAME, now=NOW)
    for n in range(24):
        written_signal(asked, n)
    assert agreement_of(asked, seen_by=boss).whole.value is None
    first = to_code(asked, seen_by=boss, employee_id=boss.pk, limit=5)
    assert len(first) == 5
    for signal in Signal.objects.exclude(text=""):
        codes = ["queue"] if "waited" in signal.text else ["price"]
        code_by_hand(signal.pk, codes, employee=boss, now=NOW)
    found = agreement_of(asked, seen_by=boss)
    assert (found.whole.value, found.whole.units) == (1.0, 24)
    assert found.by_theme["queue"].value == 1.0
    assert to_code(asked, seen_by=boss, employee_id=boss.pk, limit=5) == []
    with pytest.raises(Refused, match="moon"):
        code_by_hand(first[0].pk, ["moon"], employee=boss, now=NOW)
    with pytest.raises(NotFound):
        code_by_hand(0, [], employee=boss, now=NOW)


def test_themes_are_shown_and_changed_on_pages_and_told_to_programs(client: Client):
    asked, boss = cast.survey(), cast.employee()
    set_code_frame(asked, FRAME, now=NOW)
    for n in range(24):
        code_by_hand(written_signal(asked, n).pk, ["queue"], employee=boss, now=NOW)
    client.force_login(boss, backend="regulars.company.access.RoleBackend")
    around = f"survey={asked.pk}&from={NOW.date()}&to={NOW.date()}"
    assert "24 answers have words" in client.get(f"/listen/themes?{around}").content.decode()
    form = {
        "form-TOTAL_FORMS": "1",
        "form-INITIAL_FORMS": "0",
        "form-0-value": "A b",
        "form-0-name": "A",
    }
    here = f"/listen/surveys/{asked.pk}/themes"
    assert client.post(here, form).status_code == 422
    assert (
        client.post(
            here, form | {"form-0-value": "till", "form-0-words": "till, cashier"}
        ).status_code
        == 302
    )
    secret = create_key(name="t", scopes=("answers:read",), now=NOW).secret
    outside = Client(headers={"Authorization": f"Bearer {secret}"})
    told = outside.get(f"/api/v1/surveys/{asked.pk}/themes").json()
    assert [one["code"] for one in told["themes"]] == ["till"]
    assert json.dumps(told["agreement"])


def test_agreement_with_a_value_has_its_mean_and_its_two_highest_ratings():
    asked = cast.survey(
        regulars={"measures": {"nps": "nps"}, "agreements": {"satisfied": "Fairness"}}
    )
    boss = cast.employee()
    for n, rating in enumerate([5, 5, 4, 4, 3, 1]):
        values = {"nps": 9, "satisfied": rating}
        receive_answer(cast.answer(asked, f"k{n}", values=values), now=NOW)
    ask = {"language": "en", "seen_by": boss}
    (found,) = agreement_with_values(asked, SignalFilter(), **ask)
    assert (found.value, found.score.answers, found.score.mean.mean) == ("Fairness", 6, 22 / 6)
    assert found.score.top.low < found.score.top.value == 4 / 6 < found.score.top.high
    (few,) = agreement_with_values(asked, SignalFilter(since=NOW + timedelta(1)), **ask)
    assert few.score is None


def test_every_starter_with_themes_has_them_in_both_languages():
    framed = [one for one in STARTERS if one.definition.get("regulars", {}).get("codeFrame")]
    assert framed
    for starter in framed:
        for code in read_definition(starter.definition).extension.code_frame:
            assert set(code.words) == {"en", "ru"}, (starter, code.value)
