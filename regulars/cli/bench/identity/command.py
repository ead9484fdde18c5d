"""`regulars bench identity`: how well and how fast records become people."""

from collections.abc import Iterator
from typing import Annotated, Any

import typer

from regulars.cli.console import AsJson, answer, refusals_as_exit, stop

SIZES = "100000,1000000"


def mount(bench: typer.Typer) -> None:
    """Add `identity`."""

    @bench.command("identity")
    def identity(
        sizes: Annotated[str, typer.Option(help="Records of each made-up retailer.")] = SIZES,
        as_json: AsJson = False,
    ) -> None:
        """Quality, time and memory of resolving records beside plain Splink; exit 1 below a goal."""
        wanted = _sizes_of(sizes)
        with refusals_as_exit():
            result = _measure(wanted)
        answer(result, as_json=as_json, words="\n".join(_words(result)))
        raise typer.Exit(0 if result["good"] else 1)


def _sizes_of(text: str) -> list[int]:
    sizes = [part.strip().replace("_", "") for part in text.split(",") if part.strip()]
    if not sizes or not all(size.isdigit() and int(size) >= 1_000 for size in sizes):
        stop("--sizes takes numbers from 1000 on, with commas between", code=2)
    return sorted({int(size) for size in sizes})


def _measure(sizes: list[int]) -> dict[str, Any]:
    from importlib.util import find_spec

    from regulars.cli.bench.identity.measuring import goals_of, measure_sets, times_splink
    from regulars.core.errors import Refused

    if find_spec("splink") is None:
        raise Refused("no_splink", "this compares with the Python package splink; install it first")
    sets = measure_sets(sizes)
    goals = goals_of(sets, sizes)
    return {
        "sets": sets,
        "times_splink": {name: times_splink(engines) for name, engines in sets.items()},
        "goals": goals,
        "good": all(goal["met"] for goal in goals),
    }


def _words(result: dict[str, Any]) -> Iterator[str]:
    yield f"{'set':<18}{'engine':<10}{'precision':>9}{'recall':>8}{'F1':>8}{'B³':>8}{'s':>9}{'CPU s':>9}{'MB':>7}"
    for name, engines in result["sets"].items():
        for engine, row in engines.items():
            yield (
                f"{name:<18}{engine:<10}{row['precision']:>9.4f}{row['recall']:>8.4f}{row['f1']:>8.4f}"
                f"{row['b3']:>8.4f}{row['seconds']['total']:>9.1f}{row['cpu_seconds']:>9.1f}"
                f"{row['peak_mb']:>7}"
            )
            yield f"{'':<28}" + ", ".join(f"{step} {s:.1f}" for step, s in row["seconds"].items())
    for goal in result["goals"]:
        word = "at most" if "at most" in goal else "at least"
        met = "met" if goal["met"] else "[red]missed[/red]"
        yield f"{goal['goal']}: {goal['reached']}, goal {word} {goal[word]}, {met}"
