"""Finding the people that identities point to, and making those nobody has met."""

from collections.abc import Collection, Iterable
from datetime import datetime

from regulars.core.events import publish
from regulars.core.sql import cursor_for, int_array, text_array, time_array
from regulars.customers.events import CustomersChanged
from regulars.customers.rules.identities import normal_value
from regulars.customers.rules.purchases import BY_ID, CustomerRef

ID_MAX = 2**63 - 1


def owners_of(
    seen_at: dict[CustomerRef, datetime], *, work_id: int | None = None
) -> dict[CustomerRef, int | None]:
    """Whose each reference is; unknown identities become new customers, known since that moment.

    References whose value points to nobody ("0000", "unknown") give None; ids that do not exist
    are left out. Three statements at most.
    """
    owners: dict[CustomerRef, int | None] = {}
    wanted: dict[CustomerRef, CustomerRef] = {}
    for reference in seen_at:
        if reference.kind == BY_ID:
            wanted[reference] = reference
        elif (value := normal_value(reference.kind, reference.value)) is None:
            owners[reference] = None
        else:
            wanted[reference] = CustomerRef(reference.kind, value)
    known = known_owners(set(wanted.values()))
    missing = {
        normal: seen_at[reference]
        for reference, normal in wanted.items()
        if normal not in known and normal.kind != BY_ID
    }
    if missing:
        created = add_customers(missing, work_id=work_id)
        if created:
            publish(CustomersChanged(customer_ids=tuple(sorted(created.values()))))
        known |= created | known_owners(missing.keys() - created.keys())
    owners.update({given: known[normal] for given, normal in wanted.items() if normal in known})
    return owners


def known_owners(references: Collection[CustomerRef]) -> dict[CustomerRef, int | None]:
    """The records that normal references point to, as far as there are any. One statement.

    Values that the company blocked point to nobody: None.
    """
    asked = (int(reference.value) for reference in references if reference.kind == BY_ID)
    # A number that no id can be must not have the column cast to a wider type: no index serves that.
    ids = [id_ for id_ in asked if id_ <= ID_MAX]
    pairs = [reference for reference in references if reference.kind != BY_ID]
    with cursor_for(len(references)) as cursor:
        cursor.execute(
            """SELECT identity.kind, identity.value, identity.customer_id
            FROM unnest(%s::text[], %s::text[]) AS given (kind, value)
            JOIN customers_identity identity
                ON identity.kind = given.kind AND identity.value = given.value
            UNION ALL
            SELECT 'id', id::text, id FROM customers_customer WHERE id = ANY(%s::bigint[])
            UNION ALL
            SELECT kind, value, NULL FROM customers_blockedvalue
            WHERE (kind, value) IN (SELECT * FROM unnest(%s::text[], %s::text[]))""",
            [
                text_array([pair.kind for pair in pairs]),
                text_array([pair.value for pair in pairs]),
                int_array(ids),
                text_array([pair.kind for pair in pairs]),
                text_array([pair.value for pair in pairs]),
            ],
        )
        found: dict[CustomerRef, int | None] = {
            CustomerRef(kind, value): owner for kind, value, owner in cursor.fetchall()
        }
    # An id may be written with leading zeros; the answer is given under the spelling asked for.
    by_id = {owner for (kind, _), owner in found.items() if kind == BY_ID}
    for reference in references:
        if reference.kind == BY_ID and int(reference.value) in by_id:
            found[reference] = int(reference.value)
    return found


class Standing:
    """Whose identities are, which of the customer records are free to be taken, what is blocked."""

    def __init__(self, owners: dict[CustomerRef, int | None], free: set[int]) -> None:
        self._owners = owners
        self._free = free

    def owner(self, reference: CustomerRef) -> int | None:
        """The customer record that has this identity."""
        return self._owners.get(reference)

    def known(self) -> set[CustomerRef]:
        """The identities that somebody has."""
        return {reference for reference, owner in self._owners.items() if owner is not None}

    def is_blocked(self, reference: CustomerRef) -> bool:
        """Whether the company says that the value points to nobody."""
        return reference in self._owners and self._owners[reference] is None

    def take(self, references: Iterable[CustomerRef]) -> int | None:
        """The first free customer record that one of these identities made, free no more."""
        for reference in references:
            owner = self._owners.get(reference)
            if owner in self._free:
                self._free.discard(owner)
                return owner
        return None


