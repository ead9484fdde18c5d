"""Adjustments by hand: for which reasons points are given or taken, and which need a second person."""

REASONS = ("goodwill", "correction", "missing", "misuse", "opening", "other")
"""`goodwill`: for trouble we made. `correction`: of a mistake. `missing`: a purchase that was not
counted. `misuse`: taken back after fraud. `opening`: a balance of another system. `other`: as the
note says, which it then needs.
"""

NOTE_MAX = 500
AMOUNT_MAX = 10**12


def needs_second(amount: int, limit: int | None) -> bool:
    """Whether an amount, given or taken, waits for a second person; without a limit none does.

    >>> needs_second(500, 500), needs_second(-501, 500), needs_second(10**9, None)
    (False, True, False)
    """
    return limit is not None and abs(amount) > limit


def wrong_in(amount: int, reason: str, note: str) -> tuple[str, str, str] | None:
    """What is wrong with an adjustment: a code, a sentence, the field; None where nothing is.

    >>> wrong_in(0, "goodwill", "")[0], wrong_in(5, "because", "")[0], wrong_in(5, "other", " ")[0]
    ('nothing_to_adjust', 'unknown_reason', 'note_is_missing')
    >>> wrong_in(-5, "misuse", "") is None
    True
    """
    if not 0 < abs(amount) <= AMOUNT_MAX:
        return "nothing_to_adjust", "an amount other than zero, of a sensible size", "amount"
    if reason not in REASONS:
        return "unknown_reason", f"the reason is one of {', '.join(REASONS)}", "reason"
    if reason == "other" and not note.strip():
        return "note_is_missing", "say what the other reason is", "note"
    if len(note) > NOTE_MAX:
        return "note_is_too_long", f"a note has at most {NOTE_MAX} characters", "note"
    return None
