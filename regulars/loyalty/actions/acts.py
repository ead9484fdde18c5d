"""Points for what members do beside buying."""

from collections.abc import Collection, Mapping
from datetime import datetime

from django.db import connection, transaction

from regulars.core.sql import text_array
from regulars.loyalty.actions.members import lock_members
from regulars.loyalty.actions.remembering import facts_for, keep_facts
from regulars.loyalty.actions.writing import Movements, write_movements
from regulars.loyalty.models import Program
from regulars.loyalty.queries.acts import acts_of
from regulars.loyalty.queries.books import Book, book_of
from regulars.loyalty.rules.sales import Act


@transaction.atomic
def reward_acts(entry_ids: Collection[int], *, now: datetime) -> int:
    """Give members the points for these entries of timelines, once; gives how many were rewarded.

    A rule sees what was done, by whom and when, never what was said or how it was rated. The number
    of statements does not depend on the number of acts.
    """
    acts = acts_of(entry_ids)
    if not acts:
        return 0
    return sum(
        _reward(book_of(program), acts, now=now)
        for program in Program.objects.filter(is_open=True).order_by("id")
    )


def _reward(book: Book, acts: Mapping[int, Act], *, now: datetime) -> int:
    span = (min(act.at for act in acts.values()), max(act.at for act in acts.values()))
    if not any(rule.mechanic.stage == "act" for rule in book.history.within(*span)):
        return 0
    members = lock_members(book, {act.customer_id for act in acts.values()})
    due = {f"act:{entry}:{book.program_id}": act for entry, act in acts.items()}
    known = _rewarded(due)
    fresh = {
        cause: act
        for cause, act in due.items()
        if cause not in known and act.customer_id in members
    }
    customers = {act.customer_id for act in fresh.values()}
    facts = facts_for(book, span, customers, members=members)
    movements, touched = Movements(), {}
    for cause, act in fresh.items():
        member = members[act.customer_id]
        standing = member.purse.standing(book.qualifying)
        if facts is not None:
            standing = facts.added_to(standing, customer_id=member.customer_id, member_id=member.id)
        awarded = book.history.at(act.at).for_act(act, standing)
        earned = [one for one in awarded if one.amount]
        if movements.grant(book, member.purse, earned, cause=cause, at=act.at):
            touched[cause] = member.purse
    if touched:
        unique = {member.id: member for member in touched.values()}
        write_movements(book, movements, list(unique.values()), now=now)
        if facts is not None:
            keep_facts(facts)
    return len(touched)


def _rewarded(causes: Collection[str]) -> set[str]:
    """Those of these causes for which points were given already; asked under the members' locks."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT key FROM loyalty_transfer WHERE key = ANY(%s::text[])",
            [text_array([f"{cause}:1" for cause in causes])],
        )
        return {row[0].removesuffix(":1") for row in cursor.fetchall()}
