"""Stamps and thresholds: counters that turn into rewards when they are full."""

from typing import NamedTuple


class Card(NamedTuple):
    """Full cards so far, and the stamps on the card begun."""

    rewards: int
    counter: int


class Turned(NamedTuple):
    """Rewards a balance turned into, and the points left."""

    rewards: int
    balance: int


def punch_card(stamps: int, target: int) -> Card:
    """The rewards of a number of stamps; the surplus over a full card starts the next one.

    Stamps taken off again (a cancelled purchase) lower the number, and with it rewards and counter.

    >>> punch_card(11, 10)
    Card(rewards=1, counter=1)
    """
    return Card(*divmod(stamps, target))


def turned_into_rewards(balance: int, threshold: int) -> Turned:
    """The rewards that a balance pays for, each of `threshold` points; reaching it is enough.

    >>> turned_into_rewards(125, 100)
    Turned(rewards=1, balance=25)
    """
    return Turned(*divmod(balance, threshold))
