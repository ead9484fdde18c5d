"""`regulars bench`: how fast, as ratios to the bare limit of the same machine and run."""

from typing import Annotated

import typer

from regulars.cli.bench.folder import data_folder_of_its_own
from regulars.cli.bench.identity import command
from regulars.cli.console import AsJson, answer, prepare, refusals_as_exit, stop


def mount(app: typer.Typer) -> None:
    """Add the benchmarks."""
    bench = typer.Typer(help="Measure this installation.", no_args_is_help=True)
    app.add_typer(bench, name="bench")

    @bench.command("posting")
    def posting(as_json: AsJson = False) -> None:
        """Purchases posted per second by batch size, beside the bare limit of the same database."""
        prepare()
        from regulars.cli.bench.posting import measure_posting

        result = measure_posting()
        rows = result["batches"]
        words = "\n".join(
            f"batch {row['size']:>6}: {row['per_second']:>8.0f}/s, bare {row['bare_per_second']:>8.0f}/s,"
            f" ratio {row['ratio']:.2f}"
            for row in rows
        )
        answer(result, as_json=as_json, words=words)

    @bench.command("collect")
    def collect(
        seconds: Annotated[float, typer.Option(help="Length of each measured load.")] = 4,
        as_json: AsJson = False,
    ) -> None:
        """Events accepted durably and checked per second, beside the bare limit of the same server."""
        prepare()
        from regulars.cli.bench.collect import measure_collect

        result = measure_collect(seconds=seconds)
        words = "\n".join(
            f"{row['size']:>4} a request: {row['per_second']:>9.0f} events/s, bare"
            f" {row['bare_per_second']:>9.0f}/s, ratio {row['ratio']:.2f}, p99 {row['p99_ms']:.0f} ms"
            for row in result["sizes"]
        )
        answer(result, as_json=as_json, words=words)

    for mount_one in (
        _mount_till,
        _mount_segments,
        _mount_pages,
        _mount_history,
        _mount_whatif,
        _mount_ledger,
        _mount_listening,
    ):
        mount_one(bench)
    command.mount(bench)


def _mount_till(bench: typer.Typer) -> None:
    @bench.command("till")
    def till(
        seconds: Annotated[float, typer.Option(help="Length of each measured load.")] = 5,
        as_json: AsJson = False,
    ) -> None:
        """Single receipts per second over HTTP, beside pgbench on the same database."""
        prepare()
        from regulars.cli.bench.till import measure_till

        with refusals_as_exit():
            result = measure_till(seconds=seconds)
        words = "\n".join(
            f"{row['tills']:>3} tills: {row['per_second']:>7.0f}/s, ratio {row['ratio']:.2f} to pgbench,"
            f" p50 {row['p50_ms']:.0f} ms, p99 {row['p99_ms']:.0f} ms"
            for row in result["tills"]
        )
        answer(result, as_json=as_json, words=words)


def _mount_segments(bench: typer.Typer) -> None:
    @bench.command("segments")
    def segments(
        people: Annotated[int, typer.Option(help="Profiles that are made.")] = 1_000_000,
        probes: Annotated[int, typer.Option(help="Facts of each kind that are followed.")] = 20,
        folder: Annotated[str, typer.Option(help="Keep the data here for another run.")] = "",
        as_json: AsJson = False,
    ) -> None:
        """Segments at size: seconds until a fact shows, exact sizes, filling; exit 1 if too slow."""
        with data_folder_of_its_own(folder):
            prepare()
            from regulars.cli.bench.segments.measure import measure_segments

            result = measure_segments(people=people, probes=probes)
        words = "\n".join(
            f"{name}: median {one['median_s']:.2f} s, worst {one['worst_s']:.2f} s"
            for name, one in (result["followed"] | result["sizes"]).items()
        )
        answer(result, as_json=as_json, words=words)
        raise typer.Exit(0 if result["good"] else 1)


def _mount_pages(bench: typer.Typer) -> None:
    @bench.command("pages")
    def pages(
        rounds: Annotated[int, typer.Option(help="Visits of each page.")] = 20,
        as_json: AsJson = False,
    ) -> None:
        """Time of every page over HTTP with one user and all data, and its queries; exit 1 if slow."""
        prepare()
        from regulars.cli.bench.pages import measure_pages

        result = measure_pages(rounds=rounds)
        if not result["pages"]:
            stop("there is nothing to visit yet: run `regulars demo --no-serve` first", code=2)
        words = "\n".join(
            f"{row['p95_ms']:>7.1f} ms  {row['queries']:>3} queries  {row['kilobytes']:>7.1f} kB  {row['path']}"
            for row in result["pages"]
        )
        answer(result, as_json=as_json, words=words)
        raise typer.Exit(0 if result["good"] else 1)


