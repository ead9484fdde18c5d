"""What habits forget of goods that came back, and what is due back for windows that were paid."""

from collections import Counter
from collections.abc import Iterable, Mapping

from regulars.loyalty.actions.writing import MemberState
from regulars.loyalty.queries.books import Book
from regulars.loyalty.queries.reversals import Claim, Reversible
from regulars.loyalty.queries.standings import memories_of
from regulars.loyalty.rules.earning import EarnRule
from regulars.loyalty.rules.memory import Memory
from regulars.loyalty.rules.sales import Back


def habits_of(book: Book, accruals: Iterable[Reversible]) -> dict[int, list[EarnRule]]:
    """The habits that were in force when each of these purchases was made, by accrual."""
    found = {one.id: book.history.at(one.at).habits for one in accruals}
    return {accrual_id: rules for accrual_id, rules in found.items() if rules}


def memories_behind(
    accruals: Iterable[Reversible], members: Mapping[int, MemberState]
) -> dict[int, Memory]:
    """What is remembered of those who bought, each with the other cards of the person; 1 statement."""
    groups = {}
    for one in accruals:
        purse = members[one.member_id].purse
        cards = [card.id for card in (purse, *purse.led) if card.id != one.member_id]
        groups[one.member_id] = [one.member_id, *cards]
    return memories_of(groups)


def forgotten(
    rules: Iterable[EarnRule], memory: Memory, accrual: Reversible, claim: Claim
) -> Counter[tuple[int, str]]:
    """Takes what came back out of the memories of a person; gives what is due back for payouts.

    By rule and unit: goods may be of several windows that one rule paid.

    The same claim again changes nothing, and n claims take what one of their sum would.
    """
    left = max(claim.total_minor - claim.returned_minor, 0)
    back = Back(claim.purchase_id, left, max(claim.total_minor, 1))
    due: Counter[tuple[int, str]] = Counter()
    for rule in rules:
        cards = [one for one in (memory, *memory.others) if rule.code in one.own]
        for one in cards:
            one.touched = True
        for award in rule.mechanic.undone(back, [one.own[rule.code] for one in cards]):
            due[rule.id, award.unit] += award.amount
    return due
