"""The builder: edits of a draft by cards and forms, languages, changes, a trial, publishing."""

import re
from typing import Any

import pytest
from django.test import Client

from regulars.feedback.actions.drafts import draft_of
from regulars.feedback.building.changes import changes
from regulars.feedback.building.edits import (
    add_question,
    copy_question,
    put_question,
    question_in,
    questions_in,
)
from regulars.feedback.building.logic import (
    SIGNS,
    WITHOUT_VALUE,
    Condition,
    Conditions,
    read_conditions,
    write_conditions,
)
from regulars.feedback.building.skeletons import skeleton
from regulars.feedback.building.texts import put_texts, spots
from regulars.feedback.models import Answer, DraftStep, Survey, SurveyVersion
from regulars.feedback.pages.building_words import in_words, kinds_offered
from regulars.feedback.queries.surveys import latest_version
from regulars.feedback.starters import STARTERS
from regulars.feedback.survey.definition import examine
from regulars.feedback.survey.expression import read_expression
from regulars.feedback.tests import cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def asked() -> Survey:
    return cast.survey()


@pytest.fixture
def boss(client: Client) -> Client:
    client.force_login(
        cast.employee(), backend="allauth.account.auth_backends.AuthenticationBackend"
    )
    return client


def names(survey: Survey) -> list[str]:
    return [one["name"] for one in questions_in(draft_of(survey).definition)]


def press(boss: Client, survey: Survey, act: str, **told: Any) -> Any:
    told = {"after": draft_of(survey).step, "act": act} | told
    return boss.post(f"/listen/surveys/{survey.pk}/build/change", told)


def question_form(**told: Any) -> dict[str, Any]:
    return {"name": "nps", "title-en": "Q", "low": "0", "high": "10", "measure": "nps"} | told


def test_cards_are_added_moved_copied_and_removed_and_each_edit_can_be_undone(
    boss: Client, asked: Survey
) -> None:
    before = names(asked)
    press(boss, asked, "add", name="nps", page="purchase", kind="comment")
    assert names(asked) == ["nps", "question1", *before[1:]]
    press(boss, asked, "down", name="question1", page="purchase")
    press(boss, asked, "copy", name="about", page="repair")
    press(boss, asked, "remove", name="nps", page="purchase")
    assert names(asked) == ["satisfied", "question1", "why", "about", "about1", "call_me"]
    assert "nps" not in draft_of(asked).definition["regulars"]["measures"]
    for _ in range(4):
        press(boss, asked, "undo")
    assert (names(asked), DraftStep.objects.count()) == (before, 0)
    assert SurveyVersion.objects.filter(survey=asked).count() == 1


def test_over_the_edge_of_its_page_a_question_goes_to_the_next(boss: Client, asked: Survey) -> None:
    press(boss, asked, "down", name="why", page="purchase")
    pages = draft_of(asked).definition["pages"]
    assert [len(page["elements"]) for page in pages] == [2, 3]
    assert pages[1]["elements"][0]["name"] == "why"


def test_a_question_is_edited_by_its_form_and_what_mentions_it_follows(
    boss: Client, asked: Survey
) -> None:
    told = question_form(name="score", **{"title-ru": "Оценка", "after": 0, "required": "yes"})
    sent = boss.post(f"/listen/surveys/{asked.pk}/build/question/nps", told)
    assert sent.status_code == 302
    raw = draft_of(asked).definition
    assert raw["pages"][0]["elements"][0]["title"] == {"default": "Q", "ru": "Оценка"}
    assert raw["pages"][1]["visibleIf"] == "{score} <= 6 or {satisfied} <= 2"
    assert raw["regulars"]["measures"] == {"score": "nps", "satisfied": "csat"}


