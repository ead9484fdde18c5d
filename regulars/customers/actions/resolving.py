"""Finding out which records are one person: at once by identities, soon after by likeness."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from django.db import connection, transaction
from django.utils import timezone

from regulars.core.events import publish, together
from regulars.core.jobs import every, job
from regulars.core.sql import int_array
from regulars.customers.actions.clustering import recluster
from regulars.customers.actions.comparing import (
    find_evidence,
    keep_traits,
    mark_compared,
    traits_kept,
    wait_to_compare,
)
from regulars.customers.actions.projection import project_profiles
from regulars.customers.actions.sharing import judge_identities
from regulars.customers.events import CustomersChanged
from regulars.customers.rules.profiles import Said

CHUNK = 500
AT_ONCE_MAX = 20
"""Records that are compared in the transaction that brought them; more wait for the job."""


def settle(
    customer_ids: Collection[int],
    *,
    now: datetime,
    anew: bool = False,
    said: Mapping[int, Sequence[Said]] | None = None,
) -> set[int]:
    """Have persons follow after these records changed; gives all that moved.

    Call it in the transaction that wrote what is new of the records. Persons follow from identities
    at once. A few records are also compared with all they may be, where nobody else compares at
    this moment; otherwise they are due, and a job will do it. The profiles are the caller's to
    project. `said` is what sources said of records as far as the caller knows it.
    """
    if not customer_ids:
        return set()
    few = len(customer_ids) <= AT_ONCE_MAX
    kept = keep_traits(customer_ids, at_once=few, known=said)
    judged = judge_identities(customer_ids, now=now, anew=anew)
    around = judged.changed | (judged.crowded & set(customer_ids))
    if kept.due:
        ask_to_resolve()
    elif kept.traits:
        found = find_evidence(kept.traits, now=now)
        around |= found.changed
        if found.crossed:
            ask_to_resolve()
    return recluster(around, now=now) if around else set()


def ask_to_resolve() -> None:
    """Have what is due compared soon."""
    resolve_waiting.enqueue()


@transaction.atomic
@together()
def resolve_customers(customer_ids: Collection[int], *, now: datetime) -> set[int]:
    """Compare these records with all they may be, and bring merges, ledger and profiles in line.

    Gives the records whose person changed. The number of statements does not depend on how many
    records there are; what is read is what shares a block key or hangs together with them.
    """
    wait_to_compare()
    found = find_evidence(traits_kept(customer_ids), now=now)
    mark_compared(set(customer_ids) - found.crossed)
    moved = recluster(found.changed, now=now) if found.changed else set()
    if moved:
        project_profiles(moved)
        publish(CustomersChanged(customer_ids=tuple(sorted(moved))))
    return moved


def resolve_due(*, now: datetime) -> int:
    """Resolve whatever is due, in pieces that each stand for themselves; gives how many it were."""
    done = 0
    while resolved := _resolve_some(now=now):
        done += resolved
    return done


@job(queue="fast", lock="customers.resolve")
def resolve_waiting() -> None:
    """Compares the records that are due; of many wishes at once one does the work of all."""
    resolve_due(now=timezone.now())


@every("40 2 * * *", queue="bulk")
def resolve_nightly(timestamp: int) -> None:
    """Finds out anew who is one person, from the records alone."""
    resolve_all(now=timezone.now())


@transaction.atomic
def _resolve_some(*, now: datetime) -> int:
    # Before any row is locked: who compares at once locks rows after the turn.
    wait_to_compare()
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT customer_id FROM customers_comparable WHERE due
            ORDER BY customer_id LIMIT %s FOR UPDATE SKIP LOCKED""",
            [CHUNK],
        )
        ids = [row[0] for row in cursor.fetchall()]
    if ids:
        resolve_customers(ids, now=now)
    return len(ids)


def resolve_all(*, now: datetime) -> int:
    """Find out anew who is one person, from the records alone; gives how many records there are.

    Where nothing was missed it changes nothing: persons follow from the records, not from the way
    they came in.
    """
    last, done = 0, 0
    while ids := _described_after(last):
        with transaction.atomic():
            keep_traits(ids)
            moved = settle(ids, now=now, anew=True)
            project_profiles(moved)
            _make_due(ids)
        last, done = ids[-1], done + len(ids)
    resolve_due(now=now)
    return done


def _described_after(last: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT id FROM customers_customer customer WHERE id > %s AND withdrawn_at IS NULL
            AND EXISTS (SELECT FROM customers_sourcerecord WHERE customer_id = customer.id)
            ORDER BY id LIMIT %s""",
            [last, CHUNK],
        )
        return [row[0] for row in cursor.fetchall()]


def _make_due(customer_ids: Collection[int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE customers_comparable SET due = true WHERE customer_id = ANY(%s::bigint[])",
            [int_array(customer_ids)],
        )


def forget_records(customer_ids: Collection[int], *, now: datetime) -> set[int]:
    """Have persons follow again after records lost what a source said; gives all that moved.

    Withdrawn records are compared with nobody any more and belong to no person but themselves.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT id FROM customers_customer
            WHERE id = ANY(%s::bigint[]) AND withdrawn_at IS NOT NULL""",
            [int_array(customer_ids)],
        )
        gone = {row[0] for row in cursor.fetchall()}
        cursor.execute(
            """WITH gone AS (SELECT unnest(%s::bigint[]) AS id),
            evidence AS (DELETE FROM customers_evidence
                WHERE kind = 'probable' AND (left_id IN (SELECT id FROM gone)
                    OR right_id IN (SELECT id FROM gone))),
            keys AS (DELETE FROM customers_blockkey WHERE customer_id IN (SELECT id FROM gone)),
            members AS (DELETE FROM customers_relationmember
                WHERE customer_id IN (SELECT id FROM gone))
            DELETE FROM customers_comparable WHERE customer_id IN (SELECT id FROM gone)""",
            [int_array(gone)],
        )
    moved = settle(set(customer_ids) - gone, now=now, anew=True)
    return moved | recluster(customer_ids, now=now)