def _mount_history(bench: typer.Typer) -> None:
    @bench.command("history")
    def history(
        years: Annotated[
            int, typer.Option(min=1, help="How long the customer has been coming.")
        ] = 10,
        rounds: Annotated[int, typer.Option(min=5, help="Visits of each page.")] = 40,
        as_json: AsJson = False,
    ) -> None:
        """Time of a customer's pages after years, beside a new customer's; exit 1 if slow."""
        with data_folder_of_its_own():
            prepare()
            from regulars.cli.bench.history import measure_history

            result = measure_history(years=years, rounds=rounds)
        words = "\n".join(
            f"{row['page']:<34} median {row['median_ms']:>6.1f} ms, p95 {row['p95_ms']:>6.1f},"
            f" {row['times_short']:.2f} times that of a new customer"
            for row in result["pages"]
        )
        answer(result, as_json=as_json, words=words)
        raise typer.Exit(0 if result["good"] else 1)


def _mount_whatif(bench: typer.Typer) -> None:
    @bench.command("whatif")
    def whatif(
        members: Annotated[int, typer.Option(min=8, help="Members, of 50 receipts each.")] = 800,
        processes: Annotated[int, typer.Option(min=1, help="Processes beside one alone.")] = 2,
        as_json: AsJson = False,
    ) -> None:
        """Receipts replayed per second and core, and the same rows on Spark; exit 1 below the goal."""
        from regulars.cli.bench.whatif.measure import measure_whatif

        result = measure_whatif(members=members, processes=sorted({1, processes}))
        words = [
            f"{name}, {row['processes']} processes: {row['per_second']:>7}/s by the clock,"
            f" {row['per_core_second']:>6} a core-second"
            for name, one in result["rules"].items()
            for row in one["processes"]
        ]
        words.append(
            f"linear {result['linear']:.2f}, equal on Spark: {result['on_spark']['equal']}"
        )
        answer(result, as_json=as_json, words="\n".join(words))
        raise typer.Exit(0 if result["good"] else 1)


def _mount_ledger(bench: typer.Typer) -> None:
    @bench.command("ledger")
    def ledger(
        entries: Annotated[int, typer.Option(min=100, help="Transfers made.")] = 10_000_000,
        lots: Annotated[int, typer.Option(min=1, help="Lots spent at once.")] = 10_000,
        probes: Annotated[int, typer.Option(min=1, help="Members who spend them.")] = 6,
        folder: Annotated[str, typer.Option(help="Keep the ledger here for another run.")] = "",
        as_json: AsJson = False,
    ) -> None:
        """Spending over very many lots, and the audit of a large ledger; exit 1 if too slow."""
        with data_folder_of_its_own(folder):
            prepare()
            from regulars.cli.bench.ledger.measure import measure_ledger

            result = measure_ledger(entries=entries, lots=lots, probes=probes)
        spent, audited = result["redeeming"], result["audit"]
        words = (
            f"{spent['lots']} lots spent at once: median {spent['median_ms']} ms, worst"
            f" {spent['worst_ms']} ms, bare {spent['bare_ms']} ms; audit of"
            f" {audited['transfers']} transfers: {audited['seconds']} s, one bare sum"
            f" {audited['bare_s']} s"
        )
        answer(result, as_json=as_json, words=words)
        raise typer.Exit(0 if result["good"] else 1)


def _mount_listening(bench: typer.Typer) -> None:
    _mount_answers(bench)
    _mount_planner(bench)


def _mount_answers(bench: typer.Typer) -> None:
    @bench.command("answers")
    def answers(
        seconds: Annotated[float, typer.Option(help="Length of each measured load.")] = 5,
        rows: Annotated[int, typer.Option(min=1, help="Answers summarised.")] = 10_000_000,
        as_json: AsJson = False,
    ) -> None:
        """Answers per second over HTTP beside the bare limit, and many summarised; exit 1 if slow."""
        prepare()
        from regulars.cli.bench.answers import measure_answers

        result = measure_answers(seconds=seconds, answers=rows)
        http, summary = result["http"], result["summary"]
        words = (
            f"{http['per_second']:.0f} answers/s, bare {http['bare_per_second']:.0f}/s, ratio"
            f" {http['ratio']:.2f}, p99 {http['p99_ms']:.0f} ms; {summary['answers']} answers by"
            f" store and week ({summary['groups']} scores): {summary['seconds']:.2f} s"
        )
        answer(result, as_json=as_json, words=words)
        raise typer.Exit(0 if result["good"] else 1)


def _mount_planner(bench: typer.Typer) -> None:
    @bench.command("planner")
    def planner(
        people: Annotated[int, typer.Option(min=1, help="Customers judged.")] = 1_000_000,
        rules: Annotated[int, typer.Option(min=1, help="Rules in force.")] = 30,
        as_json: AsJson = False,
    ) -> None:
        """The contact budget for everybody at once, beside one count; exit 1 if slow or unequal."""
        with data_folder_of_its_own():
            prepare()
            from regulars.cli.bench.planner import measure_planner

            result = measure_planner(people=people, rules=rules)
        words = (
            f"{result['people']} people, {result['rules']} rules, {result['contacts']} contacts:"
            f" {result['planned_s']} s, bare {result['bare_s']} s, ratio {result['ratio']};"
            f" {result['probes_that_differ']} of {result['probes']} probes differ from the door"
        )
        answer(result, as_json=as_json, words=words)
        raise typer.Exit(0 if result["good"] else 1)
