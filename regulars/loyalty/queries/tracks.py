"""Where members stand on tracked ladders, as it is stored."""

import json
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import msgspec
from django.db import connection

from regulars.core.sql import int_array
from regulars.loyalty.queries.ladders import LadderInBook
from regulars.loyalty.rules.tiers.judging import Standing
from regulars.loyalty.rules.tiers.tracks import Given, Track

PERSONS = """
    SELECT lead.id, lead.customer_id, coalesce(min(member.joined_at), lead.joined_at),
        coalesce(tier.code, '')
    FROM loyalty_member lead LEFT JOIN loyalty_tier tier ON tier.id = lead.tier_id
    LEFT JOIN loyalty_member member ON member.led_by_id = lead.id OR member.id = lead.id
    WHERE lead.id = ANY(%s::bigint[]) GROUP BY lead.id, tier.code
"""

STORED = """
    SELECT standing.member_id, standing.ladder_id, coalesce(tier.code, ''), standing.since,
        standing.version, standing.state
    FROM loyalty_ladderstanding standing LEFT JOIN loyalty_tier tier ON tier.id = standing.tier_id
    WHERE standing.member_id = ANY(%s::bigint[])
"""

GIVEN = """
    SELECT coalesce(member.led_by_id, member.id), tier.ladder_id, tier.code, given.since, given.to
    FROM loyalty_member member JOIN loyalty_giventier given ON given.member_id = member.id
    JOIN loyalty_tier tier ON tier.id = given.tier_id
    WHERE member.id = ANY(%s::bigint[]) OR member.led_by_id = ANY(%s::bigint[])
    ORDER BY given.since, given.id
"""

_decode = msgspec.json.Decoder(Standing).decode


@dataclass(slots=True)
class Person:
    """A leading member with all that was given to it, and where it stood when this was read."""

    id: int
    customer_id: int
    joined_at: datetime
    tier: str = ""
    """The tier on the main ladder, as the member's row has it."""
    given: Mapping[int, list[Given]] = field(default_factory=dict)
    """By id of ladder."""
    tracks: dict[int, Track] = field(default_factory=dict)
    """By id of ladder; a ladder is missing where the member was never judged on it."""


def persons_on(ladders: Collection[LadderInBook], leader_ids: Collection[int]) -> dict[int, Person]:
    """These leading members with their tracks on these ladders; 3 statements."""
    by_id = {ladder.id: ladder for ladder in ladders}
    asked = int_array(leader_ids)
    given: dict[int, dict[int, list[Given]]] = defaultdict(lambda: defaultdict(list))
    with connection.cursor() as cursor:
        cursor.execute(GIVEN, [asked, asked])
        for lead_id, ladder_id, *gift in cursor.fetchall():
            given[lead_id][ladder_id].append(Given(*gift))
        cursor.execute(PERSONS, [asked])
        persons = {
            row[0]: Person(row[0], row[1], row[2], row[3], given[row[0]])
            for row in cursor.fetchall()
        }
        cursor.execute(STORED, [asked])
        for lead_id, ladder_id, tier, since, version, state in cursor.fetchall():
            ladder = by_id.get(ladder_id)
            if ladder is None or version >= len(ladder.editions):
                continue
            standing = _decode(state if isinstance(state, str) else json.dumps(state))
            gifts = given[lead_id].get(ladder_id, ())
            persons[lead_id].tracks[ladder_id] = Track(
                ladder.editions, standing, gifts, tier=tier, since=since, version=version
            )
    return persons
