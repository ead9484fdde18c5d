"""Moving lots from member to member: they keep their dates, and say which handover brought them."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import connection

from regulars.core.sql import int_array, text_array
from regulars.loyalty.actions.writing import MemberState, Movements, write_movements
from regulars.loyalty.models import Handover, Lot
from regulars.loyalty.queries.books import Book
from regulars.loyalty.rules.lots import Use

LINK = """
    UPDATE loyalty_lot lot SET handover_id = given.handover_id, first_id = given.first_id
    FROM unnest(%s::text[], %s::bigint[], %s::bigint[]) AS given (key, handover_id, first_id)
    JOIN loyalty_transfer transfer ON transfer.key = given.key
    WHERE lot.id = transfer.id
"""


class Moving(NamedTuple):
    """What a handover takes of which lots, and whose accounts lose and gain it."""

    made: Handover
    giver: MemberState
    taker: MemberState
    uses: Sequence[Use]


def move_lots(book: Book, movings: Sequence[Moving], *, now: datetime) -> None:
    """Put handovers on the books, lot by lot with the dates they have; all members are locked.

    A constant number of statements, however many there are.
    """
    lots = Lot.objects.select_related("origin").in_bulk(
        [use.lot_id for one in movings for use in one.uses]
    )
    movements, links = Movements(), list[tuple[str, int, int]]()
    for made, giver, taker, uses in movings:
        code, word = made.unit.code, "handover" if made.household_id is None else "household"
        keys = [f"{word}:{made.pk}:{place}" for place, _ in enumerate(uses, 1)]
        for key, use in zip(keys, uses, strict=True):
            lot = lots[use.lot_id]
            movements.bring(
                taker,
                code,
                use.amount,
                key=key,
                source=giver.accounts[code],
                at=now,
                ends=lot.expires_at.isoformat() if lot.expires_at else "never",
                active_at=lot.activates_at,
            )
            links.append((key, made.pk, _first(lot)))
        movements.let_go(giver, code, list(zip(keys, uses, strict=True)))
    members = {one.id: one for moving in movings for one in (moving.giver, moving.taker)}
    write_movements(book, movements, list(members.values()), now=now)
    _link(links)


def _first(lot: Lot) -> int:
    """The lot that was issued once, of which this one is a part."""
    root = lot.origin or lot
    return root.first_id or root.transfer_id


def _link(links: Sequence[tuple[str, int, int]]) -> None:
    """Say of new lots by which handover they came, and which lots were issued once; 1 statement."""
    keys, made, firsts = zip(*links, strict=True)
    with connection.cursor() as cursor:
        cursor.execute(LINK, [text_array(keys), int_array(made), int_array(firsts)])