def test_choices_keep_their_values_when_reworded(boss: Client, asked: Survey) -> None:
    told = {"name": "about", "title-en": "What?", "after": 0, "other": "yes"}
    told |= {"choices": "The goods\nPeople\nThe queue\nThe price", "every": "any"}
    told |= {"if-0": "nps", "sign-0": "less", "value-0": "3"}
    told |= {"if-1": "why", "sign-1": "notempty"}
    boss.post(f"/listen/surveys/{asked.pk}/build/question/about", told)
    element = draft_of(asked).definition["pages"][1]["elements"][0]
    assert [one["value"] for one in element["choices"]] == ["goods", "staff", "queue", "price"]
    assert element["choices"][1]["text"] == {"default": "People", "ru": "С персоналом"}
    assert element["visibleIf"] == "{nps} < 3 or {why} notempty"
    assert element["showOtherItem"] is True


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": "a/b"}, "name"),
        ({"name": "why"}, "name"),
        ({"low": "x"}, "low"),
        ({"rest": "{"}, "rest"),
        ({"rest": '{"x": "\\u0000"}'}, "rest"),
        ({"rest": '{"x": "\\ud800"}'}, "rest"),
        ({"rest": '{"x": NaN}'}, "rest"),
        ({"if-0": "why", "sign-0": "equal"}, "value-0"),
    ],
)
def test_a_wrong_form_comes_back_and_changes_nothing(
    boss: Client, asked: Survey, wrong: dict[str, str], field: str
) -> None:
    told = question_form(after=0, **wrong)
    page = boss.post(f"/listen/surveys/{asked.pk}/build/question/nps", told)
    assert (page.status_code, page.context["refused"].field) == (422, field)
    assert not DraftStep.objects.exists()


def test_two_people_do_not_overwrite_each_other(boss: Client, asked: Survey) -> None:
    press(boss, asked, "add_page")
    late = press(boss, asked, "remove", name="why", after=0)
    assert (late.status_code, late.context["refused"].code) == (422, "edited_meanwhile")
    assert "why" in names(asked)


@pytest.mark.parametrize("wrong", [{"low": "x"}, {"if-0": "why", "value-0": ""}, {"after": 7}])
def test_what_was_written_comes_back_with_a_wrong_form(
    boss: Client, asked: Survey, wrong: dict[str, Any]
) -> None:
    told = question_form(after=0, name="score", measure="ces", required="yes", every="any")
    told |= {"title-en": "How <was> it?", "title-ru": "Как?", "about-en": "Why", "low_text": "Bad"}
    told |= {"if-1": "why", "sign-1": "contains", "value-1": "it's", "spoken-voice": "Say"} | wrong
    if "if-0" in wrong:
        told["sign-0"] = "equal"
    page = boss.post(f"/listen/surveys/{asked.pk}/build/question/nps", told)
    form, rows = page.context["form"], page.context["logic"]["rows"]
    assert page.status_code == 422
    assert (form["name"], form["low_text"], form["low"]) == ("score", "Bad", told["low"])
    assert [one["title"] for one in form["words"]] == ["How <was> it?", "Как?"]
    assert (rows[1].name, rows[1].value) == ("why", "it's")
    assert not page.context["logic"]["every"]
    assert (page.context["measure"], page.context["spoken"]["voice"]) == ("ces", "Say")
    assert page.content.decode().count('aria-invalid="true"') == ("after" not in wrong)


def test_words_and_translations_come_back_when_somebody_was_quicker(
    boss: Client, asked: Survey
) -> None:
    press(boss, asked, "down", name="nps", page="purchase")
    base = f"/listen/surveys/{asked.pk}/build"
    late = boss.post(f"{base}/words", {"after": 0, "title-en": "New", "touchpoint": "x"})
    assert (late.status_code, late.context["words"][0]["text"]) == (422, "New")
    late = boss.post(f"{base}/page/repair", {"after": 0, "title-en": "Head", "expression": "1=1"})
    assert (late.context["words"][0]["text"], late.context["logic"]["expression"]) == (
        "Head",
        "1=1",
    )
    told = {"after": 0, "to": "de", "t:pages/0/elements/0/title": "Wie gern?"}
    late = boss.post(f"{base}/languages", told)
    assert late.status_code == 422
    said = {row["element"]: row["said"] for row in late.context["rows"] if row["said"]}
    assert said == {"nps": "Wie gern?"}, "the question has moved, and its words with it"


def test_choices_written_as_bare_texts_and_what_validators_say_are_translated() -> None:
    raw = {
        "elements": [
            {"type": "radiogroup", "name": "a", "choices": ["Yes", "No", 3]},
            {"type": "text", "name": "b", "validators": [{"type": "email", "text": "Bad"}]},
        ]
    }
    assert [one.text for one in spots(raw)] == ["Yes", "No", "Bad"]
    told = {"elements/0/choices/1": "Нет", "elements/1/validators/0/text": "Плохо"}
    made = put_texts(raw, told | {"elements/0/choices/0": ""}, language="ru", own="en")
    assert made["elements"][0]["choices"] == [
        "Yes",
        {"value": "No", "text": {"default": "No", "ru": "Нет"}},
        3,
    ]
    assert made["elements"][1]["validators"][0]["text"] == {"default": "Bad", "ru": "Плохо"}