def standing_of(references: Collection[CustomerRef]) -> Standing:
    """How it stands with these identities. Two statements.

    A customer record is free where only an identity made it: no source described it, it claims
    nothing, it is merged with nothing, and nobody said anything of it.
    """
    owners = known_owners(references)
    bare = {
        owner
        for reference, owner in owners.items()
        if owner is not None and reference.kind != BY_ID and "@" not in reference.kind
    }
    if not bare:
        return Standing(owners, set())
    with cursor_for(len(bare)) as cursor:
        cursor.execute(
            """SELECT id FROM customers_customer customer WHERE id = ANY(%s::bigint[])
            AND merged_into_id IS NULL AND withdrawn_at IS NULL
            AND NOT EXISTS (SELECT FROM customers_sourcerecord WHERE customer_id = customer.id)
            AND NOT EXISTS (SELECT FROM customers_claim WHERE customer_id = customer.id)
            AND NOT EXISTS (SELECT FROM customers_customer WHERE merged_into_id = customer.id)
            AND NOT EXISTS (SELECT FROM customers_evidence WHERE left_id = customer.id)
            AND NOT EXISTS (SELECT FROM customers_evidence WHERE right_id = customer.id)
            AND NOT EXISTS (SELECT FROM customers_identity WHERE customer_id = customer.id
                AND (shared <> '' OR kind LIKE '%%@%%'))""",
            [int_array(bare)],
        )
        return Standing(owners, {row[0] for row in cursor.fetchall()})


def add_customers(
    missing: dict[CustomerRef, datetime], *, work_id: int | None
) -> dict[CustomerRef, int]:
    """New customers by identity, one for each that nobody else claims at the same moment.

    The identity is claimed first, in sorted order, and the customer follows where the claim held:
    so two batches that meet the same stranger at once make one customer, and never deadlock.
    """
    pairs = sorted(missing)
    with cursor_for(len(pairs)) as cursor:
        cursor.execute(
            """WITH given AS (
                SELECT * FROM unnest(%s::text[], %s::text[], %s::timestamptz[])
                    AS given (kind, value, seen_at)
            ), claimed AS (
                INSERT INTO customers_identity (kind, value, customer_id, work_id)
                SELECT kind, value,
                    nextval(pg_get_serial_sequence('customers_customer', 'id')), %s::bigint
                FROM given
                ON CONFLICT (kind, value) DO NOTHING
                RETURNING kind, value, customer_id
            ), made AS (
                INSERT INTO customers_customer (id, name, name_ru, email, phone, gender, address,
                    occupation, interests, traits, language, known_since)
                SELECT claimed.customer_id, '', '', '', '', '', '', '', '[]', '{}', '', given.seen_at
                FROM claimed JOIN given USING (kind, value)
            )
            SELECT kind, value, customer_id FROM claimed""",
            [
                text_array([pair.kind for pair in pairs]),
                text_array([pair.value for pair in pairs]),
                time_array([missing[pair] for pair in pairs]),
                work_id,
            ],
        )
        return {CustomerRef(kind, value): id_ for kind, value, id_ in cursor.fetchall()}


def add_identities(owners: dict[CustomerRef, int], *, work_id: int | None) -> None:
    """Have identities point to their customers; those that point to somebody already stay so."""
    pairs = sorted(reference for reference in owners if reference.kind != BY_ID)
    if not pairs:
        return
    with cursor_for(len(pairs)) as cursor:
        cursor.execute(
            """INSERT INTO customers_identity (kind, value, customer_id, work_id)
            SELECT kind, value, customer_id, %s::bigint
            FROM unnest(%s::text[], %s::text[], %s::bigint[]) AS given (kind, value, customer_id)
            ON CONFLICT (kind, value) DO NOTHING""",
            [
                work_id,
                text_array([pair.kind for pair in pairs]),
                text_array([pair.value for pair in pairs]),
                int_array([owners[pair] for pair in pairs]),
            ],
        )
