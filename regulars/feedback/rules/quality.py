"""Doubts about single answers: too quick, always the same box, said before.

Flags are doubts and no verdicts: they are shown with their reason, and a person sets an answer aside.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


def gettext_noop(text: str) -> str:
    """The text itself; the name marks it for the translation catalogue."""
    return text


FLAGS: dict[str, str] = {
    "speeder": gettext_noop("Answered faster than one can read"),
    "straight_liner": gettext_noop("The same box in every row"),
    "duplicate": gettext_noop("The same answers, words included, came before"),
}
"""What an answer may be doubted for, by code."""

WORDS_PER_S = 10.0
"""More than twice as quick as anybody reads: fast readers manage some 300 words a minute."""

CLICK_S = 0.5
"""For each question besides the reading; nobody finds and presses a box faster."""

LINE_MIN = 4
"""So many ratings alike say something; three are common among honest people."""

WORDS_MIN = 15
"""Letters that two people do not write alike by chance."""


@dataclass(frozen=True, slots=True)
class Said:
    """What is looked at: seconds, words to be read, how many questions, and answers in lines.

    A line is what one could tick straight down: the ratings of a survey, or the rows of a matrix.
    """

    duration_s: int | None
    words: int
    questions: int
    lines: Sequence[Sequence[Any]] = ()


def least_s(*, words: int, questions: int) -> float:
    """The seconds below which nobody has read the questions.

    Time per word is the standard sign of careless answers in web surveys (Zhang and Conrad 2014,
    Survey Research Methods 8:2, who take 300 ms a word as the limit of reading; a third of that here, for
    a page may be known already).

    >>> least_s(words=60, questions=4)
    8.0
    """
    return words / WORDS_PER_S + CLICK_S * questions


def is_speeder(said: Said) -> bool:
    """Whether the answers came faster than the questions can be read; unknown times are no doubt.

    >>> is_speeder(Said(3, words=60, questions=4)), is_speeder(Said(9, words=60, questions=4))
    (True, False)
    """
    if said.duration_s is None or said.questions < 2:
        return False
    return said.duration_s < least_s(words=said.words, questions=said.questions)


def longest_line(line: Sequence[Any]) -> int:
    """The most answers in a row that are the same (the longstring index of Johnson 2005).

    >>> longest_line([5, 5, 2, 2, 2])
    3
    """
    longest = run = 0
    for place, one in enumerate(line):
        run = run + 1 if place and one == line[place - 1] else 1
        longest = max(longest, run)
    return longest


def is_straight_liner(said: Said) -> bool:
    """Whether some line of four at least has the same answer throughout.

    >>> is_straight_liner(Said(9, 1, 1, [[3, 3, 3, 3]])), is_straight_liner(Said(9, 1, 1, [[3, 3, 3]]))
    (True, False)
    """
    return any(len(line) >= LINE_MIN and longest_line(line) == len(line) for line in said.lines)


def fingerprint(values: Mapping[str, Any], texts: Sequence[str]) -> str:
    """What makes two answers the same; empty where there are too few own words to say so.

    >>> fingerprint({"nps": 9, "why": "Quick  and friendly staff"}, ["Quick  and friendly staff"])
    "nps=9|why='quick and friendly staff'"
    >>> fingerprint({"nps": 9}, [])
    ''
    """
    if sum(len(text.strip()) for text in texts) < WORDS_MIN:
        return ""
    return "|".join(f"{name}={_normal(value)}" for name, value in sorted(values.items()))


def _normal(value: Any) -> str:
    return repr(" ".join(value.lower().split())) if isinstance(value, str) else repr(value)


def flags_of(said: Said) -> list[str]:
    """The doubts about one answer by itself; whether it came before, only all answers can tell."""
    found = {"speeder": is_speeder(said), "straight_liner": is_straight_liner(said)}
    return [name for name, holds in found.items() if holds]