def test_a_new_name_reaches_triggers_and_calls_and_no_other_question() -> None:
    why = {
        "type": "comment",
        "name": "why",
        "visibleIf": "{food-quality} = 1 and { food } = 2 and {food-Comment} notempty",
        "title": "{#food} {food[0].x} {foods}",
        "requiredIf": "displayValue('food') = 'food'",
    }
    raw = {
        "pages": [
            {
                "elements": [
                    {"type": "text", "name": "food"},
                    {"type": "text", "name": "food-quality"},
                ]
            },
            {"elements": [why]},
        ],
        "triggers": [{"type": "setvalue", "expression": "{food} = 1", "setToName": "food"}, 5],
    }
    made = put_question(raw, "food", {"type": "text", "name": "meal"})
    got = made["pages"][1]["elements"][0]
    assert got["visibleIf"] == "{food-quality} = 1 and { meal } = 2 and {meal-Comment} notempty"
    assert got["title"] == "{#meal} {meal[0].x} {foods}"
    assert got["requiredIf"] == "displayValue('meal') = 'food'"
    assert made["triggers"][0] == {
        "type": "setvalue",
        "expression": "{meal} = 1",
        "setToName": "meal",
    }


def test_choices_of_another_question_follow_its_new_name() -> None:
    more = {"type": "checkbox", "name": "more", "choicesFromQuestion": "first"}
    cells = {"name": "cell", "cellType": "dropdown", "choicesFromQuestion": "first"}
    rows = {"type": "matrixdynamic", "name": "rows", "columns": [cells]}
    first = {"type": "checkbox", "name": "first", "choices": ["a", "b"]}
    made = put_question({"elements": [first, more, rows]}, "first", first | {"name": "one"})
    _, again, table = made["pages"][0]["elements"]
    assert again["choicesFromQuestion"] == table["columns"][0]["choicesFromQuestion"] == "one"
    assert examine(made)[1] == []
    group = {"type": "panel", "name": "group", "elements": [first, more]}
    twin = copy_question({"elements": [group]}, "group")[0]["pages"][0]["elements"][1]
    assert twin["elements"][1]["choicesFromQuestion"] == twin["elements"][0]["name"] != "first"


@pytest.mark.parametrize(
    ("source", "reason"),
    [("more", "from the question itself"), ("words", "no question"), ("gone", "no question")],
)
def test_choices_of_no_other_question_are_refused_by_name(source: str, reason: str) -> None:
    more = {"type": "checkbox", "name": "more", "choicesFromQuestion": source}
    (problem,) = examine({"elements": [more, {"type": "text", "name": "words"}]})[1]
    assert (problem.code, problem.element) == ("bad_property", "more")
    assert reason in problem.detail["reason"]


def test_cards_have_ids_that_nothing_else_on_their_page_has(boss: Client, asked: Survey) -> None:
    press(boss, asked, "add", name="nps", page="purchase", kind="comment")
    told = question_form(after=1, name="main", low="", high="")
    boss.post(f"/listen/surveys/{asked.pk}/build/question/question1", told)
    told = question_form(after=2, name="purchase x")
    sent = boss.post(f"/listen/surveys/{asked.pk}/build/question/nps", told)
    assert sent["Location"].endswith("#question.purchase.x")
    assert press(boss, asked, "add_page", page="purchase")["Location"].endswith("#page.page1")
    drawn = boss.get(f"/listen/surveys/{asked.pk}/build").content.decode()
    ids = re.findall(r' id="([^"]*)"', drawn)
    assert {"main", "question.main", "question.purchase.x", "page.purchase"} <= set(ids)
    assert len(ids) == len(set(ids))


