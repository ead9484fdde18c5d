"""What the fair comparison says in words, also where it has nothing to say."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest
from django.utils.translation import override

from regulars.insight.metrics.fair_scores import MIX, FairScores
from regulars.insight.rules.scope import Scope
from regulars.insight.shown.fairness import adjusted_for, finding

MONTH = Scope(date(2026, 3, 1), date(2026, 3, 31))


def compared(groups: Mapping[str, Mapping[float, int]]) -> dict[str, Any]:
    """Groups of customers who are all alike, with how many gave each score."""
    rows = [
        {"key": key, **dict.fromkeys(MIX, "x"), "score": score, "answers": count, "people": count}
        for key, counts in groups.items()
        for score, count in counts.items()
    ]
    return FairScores().result(rows, MONTH)


@pytest.mark.parametrize(
    ("groups", "why", "why_in_russian"),
    [
        ({"a": {10: 20, 3: 9}, "b": {10: 5, 3: 4}}, "too few answers", "слишком мало ответов"),
        ({"a": {10: 40}, "b": {3: 40}}, "everybody answered alike", "все ответили одинаково"),
    ],
)
def test_where_nothing_could_be_compared_it_says_that_it_cannot_be_told(
    groups, why, why_in_russian
):
    found = compared(groups)
    assert [found[key] for key in ("explained", "beyond_chance", "between")] == [None] * 3
    assert why in finding(found)
    assert "cannot be told" in adjusted_for(found)
    assert "%" not in adjusted_for(found)
    with override("ru"):
        assert why_in_russian in finding(found)
        assert "сказать нельзя" in adjusted_for(found)


def test_what_the_mix_explains_is_told_where_groups_are_compared():
    found = compared({"a": {10: 20, 3: 20}, "b": {10: 20, 3: 20}})
    assert found["explained"] == 0
    assert "together explain 0%" in adjusted_for(found)
    assert "cannot tell the groups apart" in finding(found)


def test_one_that_lies_apart_among_many_alike_is_named_and_the_others_are_not_ranked():
    alike = {f"s{n:03}": {10: 20, 3: 20} for n in range(60)}
    found = compared({**alike, "best": {10: 34, 3: 6}})
    assert (found["is_apart"], found["groups"][0]["verdict"]) == (False, "higher")
    said = finding(found)
    assert said.startswith("1 group lies apart from the whole")
    assert "do not rank the others" in said
