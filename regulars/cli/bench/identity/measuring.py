"""How well and how fast records are resolved, beside plain Splink on the same files in the same run.

One configuration, the default one, for all sets.
"""

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from regulars.cli.bench.identity.engines import ENGINES, run_engine
from regulars.cli.bench.identity.sets import BIOGRAPHIES, CONTACTS, retail_name, sets_of, write_set

F1_GOALS = {
    "febrl3": 0.998,
    "febrl4": 0.998,
    f"contacts {CONTACTS}": 0.94,
    f"biographies {BIOGRAPHIES}": 0.89,
}
B3_GOALS = {f"biographies {BIOGRAPHIES}": 0.905}
RETAIL_F1, RETAIL_FALL = 0.965, 0.005
TIMES_SPLINK, TIMED_FROM = 1.5, 1_000_000
"""The longest time, as a multiple of plain Splink's, and the records from which it is a goal."""

Sets = dict[str, dict[str, dict[str, Any]]]


def measure_sets(sizes: list[int]) -> Sets:
    """For each set what each engine made of it (see `engines.measure_engine`)."""
    measured: Sets = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, rows in sets_of(sizes).items():
            file = Path(folder) / "records.csv"
            write_set(rows(), file)
            measured[name] = {engine: run_engine(engine, file) for engine in ENGINES}
    return measured


def goals_of(
    sets: Mapping[str, Mapping[str, Mapping[str, Any]]], sizes: list[int]
) -> list[dict[str, Any]]:
    """Every goal with what was reached, and whether that is enough."""
    found = []
    for name, at_most, reached, limit in _goals(sets, sizes):
        met = reached <= limit if at_most else reached >= limit
        word = "at most" if at_most else "at least"
        found.append({"goal": name, word: limit, "reached": reached, "met": met})
    return found


def _goals(
    sets: Mapping[str, Mapping[str, Mapping[str, Any]]], sizes: list[int]
) -> Iterator[tuple[str, bool, float, float]]:
    ours = {name: engines["regulars"] for name, engines in sets.items()}
    retail = {size: ours[retail_name(size)] for size in sorted(sizes)}
    f1_goals = F1_GOALS | {retail_name(size): RETAIL_F1 for size in retail}
    for name, goal in f1_goals.items():
        yield f"{name}: F1", False, ours[name]["f1"], goal
    for name, goal in B3_GOALS.items():
        yield f"{name}: B³ F1", False, ours[name]["b3"], goal
    if len(retail) > 1:
        least, *_, most = retail.values()
        fall = round(least["precision"] - most["precision"], 4)
        yield "retail: fall of precision", True, fall, RETAIL_FALL
    for size in retail:
        if size >= TIMED_FROM:
            name = retail_name(size)
            yield f"{name}: time, times plain Splink", True, times_splink(sets[name]), TIMES_SPLINK


def times_splink(engines: Mapping[str, Mapping[str, Any]]) -> float:
    """Our seconds over plain Splink's."""
    ours, theirs = (engines[name]["seconds"]["total"] for name in ("regulars", "splink"))
    return round(float(ours / theirs), 2)
