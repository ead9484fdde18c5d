"""A survey as a conversation: the page's own path, commands, re-prompts, and what a mode cannot carry."""

import random
from typing import Any

import pytest
from django.http import QueryDict

from regulars.feedback.dialogue.hearing import keys_of
from regulars.feedback.dialogue.modes import uncarried
from regulars.feedback.dialogue.turns import Talk, first_turn, next_turn, silence
from regulars.feedback.pages import screens as pages
from regulars.feedback.saying import say_turn
from regulars.feedback.starters import STARTERS, starter
from regulars.feedback.survey.definition import Definition, read_definition
from regulars.feedback.survey.path import complete
from regulars.feedback.survey.question import Question

WINDING = {
    "locale": "en",
    "pages": [
        {
            "name": "one",
            "elements": [
                {"type": "comment", "name": "late", "visibleIf": "{nps} < 3"},
                {"type": "rating", "name": "nps", "isRequired": True, "rateMin": 0, "rateMax": 10},
                {"type": "boolean", "name": "again", "visibleIf": "{nps} > 4"},
            ],
        },
        {
            "name": "two",
            "visibleIf": "{again} = false or {nps} < 5",
            "elements": [
                {
                    "type": "checkbox",
                    "name": "why",
                    "choices": ["price", "queue", "goods"],
                    "showNoneItem": True,
                    "showOtherItem": True,
                },
                {"type": "text", "name": "times", "inputType": "number", "requiredIf": "{nps} < 4"},
            ],
        },
        {
            "name": "three",
            "elements": [
                {"type": "radiogroup", "name": "how", "choices": ["app", "shop"]},
                {"type": "comment", "name": "more", "visibleIf": "{why} contains 'queue'"},
            ],
        },
    ],
}


def definitions() -> list[Definition]:
    return [read_definition(WINDING), *(read_definition(one.definition) for one in STARTERS)]


def wish(question: Question, chance: random.Random) -> list[str]:
    """What somebody might answer on a page: the values of the form field; none to leave it out."""
    if question.scale is not None:
        return [chance.choice(keys_of(question))]
    if question.type == "boolean":
        return [chance.choice(["true", "false"])]
    if question.type == "checkbox":
        values = [str(one.value) for one in question.choices]  # type: ignore[attr-defined]
        return chance.sample(values, chance.randint(1, len(values)))
    if question.type == "radiogroup":
        return [str(chance.choice(question.choices).value)]  # type: ignore[attr-defined]
    return [str(chance.randint(1, 99))]


def in_words(question: Question, wished: list[str]) -> str:
    if question.type == "boolean":
        return {"true": "yes", "false": "2"}[wished[0]]
    if question.type == "checkbox":
        values = [str(one.value) for one in question.choices]  # type: ignore[attr-defined]
        return ", ".join(str(values.index(one) + 1) for one in wished)
    return wished[0]


def by_page(definition: Definition, wishes: dict[str, list[str]]) -> tuple[set[str], Any]:
    """What a person who clicks through the pages is asked, and what is kept of it."""
    turn, asked = pages.first_turn(definition, {}), set()
    sent: dict[str, list[str]] = {}
    while turn.screen is not None:
        here = [one.name for one in turn.screen.questions]
        asked |= set(here)
        sent |= {one.field: wishes[one.name] for one in turn.screen.questions}
        form = QueryDict(mutable=True)
        for name, values in {**sent, "page": [turn.screen.page.name], "shown": here}.items():
            form.setlist(name, values)
        turn = pages.next_turn(definition, form)
    return asked, turn.complete_values


def by_text(definition: Definition, wishes: dict[str, list[str]]) -> tuple[set[str], Any]:
    talk = first_turn(definition, mode="message", language="en")
    while not talk.end:
        question = definition.find_question(talk.at)
        assert question is not None
        heard = in_words(question, wishes[question.name]) if wishes[question.name] else "-"
        talk = next_turn(definition, talk, heard)
    assert talk.end == "complete"
    return set(talk.asked), complete(definition, talk.values).values


@pytest.mark.parametrize("number", range(len(definitions())))
def test_the_same_answers_take_the_same_path_as_on_the_page(number):
    definition = definitions()[number]
    paths = set()
    for seed in range(40):
        chance = random.Random(seed)
        wishes = {
            one.name: []
            if not (one.is_required or one.required_if) and chance.random() < 0.3
            else wish(one, chance)
            for one in definition.questions()
        }
        asked, kept = by_page(definition, wishes)
        assert by_text(definition, wishes) == (asked, kept), wishes
        paths.add(frozenset(asked))
    assert len(paths) > 1 or number, "the winding survey has more than one path"


def heard(definition: Definition, *words: str, mode: Any = "message") -> Talk:
    talk = first_turn(definition, mode=mode, language="en")
    for word in words:
        talk = next_turn(definition, talk, word)
    return talk


@pytest.fixture(scope="module")
def shop() -> Definition:
    return read_definition(starter("after_purchase").definition)


