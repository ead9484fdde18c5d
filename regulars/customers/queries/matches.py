"""Reads of evidence: doubtful pairs, why records are one person, and whether the merges are right."""

from collections.abc import Collection
from typing import NamedTuple

from django.db import connection
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from regulars.customers.actions.clustering import leads_of, read_group
from regulars.customers.matching import MERGE_FROM, REVIEW_FROM
from regulars.customers.models import Evidence, Identity, Merging, Relation, RelationMember
from regulars.customers.models.evidence import CANNOT_LINK, PROBABLE
from regulars.customers.models.sharing import HOUSEHOLD
from regulars.customers.queries.persons import persons_of


def doubtful_pairs() -> QuerySet[Evidence]:
    """Pairs that are neither plainly one person nor plainly two, the surest first.

    What was put off comes last; what somebody decided, or what is one person by now, is not there.
    """
    decided = Evidence.objects.filter(
        left=OuterRef("left"), right=OuterRef("right"), withdrawn_at=None
    ).exclude(kind=PROBABLE)
    pairs = Evidence.objects.filter(kind=PROBABLE, withdrawn_at=None, probability__gte=REVIEW_FROM)
    one_person = (
        Q(left__merged_into=F("right__merged_into"))
        | Q(left__merged_into=F("right"))
        | Q(right__merged_into=F("left"))
    )
    return (
        pairs.exclude(one_person)
        .exclude(Exists(decided))
        .order_by(F("put_off_at").asc(nulls_first=True), "-probability", "id")
    )


def decisions() -> QuerySet[Evidence]:
    """What people and sources said of pairs, the latest first."""
    said = Evidence.objects.filter(withdrawn_at=None).exclude(kind=PROBABLE)
    return said.select_related("left", "right", "by").order_by("-at", "-id")


def word_about(left: int, right: int) -> int:
    """The id of what was said last of two records; 0 where nobody said anything."""
    pair = {"left": min(left, right), "right": max(left, right)}
    said = Evidence.objects.filter(**pair, withdrawn_at=None).exclude(kind=PROBABLE)
    return said.order_by("-at", "-id").values_list("pk", flat=True).first() or 0


def decided_count() -> int:
    """How many pairs employees decided."""
    return decisions().filter(by__isnull=False).count()


def evidence_within(customer_id: int) -> list[Evidence]:
    """The evidence that speaks for the records of a person being one, the strongest first."""
    records = next(iter(persons_of([customer_id]).values()), ())
    return list(
        Evidence.objects.filter(left__in=records, right__in=records, withdrawn_at=None)
        .exclude(kind=CANNOT_LINK)
        .filter(probability__gte=MERGE_FROM)
        .select_related("left", "right", "by")
        .order_by("-probability", "id")[:100]
    )


def kept_apart(customer_id: int) -> list[Evidence]:
    """Whom somebody said a person is not, the latest first; 100 at most."""
    records = next(iter(persons_of([customer_id]).values()), ())
    about = Q(left__in=records) | Q(right__in=records)
    said = Evidence.objects.filter(about, kind=CANNOT_LINK, withdrawn_at=None)
    return list(said.select_related("left", "right", "by").order_by("-at", "-id")[:100])


class Common(NamedTuple):
    """An identity that several records of a person have."""

    kind: str
    value: str
    records: int


def identities_in_common(customer_id: int) -> list[Common]:
    """The identities that tie the records of a person together."""
    records = next(iter(persons_of([customer_id]).values()), ())
    with connection.cursor() as cursor:
        cursor.execute(
            """WITH member AS (
                SELECT identity_id AS id, customer_id FROM customers_claim
                    WHERE customer_id = ANY(%(ids)s)
                UNION SELECT id, customer_id FROM customers_identity
                    WHERE customer_id = ANY(%(ids)s))
            SELECT identity.kind, identity.value, count(*) FROM member
            JOIN customers_identity identity USING (id) WHERE identity.shared = ''
            GROUP BY identity.id HAVING count(*) > 1 ORDER BY 3 DESC, 1, 2 LIMIT 50""",
            {"ids": list(records)},
        )
        return [Common(*row) for row in cursor.fetchall()]


def merges_of(customer_id: int) -> list[Merging]:
    """The entries of the merge ledger about the records of a person, the latest first."""
    records = next(iter(persons_of([customer_id]).values()), ())
    about = Q(customer__in=records) | Q(lead__in=records)
    entries = Merging.objects.filter(about).select_related("customer", "lead", "by", "undoes")
    return list(entries.order_by("-id")[:100])


def relations_of(customer_id: int) -> list[tuple[Relation, list[RelationMember]]]:
    """Households and devices that a person shares, each with up to fifty of its members."""
    records = next(iter(persons_of([customer_id]).values()), ())
    mine = RelationMember.objects.filter(customer__in=records).values("relation")
    found = Relation.objects.filter(pk__in=mine).select_related("identity").order_by("id")[:20]
    return [
        (
            one,
            list(
                RelationMember.objects.filter(relation=one)
                .exclude(customer__in=records)
                .select_related("customer")[:50]
            ),
        )
        for one in found
    ]


def household_mates(customer_ids: Collection[int]) -> set[int]:
    """The records that share an identity as a household with one of these; 1 statement."""
    mine = RelationMember.objects.filter(customer__in=customer_ids, relation__kind=HOUSEHOLD)
    mates = RelationMember.objects.filter(relation__in=mine.values("relation"))
    rows = mates.exclude(customer__in=customer_ids).values_list("customer_id", flat=True)
    return set(rows)


def shared_identities() -> QuerySet[Identity]:
    """Identities that many people share, the latest first."""
    return Identity.objects.exclude(shared__in=("", "weak")).order_by("-pk")


def frequent_values(*, limit: int = 20) -> list[Common]:
    """Values that the most records name and that merge nobody: candidates for being blocked."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT identity.kind, identity.value, count(*) FROM customers_identity identity
            JOIN customers_claim claim ON claim.identity_id = identity.id
            WHERE identity.shared IN ('limit', 'contradiction')
            GROUP BY identity.id HAVING count(*) > 2 ORDER BY 3 DESC, 1, 2 LIMIT %s""",
            [limit],
        )
        return [Common(*row) for row in cursor.fetchall()]


def wrong_merges() -> list[str]:
    """A text for each record whose merge does not follow from the evidence; none where all is right.

    Persons are worked out again from claims, evidence and earlier leads, as resolving does.
    """
    group = read_group(_linked_at_all())
    leads = leads_of(group)
    return [
        f"customer {id_} belongs to {row.lead}, the evidence says {leads[id_]}"
        for id_, row in sorted(group.rows.items())
        if leads[id_] != row.lead
    ]


def _linked_at_all() -> set[int]:
    """Every record that is merged, or that evidence links to another."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT id FROM customers_customer WHERE merged_into_id IS NOT NULL
            UNION SELECT merged_into_id FROM customers_customer WHERE merged_into_id IS NOT NULL
            UNION SELECT claim.customer_id FROM customers_claim claim
                JOIN customers_identity identity ON identity.id = claim.identity_id
                    AND identity.shared = '' AND identity.customer_id <> claim.customer_id
            UNION SELECT identity.customer_id FROM customers_claim claim
                JOIN customers_identity identity ON identity.id = claim.identity_id
                    AND identity.shared = '' AND identity.customer_id <> claim.customer_id
            UNION SELECT unnest(ARRAY[left_id, right_id]) FROM customers_evidence
                WHERE kind <> 'cannot_link' AND withdrawn_at IS NULL AND probability >= %s""",
            [MERGE_FROM],
        )
        return {row[0] for row in cursor.fetchall()}
