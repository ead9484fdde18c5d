"""Recording what customers did, as programs tell it call by call."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction

from regulars.core.errors import Refused
from regulars.core.events import publish
from regulars.core.sql import int_array, text_array, time_array
from regulars.customers.actions.claims import ClaimInput, claim_identities
from regulars.customers.actions.identities import owners_of
from regulars.customers.actions.profiles import learn_customers
from regulars.customers.actions.projection import project_profiles
from regulars.customers.actions.resolving import settle
from regulars.customers.events import EventsTracked
from regulars.customers.rules.purchases import CustomerRef
from regulars.customers.rules.tracked import (
    ANONYMOUS,
    TrackedInput,
    identities_of_call,
    owner_of_call,
    problem_of_tracked,
    profile_of_call,
    storable,
)

Key = tuple[str, str]
"""The source of an event and its message id."""


@dataclass(frozen=True, slots=True)
class Tracked:
    """What became of one call of a batch; one that was refused has the id 0 and its reason."""

    event_id: int
    created: bool
    customer_id: int | None = None
    refused: Refused | None = None


@transaction.atomic
def record_tracked_events(batch: Sequence[TrackedInput], *, now: datetime) -> list[Tracked]:
    """Put calls on record, each message id once for ever; the answers stand in their order.

    A call belongs to the record of its user id, or else of its visitor. `identify` teaches the
    profile; a user and a visitor named together are one person, as are both ids of an `alias`.
    The number of statements depends on how many sources the batch has, not on its size.
    """
    problems = [problem_of_tracked(entry) for entry in batch]
    firsts: dict[Key, TrackedInput] = {}
    for entry, problem in zip(batch, problems, strict=True):
        if problem is None:
            firsts.setdefault((entry.source, entry.message_id), entry)
    known = _known(list(firsts))
    fresh = [entry for key, entry in firsts.items() if key not in known]
    owners = _owners(fresh, now=now)
    made = _insert(fresh, owners)
    if len(made) < len(fresh):
        # Another transaction committed the same messages while we waited for it.
        known |= _known(list(firsts))
    if made:
        publish(EventsTracked(event_ids=tuple(sorted(row[0] for row in made.values()))))
    return _answers(batch, problems, known=known, made=made)


def _answers(
    batch: Sequence[TrackedInput],
    problems: Sequence[Refused | None],
    *,
    known: Mapping[Key, tuple[int, int | None]],
    made: Mapping[Key, tuple[int, int | None]],
) -> list[Tracked]:
    told: set[Key] = set()
    answers = []
    for entry, problem in zip(batch, problems, strict=True):
        key = (entry.source, entry.message_id)
        if problem is not None:
            answers.append(Tracked(0, created=False, refused=problem))
            continue
        event_id, customer_id = made[key] if key in made else known[key]
        answers.append(Tracked(event_id, key in made and key not in told, customer_id))
        told.add(key)
    return answers


def _known(keys: Sequence[Key]) -> dict[Key, tuple[int, int | None]]:
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT event.source, event.message_id, event.id, event.customer_id
            FROM unnest(%s::text[], %s::text[]) AS given (source, message_id)
            JOIN customers_trackedevent event
                ON event.source = given.source AND event.message_id = given.message_id""",
            [text_array([key[0] for key in keys]), text_array([key[1] for key in keys])],
        )
        return {(row[0], row[1]): (row[2], row[3]) for row in cursor.fetchall()}


def _owners(fresh: Sequence[TrackedInput], *, now: datetime) -> dict[CustomerRef, int | None]:
    """Whose record each call is, by the identity that `owner_of_call` gives."""
    for source in sorted({entry.source for entry in fresh if entry.type == "identify"}):
        said = [
            profile_of_call(entry, today=now.date())
            for entry in fresh
            if entry.source == source and entry.type == "identify"
        ]
        learn_customers(said, source=source, now=now)
    seen_at: dict[CustomerRef, datetime] = {}
    for entry in fresh:
        if reference := owner_of_call(entry):
            seen_at[reference] = min(seen_at.get(reference, entry.at), entry.at)
    owners = owners_of({ref: at for ref, at in seen_at.items() if ref.kind != ANONYMOUS})
    _join(fresh, owners, now=now)
    return owners | owners_of({ref: at for ref, at in seen_at.items() if ref.kind == ANONYMOUS})


def _join(
    fresh: Sequence[TrackedInput], owners: Mapping[CustomerRef, int | None], *, now: datetime
) -> None:
    """Have the records of users claim what was named beside their ids."""
    claims = []
    for entry in fresh:
        reference = owner_of_call(entry)
        owner = owners.get(reference) if reference else None
        if owner is not None:
            source = entry.source if entry.user_id else ""
            claims += [
                ClaimInput(ref, owner, source, entry.at) for ref in identities_of_call(entry)
            ]
    if moved := settle(claim_identities(claims), now=now):
        project_profiles(moved)


def _insert(
    fresh: Sequence[TrackedInput], owners: Mapping[CustomerRef, int | None]
) -> dict[Key, tuple[int, int | None]]:
    """The new rows by source and message id, in the order they came: their ids and customers."""
    if not fresh:
        return {}
    references = [owner_of_call(entry) for entry in fresh]
    whose = [owners.get(ref) if ref else None for ref in references]
    with connection.cursor() as cursor:
        cursor.execute(INSERT, _columns(fresh, whose))
        return {(row[0], row[1]): (row[2], row[3]) for row in cursor.fetchall()}


INSERT = """INSERT INTO customers_trackedevent (source, message_id, type, name, customer_id, user_id,
    anonymous_id, at, original_at, sent_at, received_at, properties, context, is_flawed)
SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::bigint[], %s::text[],
    %s::text[], %s::timestamptz[], %s::timestamptz[], %s::timestamptz[], %s::timestamptz[],
    %s::jsonb[], %s::jsonb[], %s::boolean[])
ON CONFLICT (source, message_id) DO NOTHING
RETURNING source, message_id, id, customer_id"""


def _columns(rows: Sequence[TrackedInput], owners: Sequence[int | None]) -> list[str]:
    return [
        text_array([row.source for row in rows]),
        text_array([row.message_id for row in rows]),
        text_array([row.type for row in rows]),
        text_array([row.name for row in rows]),
        int_array(owners),
        text_array([row.user_id for row in rows]),
        text_array([row.anonymous_id for row in rows]),
        time_array([row.at for row in rows]),
        time_array([row.original_at for row in rows]),
        time_array([row.sent_at for row in rows]),
        time_array([row.received_at for row in rows]),
        text_array([_document(row.properties) for row in rows]),
        text_array([_document(row.context) for row in rows]),
        text_array(["t" if row.is_flawed else "f" for row in rows]),
    ]


def _document(value: Mapping[str, object]) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return json.dumps(storable(value), ensure_ascii=False) if "\\u0000" in text else text
