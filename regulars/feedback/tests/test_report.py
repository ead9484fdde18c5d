"""The report on paper says what the pages say, in both languages, and nothing of too few."""

import pytest
from django.test import Client
from django.utils import translation

from regulars.feedback.actions import receive_answers
from regulars.feedback.exporting.report import sections_of
from regulars.feedback.tests import cast


@pytest.mark.parametrize(
    ("language", "heading"), [("en", "What people say"), ("ru", "Что говорят")]
)
def test_the_report_is_a_paper(language: str, heading: str, client: Client, db: None) -> None:
    asked, boss = cast.survey(), cast.employee()
    store = cast.store("A")
    receive_answers(
        [
            cast.answer(
                asked,
                f"k{n}",
                values={"nps": 10, "why": f"*so* #good [{n}]"},
                store_id=store.pk if n < 6 else None,
            )
            for n in range(9)
        ],
        now=cast.NOW,
    )
    with translation.override(language):
        told = {name: (label, rows) for name, label, rows in sections_of(asked, seen_by=boss)}
    assert told["words"][0] == heading
    assert [row[list(row)[3]] for row in told["scores"][1]] == ["9"]
    asked_first = [list(row.values()) for row in told["questions"][1]][:11]
    assert [row[1] for row in asked_first] == [str(step) for step in range(11)]
    assert asked_first[10][2] == "9"
    assert asked_first[10][3].startswith("100 (")
    figures = [list(row.values())[1] for row in told["stores"][1]]
    assert figures[0] == "100"
    assert figures[1] != "100"
    boss.language = language
    boss.save()
    client.force_login(boss)
    answer = client.get(f"/listen/surveys/{asked.pk}/report.pdf")
    assert answer["Content-Type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF")
