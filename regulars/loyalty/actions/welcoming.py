"""Welcome gifts: what members get for joining."""

from collections.abc import Collection, Mapping
from datetime import datetime

from regulars.loyalty.actions.writing import MemberState, Movements, write_movements
from regulars.loyalty.queries.books import Book
from regulars.loyalty.rules.sales import Sale


def welcome_members(
    book: Book, members: Collection[MemberState], *, joined: Mapping[int, datetime], now: datetime
) -> None:
    """Give locked members the gifts of the rules in force when they joined, by id of member."""
    movements = Movements()
    for member in members:
        at = joined[member.id]
        gift = book.history.at(at).welcome(Sale(0, member.customer_id, at, 0))
        movements.climb(book, member, cause=f"joined:{member.id}", at=at)
        movements.grant(book, member, gift, cause=f"joined:{member.id}", at=at)
    if movements.keys or movements.tiers:
        write_movements(book, movements, list(members), now=now)
