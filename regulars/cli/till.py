"""`regulars till`: a till for integrators, which replays receipts against a running installation."""

from pathlib import Path
from typing import Annotated, Any

import typer

from regulars.cli.console import AsJson, answer, refusals_as_exit, stop


def mount(app: typer.Typer) -> None:
    """Add `till`."""

    @app.command("till")
    def till(
        replay: Annotated[
            Path, typer.Option(help="File of entries as in `till/batch`, one JSON object a line.")
        ],
        url: Annotated[str, typer.Option(help="Where Regulars is.")] = "http://localhost:8000",
        key: Annotated[
            str, typer.Option(envvar="REGULARS_KEY", help="API key with purchases:write.")
        ] = "",
        tills: Annotated[int, typer.Option(min=1, max=256, help="Tills at work at once.")] = 4,
        chaos: Annotated[
            float,
            typer.Option(
                min=0,
                max=0.9,
                help="Share of entries that are sent again, late, or whose answer is lost.",
            ),
        ] = 0.0,
        offline: Annotated[
            int, typer.Option(min=0, max=1000, help="Send batches of so many instead of singles.")
        ] = 0,
        seed: Annotated[int, typer.Option(help="Of the chaos, to repeat it.")] = 1,
        as_json: AsJson = False,
    ) -> None:
        """Replay receipts, returns and cancels as tills send them; exit 1 where one was not taken."""
        if not key:
            stop(
                "give a key with --key or REGULARS_KEY; one is made under Settings, API keys",
                code=2,
            )
        from regulars.cli.till_replay import Wish, replayed

        with refusals_as_exit():
            result = replayed(replay, Wish(url, key, tills, chaos, offline, seed))
        answer(result, as_json=as_json, words=_words(result))
        raise typer.Exit(1 if result["refused"] or result["contradictions"] else 0)


def _words(result: dict[str, Any]) -> str:
    return "\n".join(
        [
            (
                f"{result['taken']} of {result['entries']} entries taken in {result['seconds']} s"
                f" ({result['per_second']} requests/s), {result['repeats']} sent again,"
                f" {result['lost']} answers lost on purpose"
            ),
            *(f"line {one['line']}: {one['status']} {one['code']}" for one in result["refused"]),
            *(f"line {n}: another answer the second time" for n in result["contradictions"]),
        ]
    )
