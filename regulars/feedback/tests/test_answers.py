"""Answers are received once, and become signals."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from regulars.core.errors import Refused
from regulars.core.models import Event
from regulars.customers.models import TimelineEntry
from regulars.feedback.actions import AnswerRefused, receive_answer, receive_answers
from regulars.feedback.actions.sample import remove_sample
from regulars.feedback.actions.signals import reopen_signals, resolve_signals
from regulars.feedback.actions.surveys import DefinitionRefused, create_survey, publish_version
from regulars.feedback.models import Answer, Signal, Survey, SurveyVersion
from regulars.feedback.queries import unhappy_count, unhappy_signals
from regulars.feedback.queries.scores import distribution, scores, scores_by
from regulars.feedback.queries.signals import SignalFilter, verbatims
from regulars.feedback.queries.surveys import latest_version
from regulars.feedback.starters import STARTERS
from regulars.feedback.tests import cast
from regulars.journey.models import Passage

pytestmark = pytest.mark.django_db


def test_every_starter_can_be_asked():
    for one in STARTERS:
        made = create_survey(name=str(one.name), definition=one.definition, now=cast.NOW)
        assert latest_version(made).number == 1


def test_an_answer_becomes_signals_a_timeline_entry_and_a_passage():
    asked, who = cast.survey(), cast.customer()
    values = {"nps": 3, "satisfied": 4, "why": "Long queue"}
    receive_answer(cast.answer(asked, values=values, customer_id=who.pk), now=cast.NOW)
    unhappy, content = Signal.objects.order_by("-is_unhappy")
    assert (unhappy.measure, unhappy.native_score, unhappy.share) == ("nps", 3, 0.3)
    assert unhappy.text == "Long queue"
    assert unhappy.touchpoint is not None
    assert unhappy.touchpoint.code == "purchase_shop"
    assert (content.measure, content.share, content.text) == ("csat", 0.75, "")
    entry = TimelineEntry.objects.get(customer=who, kind="feedback.answer_received")
    assert entry.body["score"] == 3
    assert Passage.objects.get(customer=who).cause == entry.cause
    assert Event.objects.get(name="feedback.AnswersReceived").body["answer_ids"]


def test_a_repeated_answer_changes_nothing():
    asked = cast.survey()
    first = receive_answer(cast.answer(asked), now=cast.NOW)
    again = receive_answer(cast.answer(asked, values={"nps": 0}), now=cast.NOW)
    assert (first.answer_id, first.is_new, again.is_new) == (again.answer_id, True, False)
    assert Signal.objects.get().native_score == 10
    assert Event.objects.filter(name="feedback.AnswersReceived").count() == 1


def test_a_wrong_answer_is_refused_by_the_name_of_its_question():
    asked = cast.survey()
    with pytest.raises(AnswerRefused) as caught:
        receive_answer(cast.answer(asked, values={"nps": 12}), now=cast.NOW)
    assert caught.value.field == "values.nps"
    assert not Answer.objects.exists()


def test_a_batch_keeps_what_fits_and_names_the_rest():
    asked = cast.survey()
    batch = [
        cast.answer(asked, "a"),
        cast.answer(asked, "b", values={}),
        cast.answer(asked, "a", values={"nps": 1}),
        cast.answer(asked, "c", values={"nps": 5, "why": 'He said "no\\'}),
    ]
    received = receive_answers(batch, now=cast.NOW)
    assert [bool(one.problems) for one in received] == [False, True, False, False]
    assert received[0].answer_id == received[2].answer_id
    assert Answer.objects.get(key="c").values["why"] == 'He said "no\\'


def statements_for(count: int) -> int:
    asked, who = cast.survey(), cast.customer()
    batch = [
        cast.answer(asked, f"{asked.pk}-{number}", customer_id=who.pk) for number in range(count)
    ]
    with CaptureQueriesContext(
        connection,
    ) as queries:
        receive_answers(batch, now=cast.NOW)
    return len(queries)


def test_a_batch_takes_a_constant_number_of_statements():
    assert statements_for(3) == statements_for(300)


def test_words_alone_leave_a_signal_without_a_score():
    asked = cast.survey("relational_nps", regulars={})
    receive_answer(cast.answer(asked, values={"nps": 9, "why": "Nice"}), now=cast.NOW)
    signal = Signal.objects.get()
    assert (signal.measure, signal.native_score, signal.text) == ("", None, "Nice")


def fill(asked: Survey, ratings: list[int], **changes: Any) -> None:
    start = Answer.objects.count()
    batch = [
        cast.answer(asked, f"k{start + number}", values={"nps": rating, "why": "so"}, **changes)
        for number, rating in enumerate(ratings)
    ]
    receive_answers(batch, now=cast.NOW)


def test_scores_are_counted_with_their_interval():
    asked, boss = cast.survey(), cast.employee()
    one, two = cast.store("S1"), cast.store("S2")
    fill(asked, [10, 9, 9, 7, 3], store_id=one.pk)
    fill(asked, [0], store_id=two.pk)
    fill(asked, [8])
    total = scores(SignalFilter(), seen_by=boss)["nps"]
    assert (round(total.value, 2), total.answers) == (14.29, 7)
    groups = {
        one.key: one.scores["nps"] for one in scores_by("store", SignalFilter(), seen_by=boss)
    }
    assert groups[one.pk].value == 40.0
    assert groups[one.pk].low == pytest.approx(-29.78, abs=0.01)
    assert groups[two.pk].value == -100
    assert groups[None].answers == 1
    assert distribution(SignalFilter(), "nps", seen_by=boss) == {
        10: 1,
        9: 2,
        8: 1,
        7: 1,
        3: 1,
        0: 1,
    }
    assert scores(SignalFilter(store_ids=frozenset({two.pk})), seen_by=boss)["nps"].answers == 1
    assert len(scores_by("month", SignalFilter(), seen_by=boss)) == 1


def test_csat_and_ces_are_counted_like_the_rules_say():
    boss, service = cast.employee(), cast.survey("after_service")
    for number, effort in enumerate([7, 5, 6]):
        receive_answer(cast.answer(service, f"s{number}", values={"effort": effort}), now=cast.NOW)
    bought = cast.survey()
    for number, rating in enumerate([5, 4, 4, 2]):
        values = {"nps": 10, "satisfied": rating}
        receive_answer(cast.answer(bought, f"c{number}", values=values), now=cast.NOW)
    found = scores(SignalFilter(), seen_by=boss)
    assert found["ces"].value == 6
    assert found["ces"].low == pytest.approx(3.5159, abs=1e-3)
    assert (found["csat"].value, found["csat"].answers) == (0.75, 4)


def test_a_store_manager_sees_the_own_store_only():
    asked, mine, other = cast.survey(), cast.store("S1"), cast.store("S2")
    manager = cast.employee("store_manager", mine)
    fill(asked, [2], store_id=mine.pk)
    fill(asked, [1, 1], store_id=other.pk)
    assert scores(SignalFilter(), seen_by=manager)["nps"].answers == 1
    assert [one.store_id for one in unhappy_signals(seen_by=manager)] == [mine.pk]
    theirs = list(Signal.objects.filter(store=other).values_list("pk", flat=True))
    assert resolve_signals(theirs, employee=manager, now=cast.NOW) == 0


def test_an_unhappy_answer_needs_attention_until_somebody_takes_care():
    asked, boss = cast.survey(), cast.employee()
    fill(asked, [2, 10])
    values = {"nps": 0, "satisfied": 1}
    receive_answer(cast.answer(asked, "both", values=values), now=cast.NOW)
    assert unhappy_count(seen_by=boss) == 2
    first = unhappy_signals(seen_by=boss)[0]
    assert resolve_signals([first.pk], employee=boss, now=cast.NOW) == 1
    assert resolve_signals([first.pk], employee=boss, now=cast.NOW) == 0
    assert unhappy_count(seen_by=boss) == 1
    assert reopen_signals([first.pk], employee=boss, now=cast.NOW) == 1
    assert unhappy_count(seen_by=boss) == 2


def test_verbatims_are_narrowed_by_mood_state_and_words():
    asked, boss = cast.survey(), cast.employee()
    fill(asked, [2, 7, 10])
    assert verbatims(SignalFilter(), seen_by=boss, mood="bad").get().native_score == 2
    assert verbatims(SignalFilter(), seen_by=boss, mood="fair").get().native_score == 7
    assert verbatims(SignalFilter(), seen_by=boss, mood="good").get().native_score == 10
    assert verbatims(SignalFilter(), seen_by=boss, state="open").get().native_score == 2
    assert not verbatims(SignalFilter(), seen_by=boss, words="queue").exists()


def test_a_version_is_only_added_when_something_changed():
    asked = cast.survey()
    first = latest_version(asked)
    assert publish_version(asked, definition=first.definition, now=cast.NOW) == first
    changed = {**first.definition, "title": "Another"}
    assert publish_version(asked, definition=changed, now=cast.NOW).number == 2
    assert SurveyVersion.objects.count() == 2


def test_a_wrong_definition_is_refused():
    with pytest.raises(DefinitionRefused, match="no question"):
        create_survey(
            name="x",
            definition={"elements": [{"type": "text", "name": "a", "visibleIf": "{b} = 1"}]},
            now=cast.NOW,
        )
    with pytest.raises(DefinitionRefused, match="touchpoint"):
        cast.survey(regulars={"touchpoint": "moon"})
    with pytest.raises(Refused, match="name"):
        create_survey(name=" ", definition=STARTERS[0].definition, now=cast.NOW)


def test_removal_of_the_sample_leaves_what_is_real():
    asked = cast.survey()
    fill(asked, [2, 3], sample=True)
    fill(asked, [9])
    remove_sample()
    assert Answer.objects.count() == Signal.objects.count() == 1
    Survey.objects.update(sample=True)
    Answer.objects.all().delete()
    remove_sample()
    assert not Survey.objects.exists()
