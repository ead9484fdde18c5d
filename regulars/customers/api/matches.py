"""What other systems ask and say of who is one person."""

from collections.abc import Sequence
from typing import Any, Literal

from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils.timezone import now as moment_of_now
from ninja import Field, Query, Router, Schema

from regulars.core.access import get_seen
from regulars.core.api.cursors import Page, PageAsk, page_of
from regulars.core.api.fields import Id, Moment
from regulars.core.api.lines import answer_lines
from regulars.core.api.operations import reads, takes_lines, writes
from regulars.core.api.requests import ApiRequest
from regulars.core.errors import Conflict, Refused
from regulars.customers.access import note_access
from regulars.customers.actions.merging import Word, decide_pairs, unmerge
from regulars.customers.acts import Act
from regulars.customers.eyes import Eyes, eyes_of
from regulars.customers.models import Customer, Evidence
from regulars.customers.queries import leaders_of, records_of, why_believed
from regulars.customers.queries.matches import (
    decisions,
    doubtful_pairs,
    evidence_within,
    identities_in_common,
    kept_apart,
    merges_of,
    relations_of,
)
from regulars.customers.queries.people import Reason
from regulars.customers.queries.records import SeenRecord, records_seen

router = Router(tags=["Matches"])
READ, WRITE = "matches:read", "matches:write"
Decision = Literal["same", "different", "later"]


class EvidenceStepOut(Schema):
    """One reason: a field, how near its values are, its weight in bits (3 bits: eight times likelier)."""

    field: str = Field(examples=["birthday"])
    level: str = Field(examples=["same"])
    weight: float


class EvidenceOut(Schema):
    """What speaks for or against two records being one person."""

    id: Id
    left: Id
    right: Id
    kind: Literal["probable", "stated", "cannot_link"]
    probability: float
    steps: list[EvidenceStepOut] = Field(description="They add up to the pair's odds in bits.")
    source: str
    by_employee: bool
    at: Moment
    put_off_at: Moment | None


class MatchDecisionIn(Schema):
    """What is said of two records."""

    left: Id
    right: Id
    decision: Decision


class DecidedOut(Schema):
    """The persons that two records belong to now."""

    left: Id
    right: Id
    left_person: Id
    right_person: Id
    is_one_person: bool


class MergeIn(Schema):
    """The other record of the same person."""

    other: Id


class ActOut(Schema):
    """What was really done, and cannot be taken back."""

    at: Moment
    kind: str
    text: str


class PartedOut(Schema):
    """A record that is a person of its own again."""

    customer_id: Id
    acts: list[ActOut] = Field(description="What was spent or sent while they were one.")


class RecordOut(Schema):
    """One record of a person: where it comes from, and what it alone says."""

    id: Id
    leads: bool
    sources: list[str]
    facts: dict[str, Any]
    purchases: int


class SharedOut(Schema):
    """An identity that ties records together."""

    kind: str
    value: str
    records: int


class MergeEntryOut(Schema):
    """An entry of the merge ledger."""

    id: Id
    kind: Literal["merge", "unmerge"]
    customer_id: Id
    lead_id: Id
    reason: str
    by_employee: bool
    at: Moment
    undoes: Id | None


class WhyOnePersonOut(Schema):
    """Why records are held to be one person."""

    customer_id: Id
    records: list[RecordOut]
    in_common: list[SharedOut]
    evidence: list[EvidenceOut]
    kept_apart: list[EvidenceOut]
    ledger: list[MergeEntryOut]


class RelationOut(Schema):
    """People who share an identity without being one person."""

    kind: Literal["household", "device"]
    identity_kind: str
    identity: str
    members: list[Id] = Field(description="Fifty of the others at most.")


class RelationsOut(Schema):
    """The relations of a person."""

    items: list[RelationOut]


class ToldOut(Schema):
    """What one source says of a fact."""

    source: str
    value: Any
    said_at: Moment


class FactOut(Schema):
    """A fact of a profile: what is believed, who agrees, and whose word lost."""

    fact: str
    believed: ToldOut
    agreeing: list[ToldOut]
    lost: list[ToldOut]


class FactsOut(Schema):
    """Why a profile says what it says."""

    items: list[FactOut]


@router.get("/matches", response=Page[EvidenceOut], **reads(READ))
def list_matches(request: ApiRequest, ask: Query[PageAsk]) -> Page[EvidenceOut]:
    """Pairs that nobody decided and that may be one person, the most probable first."""
    return _page(request, doubtful_pairs(), ask, order="-probability")


@router.get("/matches/decided", response=Page[EvidenceOut], **reads(READ))
def list_decisions(request: ApiRequest, ask: Query[PageAsk]) -> Page[EvidenceOut]:
    """What people and programs said of pairs, the latest first."""
    return _page(request, decisions(), ask, order="-at")


@router.post("/matches/decisions/bulk", **takes_lines(WRITE, MatchDecisionIn))
def decide_matches(request: ApiRequest) -> HttpResponse:
    """Say of many pairs whether they are one person, a line each; saying it again changes nothing.

    `different` lasts: no later evidence and no new search joins the two.
    """
    return answer_lines(request, MatchDecisionIn, lambda batch: _decided(request, batch))


@router.post("/customers/{int:customer_id}/merge", response=DecidedOut, **writes(WRITE))
def merge_customer(request: ApiRequest, customer_id: Id, told: MergeIn) -> DecidedOut:
    """Hold two records to be one person; everything stays with its record and can be parted again."""
    (answer,) = _decided(
        request, [MatchDecisionIn(left=customer_id, right=told.other, decision="same")]
    )
    if isinstance(answer, Refused):
        raise answer
    if not answer.is_one_person:
        raise Conflict("kept_apart", "another word or fact keeps these two apart", "other")
    return answer


