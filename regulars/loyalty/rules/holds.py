"""Holds: points set aside for an unfinished purchase, until they are captured, released or lapse."""

from typing import NamedTuple

from regulars.loyalty.rules.lots import Use


class Split(NamedTuple):
    """What each lot pays of a hold that is captured, and what goes back into each."""

    captured: tuple[Use, ...]
    released: tuple[Use, ...]


def available(granted: int, *, redeemed: int = 0, held: int = 0) -> int:
    """What can be spent or held now: held points count as gone, so a capture can never fail.

    >>> available(100, redeemed=70, held=10)
    20
    """
    return granted - redeemed - held


def captured(uses: tuple[Use, ...], amount: int) -> Split:
    """How a hold that took these lots, in the order they are spent, pays an amount.

    The lots taken last go back, as if so much less had been held from the beginning.

    >>> captured((Use(1, 30), Use(2, 20)), 35)
    Split(captured=(Use(lot_id=1, amount=30), Use(lot_id=2, amount=5)), released=(Use(lot_id=2, amount=15),))
    """
    paid, back = [], []
    for lot_id, held in uses:
        part = min(held, amount)
        amount -= part
        if part:
            paid.append(Use(lot_id, part))
        if part < held:
            back.append(Use(lot_id, held - part))
    return Split(tuple(paid), tuple(back))
