"""`regulars bench identity`: how well and how fast records become people."""

from collections.abc import Iterator
from typing import Annotated, Any, NoReturn

import typer

from regulars.cli.bench.folder import data_folder_of_its_own
from regulars.cli.console import AsJson, answer, prepare, refusals_as_exit, stop

SIZES = "100000,1000000"


def mount(bench: typer.Typer) -> None:
    """Add `identity`."""

    @bench.command("identity")
    def identity(
        sizes: Annotated[str, typer.Option(help="Records of each made-up retailer.")] = SIZES,
        single: Annotated[
            bool, typer.Option("--single", help="One new record at a time against --known instead.")
        ] = False,
        known: Annotated[int, typer.Option(help="Records that are known before.")] = 1_000_000,
        probes: Annotated[int, typer.Option(min=10, help="New records, one by one.")] = 300,
        folder: Annotated[str, typer.Option(help="Keep the known records here.")] = "",
        as_json: AsJson = False,
    ) -> None:
        """Quality, time and memory of resolving records beside plain Splink; exit 1 below a goal."""
        if single:
            _one_by_one(known, probes, folder, as_json=as_json)
        wanted = _sizes_of(sizes)
        with refusals_as_exit():
            result = _measure(wanted)
        answer(result, as_json=as_json, words="\n".join(_words(result)))
        raise typer.Exit(0 if result["good"] else 1)


def _one_by_one(known: int, probes: int, folder: str, *, as_json: bool) -> NoReturn:
    with data_folder_of_its_own(folder) as place, refusals_as_exit():
        prepare()
        from regulars.cli.bench.identity.single import measure_single

        result = measure_single(place, records=known, probes=probes)
    words = (
        f"{result['resolved']} new records against {result['known']}: median {result['median_ms']} ms,"
        f" p90 {result['p90_ms']}, p99 {result['p99_ms']}; {result['cpu_ms']} ms of the program's CPU,"
        f" {result['statements']} statements; the bare limit {result['bare']['median_ms']} ms"
    )
    answer(result, as_json=as_json, words=words)
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
