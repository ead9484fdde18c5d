"""What other systems tell and ask of consents: what people said, what is the case, the texts shown."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from django.http import HttpRequest, HttpResponse
from django.utils.timezone import now as moment_of_now
from ninja import Field, Query, Router, Schema
from ninja.responses import Status

from regulars.core.access import get_seen
from regulars.core.api.cursors import Page, PageAsk, page_of
from regulars.core.api.fields import Id, Key, Moment
from regulars.core.api.lines import answer_lines
from regulars.core.api.operations import reads, takes_lines, writes
from regulars.core.api.requests import ApiRequest
from regulars.core.errors import Forbidden, NotFound, Refused
from regulars.customers.access import note_access
from regulars.customers.actions import (
    ConsentInput,
    CustomerRef,
    Writer,
    change_purpose,
    publish_texts,
    record_consents,
)
from regulars.customers.actions.consents import Noted
from regulars.customers.api.people import IdentityShape
from regulars.customers.eyes import Eyes, eyes_of
from regulars.customers.models import Consent, ConsentText, Customer
from regulars.customers.queries import persons_of, states_of
from regulars.customers.queries.consents import consents_of, purposes, texts_of
from regulars.customers.rules.consents import PurposeShape

router = Router(tags=["Consents"])
Basis = Literal["consent", "contract", "legitimate_interest", "legal_duty"]


class ConsentIn(Schema):
    """What a person said of a purpose on a channel, with the proof of it."""

    customer: IdentityShape = Field(
        description="Whom it is of: `id` (our own), `card`, `email`, `phone`, or `id@source`."
    )
    purpose: str = Field(
        max_length=30, examples=["marketing"], description="Empty in a no: every purpose."
    )
    channel: str = Field(
        max_length=30, examples=["email"], description="Empty in a no: every channel."
    )
    state: Literal["given", "refused", "withdrawn", "pending"] = Field(
        description="`pending` has a yes by e-mail confirmed from the mailbox (double opt-in)."
    )
    at: Moment
    source: str = Field(min_length=1, max_length=50, examples=["web shop"])
    valid_until: Moment | None = None
    language: str = Field("", max_length=10)
    text_hash: str = Field(
        "",
        max_length=64,
        description="SHA-256 of the published text that was shown; see `/consent-texts`.",
    )
    key: str = Field("", max_length=100, description="Names the cause; without one, the content.")
    covers_person: bool = Field(
        default=False,
        description="The person spoke for all records that are theirs, as on a preference page.",
    )
    proof: dict[str, Any] = Field(
        default={}, max_length=40, examples=[{"form": "checkout", "ip": "203.0.113.7"}]
    )


class NotedOut(Schema):
    """Under which number a word is on record, and whether it is new."""

    id: Id
    customer_id: Id
    created: bool


class ConsentOut(Schema):
    """One word on record; words are added and never changed."""

    id: Id
    customer_id: Id
    purpose: str
    channel: str
    state: str
    basis: str
    at: Moment
    valid_until: Moment | None
    source: str
    language: str
    text_hash: str
    proof: dict[str, Any]
    recorded_at: Moment


class StandingOut(Schema):
    """What is the case for one purpose on one channel, and the word it rests on."""

    purpose: str
    channel: str
    state: str = Field(
        examples=["given"],
        description="given, refused, withdrawn, pending, expired, outdated or unknown.",
    )
    consent_id: Id | None
    since: Moment | None


class StateAsk(Schema):
    """As of which moment the state is asked for."""

    at: Moment | None = Field(None, description="Without it: now.")


class PurposeIn(Schema):
    """A purpose: why it is lawful, and its rules."""

    name: str = Field(min_length=1, max_length=100)
    name_ru: str = Field("", max_length=100)
    basis: Basis = "consent"
    is_refusable: bool = True
    confirms_email: bool = Field(default=False, description="Double opt-in for a yes by e-mail.")
    valid_days: int | None = Field(None, ge=1, le=36_500)
    is_on: bool = True


class PurposeOut(PurposeIn):
    """A purpose by its code."""

    code: Key


class TextsIn(Schema):
    """The next version of a purpose's text, in one language or more."""

    purpose: Key
    texts: dict[Literal["en", "ru"], str] = Field(
        min_length=1, examples=[{"en": "Yes, write to me about offers."}]
    )
    needs_new_consent: bool = Field(
        default=False, description="Whoever agreed to an earlier version is asked again."
    )


class TextOut(Schema):
    """A published text; it is never changed."""

    id: Id
    purpose: str
    language: str
    version: int
    text: str
    hash: str
    needs_new_consent: bool
    published_at: Moment


class TextAsk(PageAsk):
    """Which texts are asked for."""

    purpose: str = Field("", max_length=30)


@router.get(
    "/customers/{int:customer_id}/consents",
    response=Page[ConsentOut],
    **reads("consents:read"),
)
def list_consents(request: ApiRequest, customer_id: Id, ask: Query[PageAsk]) -> Page[ConsentOut]:
    """Every word of a person over all their records, the newest first.

    Without the scope `customers:personal` the proof is left out.
    """
    rows = consents_of(_records(request, customer_id)).order_by()
    eyes = eyes_of(request)
    return page_of(rows, ask, shape=lambda row: _consent(row, eyes), order="-id")


