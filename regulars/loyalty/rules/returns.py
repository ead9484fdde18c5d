"""Returns: how many of the points of a purchase go back, by the points once given."""

from typing import NamedTuple


class TakenBack(NamedTuple):
    """What a return should take back, what it can, and what the program gives up."""

    due: int
    taken: int

    @property
    def forgiven(self) -> int:
        return self.due - self.taken


def due_back(earned: int, *, returned_minor: int, total_minor: int, due_before: int = 0) -> int:
    """How many more points are due once goods of `returned_minor` in all have come back.

    The share is of the points *once given*, never worked out anew by today's rules. It is cut to
    whole points over all returns of the purchase together, so that the last one takes what is
    left: n returns take what one return of their sum would.

    >>> due_back(10, returned_minor=333, total_minor=1000)
    3
    >>> due_back(10, returned_minor=1000, total_minor=1000, due_before=3)
    7
    """
    if total_minor <= 0 or returned_minor >= total_minor:
        return earned - due_before
    return max(earned * returned_minor // total_minor - due_before, 0)


def within_balance(due: int, balance: int) -> TakenBack:
    """As much of what is due as the balance covers; the rest is forgiven and recorded.

    >>> within_balance(60, 50)
    TakenBack(due=60, taken=50)
    """
    return TakenBack(due, min(due, max(balance, 0)))
