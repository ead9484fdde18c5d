"""How the lines to providers are."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from regulars.channels.kind import kinds_with_lines
from regulars.channels.models import LineState

SEEN_WITHIN = timedelta(minutes=3)
"""A line that nobody looked after for so long has no worker."""


@dataclass(frozen=True, slots=True)
class LineSeen:
    """A line: `up`, `down` with the problem, or `unattended` where no worker holds it."""

    state: str
    since: datetime | None = None
    problem: str = ""
    detail: str = ""


def lines_seen(*, now: datetime) -> dict[str, LineSeen]:
    """The lines of all kinds that have one, by kind."""
    rows = {one.channel: one for one in LineState.objects.all()}
    return {kind: _seen(rows.get(kind), now=now) for kind in kinds_with_lines()}


def _seen(state: LineState | None, *, now: datetime) -> LineSeen:
    if state is None or state.seen_at < now - SEEN_WITHIN:
        return LineSeen("unattended", state.seen_at if state else None)
    problem, _, detail = state.problem.partition("\n")
    return LineSeen("up" if state.is_up else "down", state.since, problem, detail)
