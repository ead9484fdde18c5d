"""The audit of what rules remember of members: each memory told again from what is on the books."""

import json
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from django.db import connection

from regulars.core.sql import int_array
from regulars.loyalty.models import Program
from regulars.loyalty.queries.books import Book, book_of
from regulars.loyalty.queries.stories import Reading, partitions_of, stories_of
from regulars.loyalty.rules.replay.memories import Capped, Remembering, as_kept, caps_remembered
from regulars.loyalty.rules.replay.stories import Story

BATCH = 2_000
"""Members whose memories are told again at once."""

SHOWN = 200
"""Characters of a memory that a mismatch quotes."""

ALONE = """
    SELECT member.id FROM loyalty_member member
    WHERE member.program_id = %s AND member.id BETWEEN %s AND %s AND member.led_by_id IS NULL
        AND NOT EXISTS (SELECT FROM loyalty_member led WHERE led.led_by_id = member.id)
        AND NOT EXISTS (SELECT FROM customers_merging merging
            WHERE merging.customer_id = member.customer_id OR merging.lead_id = member.customer_id)
"""
"""Members whose records never were several."""

STORED = "SELECT member_id, slots FROM loyalty_membermemory WHERE member_id = ANY(%s::bigint[])"

CAPPED = """
    SELECT account.member_id, transfer.rule_id, transfer.amount, transfer.at
    FROM loyalty_account account
    JOIN loyalty_transfer transfer ON transfer.target_id = account.id
        AND transfer.rule_id = ANY(%s::bigint[])
    JOIN loyalty_account source ON source.id = transfer.source_id
        AND source.pot IN ('issued', 'partner')
    WHERE account.member_id = ANY(%s::bigint[]) ORDER BY transfer.id
"""

Slots = Mapping[str, Any]


def memories_that_differ(*, limit: int = 1000) -> list[str]:
    """What is remembered of members where the books, told again, give something else."""
    found: list[str] = []
    for program in Program.objects.order_by("id"):
        telling = _Telling(book_of(program))
        if telling.codes:
            for first, last in partitions_of(program.pk, BATCH):
                found += telling.differences(first, last)
                if len(found) >= limit:
                    return found[:limit]
    return found


class _Telling:
    """The rules of a program whose memories follow from the books, and how these tell them."""

    def __init__(self, book: Book) -> None:
        self._book = book
        rules = book.history.rules
        habits = [rule for rule in rules if rule.mechanic.stage == "habit"]
        unsure = {rule.code for rule in habits if not rule.mechanic.follows_from_purchases}
        self._habits = [rule for rule in habits if rule.code not in unsure]
        self._capped = {rule.id: rule for rule in rules if rule.mechanic.limits.counted}
        self._remembering = Remembering(book.history, self._habits, book.zone)
        self.codes = {rule.code for rule in self._habits} | {
            f"cap:{rule.code}" for rule in self._capped.values()
        }

    def differences(self, first: int, last: int) -> Iterator[str]:
        """The memories of members between two ids that are not what the books tell."""
        ids = _alone(self._book.program_id, first, last)
        stored, told = self._stored(ids), self._caps(ids)
        if self._habits:
            for story in self._stories(first, last):
                if story.person_id in ids:
                    told[story.person_id].update(self._told(story, stored[story.person_id]))
        for id_ in sorted(ids):
            for code in sorted(self.codes):
                had, derived = stored[id_].get(code), told[id_].get(code)
                if had != derived:
                    yield (
                        f"memory_follows_from_purchases: {id_} on {self._book.code}/{code}"
                        f" has {_short(had)}, the books say {_short(derived)}"
                    )

    def _stored(self, ids: Collection[int]) -> dict[int, Slots]:
        found: dict[int, Slots] = defaultdict(dict)
        with connection.cursor() as cursor:
            cursor.execute(STORED, [int_array(ids)])
            for id_, slots in cursor.fetchall():
                found[id_] = as_kept(json.loads(slots) if isinstance(slots, str) else slots)
        return found

    def _caps(self, ids: Collection[int]) -> dict[int, dict[str, Any]]:
        awards: dict[int, list[Capped]] = defaultdict(list)
        if self._capped:
            with connection.cursor() as cursor:
                cursor.execute(CAPPED, [int_array(self._capped), int_array(ids)])
                for id_, *award in cursor.fetchall():
                    awards[id_].append(Capped(*award))
        told: dict[int, dict[str, Any]] = defaultdict(dict)
        for id_, given in awards.items():
            told[id_] = caps_remembered(self._capped, self._book.zone, given)
        return told

    def _stories(self, first: int, last: int) -> list[Story]:
        looks_at_lines = any(rule.mechanic.needs_lines for rule in self._habits)
        needs = frozenset({"lines"} if looks_at_lines else ())
        program_id = self._book.program_id
        reading = Reading(program_id, needs, waits_days=None, asks_when=True)
        return stories_of(reading, first, last)

    def _told(self, story: Story, stored: Slots) -> Slots:
        """What habits remember after a story; where that is not sure, what is stored."""
        if self._remembering.is_sure(story):
            return self._remembering.told(story)
        return {rule.code: stored[rule.code] for rule in self._habits if rule.code in stored}


def _alone(program_id: int, first: int, last: int) -> set[int]:
    with connection.cursor() as cursor:
        cursor.execute(ALONE, [program_id, first, last])
        return {row[0] for row in cursor.fetchall()}


def _short(slot: object) -> str:
    told = json.dumps(slot, sort_keys=True)
    return told if len(told) <= SHOWN else f"{told[:SHOWN]}…"