def test_what_files_a_question_takes_is_said_in_its_form(boss: Client, asked: Survey) -> None:
    press(boss, asked, "add", name="nps", page="purchase", kind="file")
    address = f"/listen/surveys/{asked.pk}/build/question/question1"

    def kept(**more: Any) -> dict[str, Any]:
        told = {"after": draft_of(asked).step, "name": "question1", "title-en": "Photo"} | more
        assert boss.post(address, told).status_code == 302, more
        return question_in(draft_of(asked).definition, "question1")

    own = {"type": "file", "name": "question1", "title": "Photo"}
    every = [one["type"] for one in boss.get(address).context["form"]["types"]]
    assert kept(types=every) == own
    photo = {"allowMultiple": True, "maxSize": 1572864, "acceptedTypes": "image/jpeg,image/png"}
    sent = {"several": "yes", "size_mb": "1,5", "types": ["image/jpeg", "image/png"]}
    assert kept(**sent) == own | photo
    form = boss.get(address).context["form"]
    assert (form["several"], form["size_mb"], form["rest"]) == (True, "1.5", "")
    assert [one["name"] for one in form["types"] if one["is_taken"]] == ["JPG", "PNG"]
    for wrong, at in (({"types": []}, "types"), ({"types": every, "size_mb": "6"}, "size_mb")):
        told = {"after": draft_of(asked).step, "name": "question1", **wrong}
        page = boss.post(address, told)
        assert (page.status_code, page.context["refused"].field) == (422, at)
    assert kept(types=every, rest='{"maxSize": 1}') == own


def test_a_copied_group_has_questions_of_its_own_and_new_names_are_free_in_groups() -> None:
    group = {
        "type": "panel",
        "name": "group",
        "elements": [
            {"type": "text", "name": "question1"},
            {"type": "text", "name": "more", "visibleIf": "{question1} = 1"},
        ],
    }
    made, name = copy_question({"elements": [group]}, "group")
    twin = made["pages"][0]["elements"][1]
    assert (name, twin["name"]) == ("group1", "group1")
    assert [one["name"] for one in twin["elements"]] == ["question2", "more1"]
    assert twin["elements"][1]["visibleIf"] == "{question2} = 1"
    assert examine(made)[1] == []
    assert add_question(made, "text", page="page1")[1] == "question3"


def test_languages_stand_side_by_side(boss: Client, asked: Survey) -> None:
    address = f"/listen/surveys/{asked.pk}/build/languages"
    page = boss.get(address, {"to": "de"}).context
    assert page["missing"] == len([row for row in page["rows"] if row["text"]])
    told = {"after": 0, "to": "de", "t:title": "Wie war es?", "t:pages/0/elements/0/title": "Na?"}
    boss.post(address, told)
    raw = draft_of(asked).definition
    assert raw["title"]["de"] == "Wie war es?"
    assert raw["pages"][0]["elements"][0]["title"]["de"] == "Na?"
    assert boss.get(address, {"to": "Deutsch!"}).status_code == 422


def test_what_is_not_ready_is_said_on_its_card_and_not_published(
    boss: Client, asked: Survey
) -> None:
    press(boss, asked, "add_page")
    told = {"after": draft_of(asked).step}
    page = boss.post(f"/listen/surveys/{asked.pk}/build/publish", told)
    assert page.status_code == 422
    assert page.context["pages"][-1]["problems"]
    assert latest_version(asked).number == 1
    press(boss, asked, "remove", page="page1")
    press(boss, asked, "remove", name="call_me", page="repair")
    told = {"after": draft_of(asked).step}
    assert boss.post(f"/listen/surveys/{asked.pk}/build/publish", told).status_code == 302
    assert (latest_version(asked).number, DraftStep.objects.count()) == (2, 0)
    seen = boss.get(f"/listen/surveys/{asked.pk}/build/changes", {"from": "1", "to": "2"})
    assert [one["element"] for one in seen.context["changes"]] == ["call_me"]


def test_the_draft_is_tried_and_nothing_is_recorded(boss: Client, asked: Survey) -> None:
    press(boss, asked, "remove", name="satisfied", page="purchase")
    address = f"/listen/surveys/{asked.pk}/build/try"
    first = boss.get(address).content.decode()
    assert "satisfied" not in first
    told = {"page": "purchase", "shown": ["nps", "why"], "q-nps": "10", "go": "on"}
    last = boss.post(address, told)
    assert ("nps", "10") in last.context["answers"]
    assert not Answer.objects.exists()


