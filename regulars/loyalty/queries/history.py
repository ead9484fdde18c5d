"""What happened on a member's accounts, entry by entry, each with why it is what it is."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby

from django.db import connection
from django.utils.timezone import localdate
from django.utils.translation import get_language, gettext

from regulars.core.money import format_money
from regulars.loyalty.models import Member
from regulars.loyalty.queries.explaining import adjusted_for, explanation_of, rules_behind, told_day
from regulars.loyalty.queries.receipts import receipts_by_accrual
from regulars.loyalty.rules.cards import end_of_card
from regulars.loyalty.rules.receipts import Awarded

RECEIPTS = ("accrual", "payout")
"""Causes of which one receipt brings several transfers, told together."""
FOR_ONE_PURCHASE = 60
"""So many more transfers are read than asked for, because those of a receipt are told as one."""


@dataclass(frozen=True)
class Entry:
    """A movement on a member's account; what one receipt gave of a unit is one of them.

    `id` is its first transfer. `accrual_id` names the receipt behind it, `since` is when what it
    takes or gives back began: the purchase, the redemption, or the day on which it was earned.
    `reason` is why people adjusted it by hand, or the card it came from or went to.
    """

    id: int
    at: datetime
    amount: int
    unit_code: str
    unit_name: str
    unit_name_ru: str
    is_money: bool
    cause: str
    accrual_id: int | None
    rule_ids: tuple[int, ...]
    rule: str
    rule_ru: str
    store: str
    store_ru: str
    worth_minor: int
    is_for_reward: bool
    since: datetime | None
    reason: str = ""
    why: str = ""


@dataclass(frozen=True)
class Stretch:
    """Some of a history, newest first, and after which transfer it goes on; None at its end."""

    entries: list[Entry]
    next_id: int | None


def history_of(member: Member, *, limit: int = 20, after: int | None = None) -> Stretch:
    """The movements of what a member can spend, newest first, with why; 4 statements.

    The history of a card of a merged record is that of its person. The parts of a receipt are
    never torn apart, so that a stretch may be a little longer than asked for.
    """
    asked = limit + FOR_ONE_PURCHASE
    rows = _moved(member.led_by_id or member.pk, asked, after)
    causes = [list(part) for _, part in groupby(rows, key=_receipt_of)]
    told: list[Entry] = []
    taken = 0
    for parts in causes:
        is_whole = taken + len(parts) < len(rows) or len(rows) < asked
        if len(told) >= limit or (told and not is_whole):
            break
        told += _together(parts)
        taken += len(parts)
    ends = taken == len(rows) and len(rows) < asked
    why = _reasons(told, member.program.currency)
    entries = [replace(one, why=why(one)) for one in told]
    return Stretch(entries, None if ends else rows[taken - 1].id)


def by_day(entries: Iterable[Entry]) -> list[Entry]:
    """Newest first by their own time; lots that end on one day for one reason are one line."""
    days: dict[tuple[object, ...], Entry] = {}
    for one in sorted(entries, key=lambda entry: (entry.at, entry.id), reverse=True):
        alone = one.id if one.cause not in {"expiry", "merging", "handover", "household"} else None
        key = (alone, localdate(one.at), one.unit_code, one.cause, one.why)
        known = days.get(key)
        days[key] = one if known is None else replace(known, amount=known.amount + one.amount)
    return list(days.values())


def _receipt_of(row: Entry) -> tuple[object, ...]:
    return (row.accrual_id,) if row.cause in RECEIPTS else (None, row.id)


def _together(parts: Sequence[Entry]) -> list[Entry]:
    """The transfers of one receipt, as one entry for each unit and cause."""
    units: dict[tuple[str, str], Entry] = {}
    for one in parts:
        known = units.get((one.unit_code, one.cause))
        if known is not None:
            rules = (*known.rule_ids, *one.rule_ids)
            one = replace(one, amount=known.amount + one.amount, rule_ids=rules)  # noqa: PLW2901
        units[one.unit_code, one.cause] = one
    return list(units.values())


def _reasons(entries: Sequence[Entry], currency: str) -> Callable[[Entry], str]:
    """Tells why an entry is what it is, in the reader's language; 3 statements for all of them."""
    receipts = receipts_by_accrual(
        {one.accrual_id for one in entries if one.accrual_id and one.cause in RECEIPTS}
    )
    awards = {
        one.id: _awards(one, receipts[one.accrual_id].awards)
        for one in entries
        if one.cause in RECEIPTS and one.accrual_id in receipts
    }
    for one in entries:
        if one.rule_ids and not awards.get(one.id):
            awards[one.id] = [Awarded(one.rule_ids[0], one.unit_code, abs(one.amount))]
    behind = rules_behind(award for given in awards.values() for award in given)

    def why(entry: Entry) -> str:
        if given := awards.get(entry.id):
            return explanation_of(given, behind)
        return _reason(entry, currency)

    return why


