"""`regulars whatif`: a draft of rules replayed over the whole history, here or on Spark."""

import time
from typing import Annotated, Any

import typer

from regulars.cli.console import AsJson, answer, prepare, refusals_as_exit, stop


def mount(app: typer.Typer) -> None:
    """Add `whatif`."""

    @app.command()
    def whatif(
        draft: Annotated[int, typer.Argument(help="Number of the draft, as in its address.")],
        on: Annotated[
            str, typer.Option(help="A Spark master, such as spark://host:7077 or local[2].")
        ] = "",
        processes: Annotated[int, typer.Option(min=0, help="0 takes one for each core.")] = 0,
        as_json: AsJson = False,
    ) -> None:
        """Replay a draft of rules over the whole history; exit 1 if today's rules differ from the books."""
        prepare()
        with refusals_as_exit():
            result = _replayed(draft, on=on, processes=processes)
        words = (
            f"{result['persons']} members with {result['receipts']} receipts: {result['gain']} gain,"
            f" {result['lose']} lose; {result['differing']} differ from the books today"
        )
        answer(result, as_json=as_json, words=words)
        raise typer.Exit(1 if result["differing"] else 0)


def _replayed(draft_id: int, *, on: str, processes: int) -> dict[str, Any]:
    from django.utils.timezone import now

    from regulars.loyalty.actions.drafting import run_replay, start_replay
    from regulars.loyalty.models import Draft
    from regulars.loyalty.rules.replay.tallies import Tally

    draft = Draft.objects.filter(pk=draft_id).select_related("program", "work").first()
    if draft is None:
        stop(f"there is no draft {draft_id}", code=2)
    started = time.monotonic()
    draft = run_replay(start_replay(draft).pk, now=now(), processes=processes, on=on)
    if draft.outcome is None:
        stop("the replay was stopped, or the draft changed meanwhile; start it again")
    tally = Tally.read(draft.outcome)
    return {
        "draft": draft.pk,
        "program": draft.program.code,
        "persons": tally.persons,
        "receipts": tally.receipts,
        "today": {code: sums._asdict() for code, sums in tally.today.items()},
        "after": {code: sums._asdict() for code, sums in tally.draft.items()},
        "gain": tally.gain,
        "lose": tally.lose,
        "gain_minor": tally.gain_minor,
        "lose_minor": tally.lose_minor,
        "differing": tally.differing,
        "seconds": round(time.monotonic() - started, 2),
    }