@router.get(
    "/customers/{int:customer_id}/consents/states",
    response=list[StandingOut],
    **reads("consents:read"),
)
def list_states(request: ApiRequest, customer_id: Id, ask: Query[StateAsk]) -> list[StandingOut]:
    """What is the case for each purpose on each channel, now or at any moment; the strictest of
    the person's records wins.
    """
    _records(request, customer_id)
    states = states_of([customer_id], ask.at or moment_of_now())[customer_id]
    return [
        StandingOut(
            purpose=purpose,
            channel=channel,
            state=standing.state,
            consent_id=standing.word.id if standing.word else None,
            since=standing.word.at if standing.word else None,
        )
        for (purpose, channel), standing in states.items()
    ]


@router.post("/consents", response={201: NotedOut}, **writes("consents:write"))
def record_consent(request: ApiRequest, told: ConsentIn) -> Status[NotedOut]:
    """Put on record what a person said; a repeat changes nothing and gets its first answer."""
    (noted,) = _record(request, [told], now=moment_of_now())
    if isinstance(noted, Refused):
        raise noted
    note_access(request, [noted.customer_id])
    return Status(201, noted)


@router.post("/consents/bulk", **takes_lines("consents:write", ConsentIn))
def record_many_consents(request: ApiRequest) -> HttpResponse:
    """Put on record what many people said, a line each."""
    return answer_lines(
        request, ConsentIn, lambda batch: _record(request, batch, now=moment_of_now())
    )


@router.get("/purposes", response=list[PurposeOut], **reads("consents:read"))
def list_purposes(request: ApiRequest) -> list[PurposeOut]:
    """Every purpose with its legal basis."""
    return [PurposeOut.model_validate(one, from_attributes=True) for one in purposes().values()]


@router.put("/purposes/{purpose_code}", response=PurposeOut, **writes("consents:write"))
def put_purpose(request: ApiRequest, purpose_code: str, told: PurposeIn) -> PurposeOut:
    """Have a purpose be like this; a code that is new adds one."""
    _see_all_stores(request)
    made = change_purpose(PurposeShape(code=purpose_code, **told.dict()))
    return PurposeOut.model_validate(made, from_attributes=True)


@router.get("/consent-texts", response=Page[TextOut], **reads("consents:read"))
def list_texts(request: ApiRequest, ask: Query[TextAsk]) -> Page[TextOut]:
    """Published texts with their hashes, the newest first."""
    rows = texts_of(ask.purpose) if ask.purpose else ConsentText.objects.all()
    return page_of(rows.order_by(), ask, shape=_text, order="-id")


@router.post("/consent-texts", response={201: list[TextOut]}, **writes("consents:write"))
def publish_consent_texts(request: ApiRequest, told: TextsIn) -> Status[list[TextOut]]:
    """Publish the next version of a purpose's text."""
    _see_all_stores(request)
    if told.purpose not in purposes():
        raise NotFound("not_found", f"there is no purpose {told.purpose}", "purpose")
    made = publish_texts(
        told.purpose,
        {str(language): text for language, text in told.texts.items()},
        needs_new_consent=told.needs_new_consent,
        now=moment_of_now(),
    )
    return Status(201, [_text(one) for one in made])


def _see_all_stores(request: ApiRequest) -> None:
    if request.auth.store_ids is not None:
        raise Forbidden("all_stores_needed", "consents need a key for all stores")


def _records(request: ApiRequest, customer_id: int) -> tuple[int, ...]:
    """All records of the person to whom a record belongs."""
    asked = get_seen(Customer, customer_id, seen_by=request.auth)
    return next(iter(persons_of([asked.pk]).values()))


def _record(
    request: HttpRequest, batch: Sequence[ConsentIn], *, now: datetime
) -> list[NotedOut | Refused]:
    key: Any = request
    words = [_words(told) for told in batch]
    return [
        _noted(one) for one in record_consents(words, now=now, writer=Writer(None, key.auth.pk))
    ]


def _words(told: ConsentIn) -> ConsentInput:
    whose = CustomerRef(told.customer.kind, told.customer.value)
    return ConsentInput(customer=whose, **told.dict(exclude={"customer"}))


def _noted(one: Noted) -> NotedOut | Refused:
    return one.refused or NotedOut(
        id=one.consent_id, customer_id=one.customer_id, created=one.is_new
    )


def _consent(row: Consent, eyes: Eyes) -> ConsentOut:
    own = ConsentOut.model_fields.keys() - {"text_hash", "proof"}
    return ConsentOut(
        **{name: getattr(row, name) for name in own},
        text_hash=row.text.hash if row.text else "",
        proof=row.proof if eyes.sees(row.customer_id) else {},
    )


def _text(row: ConsentText) -> TextOut:
    return TextOut.model_validate(row, from_attributes=True)