def _awards(entry: Entry, awards: Iterable[Awarded]) -> list[Awarded]:
    wanted = set(entry.rule_ids)
    return [one for one in awards if one.unit == entry.unit_code and one.rule_id in wanted]


def _reason(entry: Entry, currency: str) -> str:
    if entry.cause == "adjustment":
        return adjusted_for(entry.reason)
    if entry.cause in {"handover", "household"}:
        words = gettext("from card %(card)s") if entry.amount > 0 else gettext("to card %(card)s")
        return words % {"card": end_of_card(entry.reason)}
    if entry.cause == "redemption":
        if entry.is_for_reward:
            return gettext("for a reward")
        money = format_money(entry.worth_minor, currency, get_language() or "en")
        return gettext("%(money)s off the price") % {"money": money}
    if entry.since is None:
        return ""
    told = {
        "redemption:undo": gettext("spent on %(day)s"),
        "restoration": gettext("spent on %(day)s"),
        "reversal": gettext("from the purchase of %(day)s"),
        "expiry": gettext("earned on %(day)s"),
    }.get(entry.cause, "")
    return told % {"day": told_day(localdate(entry.since))} if told else ""


def _moved(member_id: int, limit: int, after: int | None) -> list[Entry]:
    with connection.cursor() as cursor:
        cursor.execute(MOVED, {"member": member_id, "limit": limit, "after": after})
        return [Entry(*row) for row in cursor.fetchall()]


MOVED = """
    WITH mine AS (
        SELECT account.id, unit.code, unit.name, unit.name_ru, unit.kind = 'money' AS is_money FROM loyalty_account account
        JOIN loyalty_unit unit ON unit.id = account.unit_id AND unit.kind <> 'qualifying'
        WHERE account.member_id = %(member)s
    ), moved AS (
        SELECT latest.*, mine.code, mine.name, mine.name_ru, mine.is_money, split_part(latest.key, ':', 1) AS cause
        FROM mine CROSS JOIN LATERAL (
            (SELECT id, key, amount, accrual_id, rule_id, redemption_id, at
            FROM loyalty_transfer
            WHERE target_id = mine.id AND (%(after)s::bigint IS NULL OR id < %(after)s)
            ORDER BY id DESC LIMIT %(limit)s)
            UNION ALL
            (SELECT id, key, -amount, accrual_id, rule_id, redemption_id, at
            FROM loyalty_transfer
            WHERE source_id = mine.id AND (%(after)s::bigint IS NULL OR id < %(after)s)
            ORDER BY id DESC LIMIT %(limit)s)
        ) latest ORDER BY latest.id DESC LIMIT %(limit)s
    ), told AS (
        SELECT moved.*, CASE WHEN cause = 'payout' THEN split_part(key, ':', 2)::bigint
            ELSE accrual_id END AS behind
        FROM moved
    )
    SELECT told.id, told.at, told.amount, told.code, told.name, told.name_ru, told.is_money,
        told.cause || CASE WHEN told.key LIKE '%%:undo' THEN ':undo'
            WHEN told.key LIKE 'hold:%%:back' THEN ':back' ELSE '' END, told.behind,
        CASE WHEN told.rule_id IS NULL THEN ARRAY[]::bigint[] ELSE ARRAY[told.rule_id] END,
        coalesce(rule.name, ''), coalesce(rule.name_ru, ''), coalesce(store.name, ''), coalesce(store.name_ru, ''),
        coalesce(redemption.worth_minor, 0), coalesce(redemption.key LIKE 'reward:%%', false),
        coalesce(redemption.redeemed_at, accrual.at, CASE WHEN told.cause = 'expiry' THEN (
            SELECT min(granted.at) FROM loyalty_lotuse part JOIN loyalty_lot lot ON lot.id = part.lot_id
            JOIN loyalty_transfer granted ON granted.id = lot.id
            WHERE part.transfer_id = told.id) END),
        coalesce(adjustment.reason, CASE WHEN told.amount < 0 THEN taker.number
            ELSE giver.number END, '')
    FROM told
    LEFT JOIN loyalty_adjustment adjustment
        ON told.cause = 'adjustment' AND adjustment.transfer_id = told.id
    LEFT JOIN loyalty_lot handed ON told.cause IN ('handover', 'household') AND handed.id = told.id
    LEFT JOIN loyalty_handover handover ON handover.id = handed.handover_id
    LEFT JOIN loyalty_member giver ON giver.id = handover.giver_id
    LEFT JOIN loyalty_member taker ON taker.id = handover.taker_id
    LEFT JOIN loyalty_rule rule ON rule.id = told.rule_id
    LEFT JOIN loyalty_accrual accrual ON accrual.id = told.behind
    LEFT JOIN customers_purchase purchase ON purchase.id = accrual.purchase_id
    LEFT JOIN loyalty_redemption redemption ON redemption.id = told.redemption_id
    LEFT JOIN company_store store ON store.id = coalesce(purchase.store_id, redemption.store_id)
    ORDER BY told.id DESC
"""
