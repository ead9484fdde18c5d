"""An ordered list that people change by buttons."""

from collections.abc import Sequence


def moved(order: Sequence[str], one: str, act: str) -> list[str]:
    """The order after one of it goes up or down, comes in at the end, or goes out.

    >>> moved(["crm", "web"], "web", "up"), moved(["crm"], "web", "in"), moved(["crm"], "crm", "out")
    (['web', 'crm'], ['crm', 'web'], [])
    >>> moved(["crm", "web"], "crm", "up"), moved(["crm"], "web", "up")
    (['crm', 'web'], ['crm'])
    """
    now = list(order)
    if act == "in" and one and one not in now:
        return [*now, one]
    if one not in now:
        return now
    place = now.index(one)
    now.remove(one)
    if act == "out":
        return now
    now.insert(max(place + {"up": -1, "down": 1}.get(act, 0), 0), one)
    return now
