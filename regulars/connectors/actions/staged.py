"""The stage of a batch: its file with its mapping, ready to be read in order."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from regulars.connectors.actions.opening import file_of, reader_of
from regulars.connectors.fields import Habits
from regulars.connectors.models import Batch
from regulars.connectors.staging.stage import OnRows, Stage
from regulars.connectors.staging.understanding import LineError
from regulars.connectors.targets import targets

CHOSEN = ("decimal_mark", "chosen_day_first")
"""Habits that a person sets, and that the column itself may then not overrule."""


@contextmanager
def staged(batch: Batch, on_rows: OnRows = lambda rows: None) -> Iterator[Stage]:
    """The staged file of a batch; the same batch always gives the same units in the same order."""
    shape = targets.get(batch.target).shape(batch.mapping)
    with Stage(file_of(batch).parent, shape, batch.mapping) as stage:
        habits = habits_from(batch.habits)
        stage.load(reader_of(batch), file_of(batch), habits=habits, on_rows=on_rows)
        yield stage


def habits_from(kept: dict[str, Any]) -> Habits:
    """Habits as a batch keeps them: what the brand suggests, and what a person has set."""
    known = {"decimal_mark"} if kept.get("decimal_mark") else set()
    day_first = kept.get("day_first", True)
    if kept.get("chosen_day_first") is not None:
        known.add("day_first")
        day_first = kept["chosen_day_first"]
    return Habits(
        zone=kept.get("zone", "UTC"),
        digits=kept.get("digits", 2),
        day_first=day_first,
        decimal_mark=kept.get("decimal_mark") or ".",
        known=frozenset(known),
    )


def column_of(batch: Batch, error: LineError) -> str:
    """The header of the column an error stands in."""
    return str(batch.mapping.get(error.field, ""))[:100]
