"""Calls of operators: how they can end, what each end means, and when somebody is called again."""

from dataclasses import dataclass
from datetime import datetime, timedelta


def gettext_noop(text: str) -> str:
    """The text itself; the name marks it for the translation catalogue."""
    return text


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a call ended: its words, the key that says so, and what follows.

    `follows` is `again` (the person is called once more), `call_back` (at a time of theirs), `end`
    (they are not called any more), `back` (nobody was rung) or `done` (the script says it itself).
    `disposition` is what the attempt to ask counts as at its end, `code` that of AAPOR's Standard
    Definitions (10th edition, 2023) for people sampled by name. `reached` tells that somebody spoke.
    """

    label: str
    key: str
    follows: str
    disposition: str = ""
    code: str = ""
    reached: bool = True


OUTCOMES: dict[str, Outcome] = {
    "no_answer": Outcome(
        gettext_noop("No answer"), "N", "again", "unresponsive", "2.20", reached=False
    ),
    "busy": Outcome(gettext_noop("Busy"), "B", "again", "unresponsive", "2.20", reached=False),
    "voicemail": Outcome(
        gettext_noop("Answering machine"), "V", "again", "unresponsive", "2.22", reached=False
    ),
    "call_back": Outcome(
        gettext_noop("Call back"), "C", "call_back", "unresponsive", "2.21", reached=True
    ),
    "refused": Outcome(gettext_noop("Refused to answer"), "R", "end", "refused", "2.11"),
    "no_more_calls": Outcome(gettext_noop("Wants no more calls"), "X", "end", "refused", "2.11"),
    "break_off": Outcome(gettext_noop("Broke off the call"), "H", "end", "breakoff", "2.12"),
    "wrong_number": Outcome(gettext_noop("Wrong number"), "W", "end", "failed", "3.30"),
    "dead_number": Outcome(
        gettext_noop("Number not in service"), "D", "end", "failed", "3.30", reached=False
    ),
    "language": Outcome(gettext_noop("Language barrier"), "L", "end", "unable", "2.33"),
    "unable": Outcome(gettext_noop("Cannot answer"), "U", "end", "unable", "2.32"),
    "ineligible": Outcome(gettext_noop("Not one of those asked"), "I", "end", "ineligible", "4.70"),
    "completed": Outcome(gettext_noop("Completed"), "", "done", "completed", "1.10"),
    "full": Outcome(gettext_noop("Quota was full"), "", "done", "rejected", "4.80"),
    "given_back": Outcome(gettext_noop("Handed back"), "T", "back", reached=False),
    "lapsed": Outcome(gettext_noop("Time ran out"), "", "back", reached=False),
}
"""Every end of a call by its name, in the order of the operator's buttons."""

ENDS: dict[str, str] = {
    "answered": gettext_noop("Answered elsewhere"),
    "closed": gettext_noop("The survey has ended"),
    "withheld": gettext_noop("May not be called"),
}
"""Why somebody left the list without a call."""

BUSY_AGAIN = timedelta(minutes=15)
CALL_BACK_WITHIN = timedelta(days=60)


def next_call_at(
    outcome: str, *, calls: int, calls_max: int, again_after: timedelta, now: datetime
) -> datetime | None:
    """When somebody whom a call did not reach is called again; None when they were called enough.

    A line that is busy is tried sooner, for somebody is there.

    >>> now = datetime(2026, 3, 2, 12)
    >>> rest = {"calls_max": 3, "again_after": timedelta(hours=3), "now": now}
    >>> next_call_at("busy", calls=1, **rest), next_call_at("no_answer", calls=2, **rest)
    (datetime.datetime(2026, 3, 2, 12, 15), datetime.datetime(2026, 3, 2, 15, 0))
    >>> next_call_at("no_answer", calls=3, **rest) is None
    True
    """
    if calls >= calls_max:
        return None
    return now + (min(BUSY_AGAIN, again_after) if outcome == "busy" else again_after)


def rings(outcome: str) -> bool:
    """Whether a call that ended so was made at all, so that it counts.

    >>> rings("busy"), rings("given_back")
    (True, False)
    """
    return OUTCOMES[outcome].follows != "back"


def standing_of_callee(outcome: str, *, was_rung: bool, has_answered: bool) -> str:
    """The disposition of somebody on the list to whom no sitting belongs yet.

    Empty for those whom consent or the contact budget kept from being asked.

    >>> standing_of_callee("", was_rung=False, has_answered=False)
    'queued'
    >>> standing_of_callee("withheld", was_rung=False, has_answered=False)
    ''
    """
    if has_answered:
        return "completed"
    if was_rung:
        return "contacted"
    return "" if outcome == "withheld" else "queued"