@router.post("/customers/{int:customer_id}/unmerge", response=PartedOut, **writes(WRITE))
def unmerge_customer(request: ApiRequest, customer_id: Id) -> PartedOut:
    """Part a record from the rest of its person for good; lists what cannot be taken back."""
    found = get_seen(Customer, customer_id, seen_by=request.auth)
    note_access(request, records_of(found.pk))
    acts = unmerge(found.pk, by=None, now=moment_of_now())
    return PartedOut(customer_id=found.pk, acts=[_act(one) for one in acts])


@router.get("/customers/{int:customer_id}/evidence", response=WhyOnePersonOut, **reads(READ))
def why_one_person(request: ApiRequest, customer_id: Id) -> WhyOnePersonOut:
    """The records of a person, what ties them together, and every merge and parting."""
    found, eyes = _lead(request, customer_id), eyes_of(request)
    return WhyOnePersonOut(
        customer_id=found.pk,
        records=[_record(one, found, eyes) for one in records_seen(records_of(found.pk)[:200])],
        in_common=[
            SharedOut(
                kind=one.kind,
                value=eyes.identity(found.pk, one.kind, one.value),
                records=one.records,
            )
            for one in identities_in_common(found.pk)
        ],
        evidence=[_evidence(one) for one in evidence_within(found.pk)],
        kept_apart=[_evidence(one) for one in kept_apart(found.pk)],
        ledger=[_entry(one) for one in merges_of(found.pk)],
    )


@router.get("/customers/{int:customer_id}/relations", response=RelationsOut, **reads(READ))
def list_relations(request: ApiRequest, customer_id: Id) -> RelationsOut:
    """Households and devices that a person shares with others."""
    found, eyes = _lead(request, customer_id), eyes_of(request)
    return RelationsOut(
        items=[
            RelationOut(
                kind=one.kind,  # type: ignore[arg-type]
                identity_kind=one.identity.kind,
                identity=eyes.identity(found.pk, one.identity.kind, one.identity.value),
                members=[member.customer_id for member in members],
            )
            for one, members in relations_of(found.pk)
        ]
    )


@router.get("/customers/{int:customer_id}/facts", response=FactsOut, **reads("customers:read"))
def why_profile_says_so(request: ApiRequest, customer_id: Id) -> FactsOut:
    """For each fact of a profile who is believed, who agrees, and whose word lost."""
    found, eyes = _lead(request, customer_id), eyes_of(request)

    def told(one: Reason) -> ToldOut:
        value = eyes.fact(found.pk, one.fact, one.value)
        return ToldOut(source=one.source, value=value, said_at=one.said_at)

    return FactsOut(
        items=[
            FactOut(
                fact=one.reason.fact,
                believed=told(one.reason),
                agreeing=[told(other) for other in one.agreeing],
                lost=[told(other) for other in one.lost],
            )
            for one in why_believed(found.pk)
        ]
    )


def _page(
    request: ApiRequest, rows: QuerySet[Evidence], ask: PageAsk, *, order: str
) -> Page[EvidenceOut]:
    page = page_of(rows, ask, shape=_evidence, order=order)
    note_access(request, {id_ for one in page.items for id_ in (one.left, one.right)})
    return page


def _decided(request: ApiRequest, batch: Sequence[MatchDecisionIn]) -> list[DecidedOut | Refused]:
    """What became of each decision of a batch."""
    words = [Word(one.left, one.right, one.decision) for one in batch]
    source = f"api: {request.auth}"[:50]
    problems = decide_pairs(words, by=None, now=moment_of_now(), source=source)
    said = [word for word, problem in zip(words, problems, strict=True) if problem is None]
    ids = {id_ for word in said for id_ in word[:2]}
    note_access(request, ids)
    leads = leaders_of(ids)
    return [
        problem
        or DecidedOut(
            left=word.left,
            right=word.right,
            left_person=leads[word.left],
            right_person=leads[word.right],
            is_one_person=leads[word.left] == leads[word.right],
        )
        for word, problem in zip(words, problems, strict=True)
    ]


def _lead(request: ApiRequest, customer_id: int) -> Customer:
    found = get_seen(Customer, customer_id, seen_by=request.auth)
    return found.merged_into or found


def _record(one: SeenRecord, lead: Customer, eyes: Eyes) -> RecordOut:
    return RecordOut(
        id=one.id,
        leads=one.id == lead.pk,
        sources=sorted({origin.source for origin in one.origins}),
        facts={name: eyes.fact(lead.pk, name, value) for name, value in one.facts.items()},
        purchases=one.purchases,
    )


def _evidence(one: Evidence) -> EvidenceOut:
    return EvidenceOut(
        id=one.pk,
        left=one.left_id,
        right=one.right_id,
        kind=one.kind,  # type: ignore[arg-type]
        probability=one.probability,
        steps=[EvidenceStepOut(**step) for step in one.steps],
        source=one.source,
        by_employee=one.by_id is not None,
        at=one.at,
        put_off_at=one.put_off_at,
    )


def _entry(one: Any) -> MergeEntryOut:
    return MergeEntryOut(
        id=one.pk,
        kind=one.kind,
        customer_id=one.customer_id,
        lead_id=one.lead_id,
        reason=one.reason,
        by_employee=one.by_id is not None,
        at=one.at,
        undoes=one.undoes_id,
    )


def _act(one: Act) -> ActOut:
    return ActOut(at=one.at, kind=one.kind, text=one.text)