def test_words_page_and_conversation_texts(boss: Client, asked: Survey) -> None:
    told = {"after": 0, "title-en": "Hello", "title-ru": "", "touchpoint": "purchase_shop"}
    boss.post(f"/listen/surveys/{asked.pk}/build/words", told)
    told = {"after": 1, "title-en": "Sorry", "every": "all"}
    boss.post(f"/listen/surveys/{asked.pk}/build/page/repair", told)
    told = question_form(after=2, **{"spoken-message": "0 to 10?"})
    boss.post(f"/listen/surveys/{asked.pk}/build/question/nps", told)
    raw = draft_of(asked).definition
    assert (raw["title"], raw["pages"][1]["title"]) == ("Hello", "Sorry")
    assert "visibleIf" not in raw["pages"][1]
    assert raw["regulars"]["texts"] == {"nps": {"message": "0 to 10?"}}
    page = boss.get(f"/listen/surveys/{asked.pk}/build", {"mode": "message"})
    assert page.context["preview"]["said"][0].buttons


def test_a_definition_written_by_hand_shows_whatever_is_in_it(boss: Client, asked: Survey) -> None:
    strange = {"pages": [{"elements": [{"type": "nonsense", "name": "a/b"}, {"type": "text"}]}]}
    DraftStep.objects.create(
        survey=asked, number=1, definition=strange | {"pages": [{"name": "p", **strange["pages"][0]}]},
        made_at=cast.NOW,
    )  # fmt: skip
    page = boss.get(f"/listen/surveys/{asked.pk}/build")
    assert (page.status_code, page.context["problem_count"] > 0) == (200, True)


@pytest.mark.parametrize("key", [one.key for one in STARTERS])
def test_every_starter_builds_without_a_difference(key: str) -> None:
    made = cast.survey(key)
    assert changes(latest_version(made).definition, draft_of(made).definition) == []
    for one in questions_in(draft_of(made).definition):
        source = one.get("visibleIf", "")
        told = read_conditions(source)
        assert not source or (told and write_conditions(told) == source)


@pytest.mark.parametrize("kind", [kind for kind, _ in kinds_offered()])
def test_a_new_question_of_every_kind_can_be_asked_at_once(kind: str) -> None:
    page = {"name": "p", "elements": [skeleton(kind, "new"), {"type": "text", "name": "other"}]}
    assert examine({"pages": [page]})[1] == []


@pytest.mark.parametrize("sign", SIGNS)
@pytest.mark.parametrize("value", ["3", "007", "it's", "C:\\x", "a and b", "true"])
def test_what_is_chosen_from_lists_is_read_by_the_engine(sign: str, value: str) -> None:
    told = Conditions(True, (Condition("q", sign, "" if sign in WITHOUT_VALUE else value),))
    written = write_conditions(told)
    assert read_conditions(written) == told
    expression = read_expression(written)
    if sign in ("equal", "notequal"):
        assert expression.holds({"q": value}) is (sign == "equal")


def test_logic_is_said_in_words() -> None:
    titles = {"nps": "Recommend?"}
    assert in_words("{nps} <= 6", titles) == "“Recommend?” is at most 6"
    assert in_words("iif({nps} > 3, true, false)", titles) == ""


def test_a_survey_gets_its_name_beside_its_words_and_new_ones_differ(
    boss: Client, asked: Survey
) -> None:
    address = f"/listen/surveys/{asked.pk}/build/words"
    told = {"after": 0, "title-en": "T", "survey_name": "Autumn"}
    assert boss.post(address, told).status_code == 302
    asked.refresh_from_db()
    assert asked.name == "Autumn"
    refused = boss.post(address, told | {"after": 1, "survey_name": " ", "title-en": "Other"})
    assert (refused.status_code, refused.context["words"][0]["text"]) == (422, "Other")
    late = boss.post(address, told | {"survey_name": "Winter"})
    asked.refresh_from_db()
    assert (late.status_code, asked.name) == (422, "Autumn")
    for _ in range(2):
        boss.post("/listen/surveys/new", {"starter": "product"})
    names = list(Survey.objects.order_by("-pk").values_list("name", flat=True)[:2])
    assert names == ["Product 2", "Product"]


def test_refusals_are_said_in_the_language_of_the_reader(boss: Client, asked: Survey) -> None:
    boss.cookies["django_language"] = "ru"
    press(boss, asked, "add_page")
    late = press(boss, asked, "remove", name="why", after=0).content.decode()
    assert "этот опрос тем временем изменил кто-то другой" in late
    told = question_form(after=1, name="why")
    form = boss.post(f"/listen/surveys/{asked.pk}/build/question/nps", told).content.decode()
    assert form.count("так уже называется другой вопрос") == 2