def test_what_is_not_understood_is_asked_twice_more(shop):
    once = heard(shop, "eleven")
    assert (once.at, once.tries, once.problem.code) == ("nps", 1, "off_the_scale")
    assert "0" in say_turn(shop, once).text.splitlines()[0]
    assert heard(shop, "x", "x", "x").end == "given_up"
    passed = heard(shop, "9", "x", "x", "x")
    assert (passed.end, passed.values) == ("", {"nps": 9}), "what is optional is passed over"
    assert passed.at == "why"
    assert silence(shop, first_turn(shop, mode="voice", language="en")).problem.code == "required"


def test_back_skip_stop_and_another_language(shop):
    assert heard(shop, "3", "5", "back").at == "satisfied"
    changed = heard(shop, "3", "back", "10", "4")
    assert changed.values == {"nps": 10, "satisfied": 4}
    assert heard(shop, "-").problem.code == "required", "a required question is not skipped"
    assert heard(shop, "9", "-").at == "why"
    assert heard(shop, "9", "Стоп").end == "stopped"
    russian = heard(shop, "русский")
    assert (russian.language, russian.at) == ("ru", "nps")
    assert "порекомендуете" in say_turn(shop, russian).text
    assert heard(shop, "*", mode="voice").language == "ru"
    assert heard(shop, "*", "*", mode="voice").language == "en"


def test_choices_by_number_by_name_and_in_own_words(shop):
    assert heard(shop, "2", "1", "-", "2").values["about"] == "staff"
    assert heard(shop, "2", "1", "-", "the queue").values["about"] == "queue"
    own = heard(shop, "2", "1", "-", "Parking").values
    assert (own["about"], own["about-Comment"]) == ("other", "Parking")
    assert heard(shop, "2", "1", "-", "77").problem.code == "not_a_choice"


def test_a_voice_leaves_out_what_needs_words_and_says_so(shop):
    assert [(one.name, one.reason) for one in uncarried(shop, "voice")] == [("why", "needs_words")]
    assert not list(uncarried(shop, "message"))
    assert heard(shop, "10", "5", mode="voice").end == "complete"
    needed = {"elements": [{"type": "comment", "name": "words", "isRequired": True}]}
    strict = read_definition(needed)
    assert heard(strict, mode="voice").end == "partial"
    link = "https://shop.example/s/1"
    partial = Talk("message", "en", end="partial")
    assert link in say_turn(strict, partial, link=link).text


def test_a_conversation_says_what_was_answered_in_choices_and_at_the_end():
    definition = read_definition(
        {
            "calculatedValues": [{"name": "left", "expression": "10 - {nps}"}],
            "completedHtml": "Thanks for {nps}",
            "elements": [
                {"type": "rating", "name": "nps", "rateMin": 0, "rateMax": 10},
                {
                    "type": "checkbox",
                    "name": "why",
                    "title": "What are the {left} for?",
                    "choices": [{"value": "a", "text": "{nps} is fair"}, "b"],
                    "showOtherItem": True,
                },
                {"type": "boolean", "name": "again", "title": "{why}: again?"},
            ],
        }
    )
    talk = next_turn(definition, first_turn(definition, mode="message", language="en"), "7")
    assert say_turn(definition, talk).text.startswith("What are the 3 for?\n1. 7 is fair\n2. b")
    talk = next_turn(definition, talk, "2, the queue")
    assert say_turn(definition, talk).text.startswith("b, the queue: again?")
    assert say_turn(definition, next_turn(definition, talk, "yes")).text == "Thanks for 7"


def test_a_conversation_offers_the_choices_and_asks_the_questions_that_a_page_would():
    definition = read_definition(
        {
            "elements": [
                {"type": "rating", "name": "nps", "rateMin": 0, "rateMax": 10},
                {
                    "type": "radiogroup",
                    "name": "why",
                    "choices": [{"value": "a", "visibleIf": "{nps} > 8"}, "b", "c"],
                    "showRefuseItem": True,
                },
                {"type": "text", "name": "card", "enableIf": "{nps} > 8"},
            ],
        }
    )
    talk = next_turn(definition, first_turn(definition, mode="message", language="en"), "3")
    assert "1. b\n2. c\n3. I would rather not say" in say_turn(definition, talk).text
    assert next_turn(definition, talk, "a").problem is not None
    assert next_turn(definition, talk, "4").problem is not None
    talk = next_turn(definition, talk, "1")
    assert (talk.end, talk.values) == ("complete", {"nps": 3, "why": "b"})
    happy = next_turn(definition, first_turn(definition, mode="message", language="en"), "9")
    happy = next_turn(definition, happy, "1")
    assert (happy.at, happy.values) == ("card", {"nps": 9, "why": "a"})


def test_choices_that_are_numbers_are_named_by_themselves_and_keys_may_be_pictures():
    definition = read_definition(
        {
            "elements": [
                {"type": "radiogroup", "name": "age", "choices": [18, 25, 40]},
                {"type": "rating", "name": "nps", "rateMin": 0, "rateMax": 10},
            ]
        }
    )
    first = first_turn(definition, mode="message", language="en")
    assert [next_turn(definition, first, one).values["age"] for one in ("25", "2")] == [25, 25]
    assert next_turn(definition, first, "26").problem is not None
    talk = next_turn(definition, first, "1\ufe0f\u20e3")
    assert next_turn(definition, talk, "9\ufe0f\u20e3").values == {"age": 18, "nps": 9}
