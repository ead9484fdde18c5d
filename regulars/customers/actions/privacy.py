"""What is done about people's rights: requests with their clock, corrections, restrictions."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from regulars.company.models import Employee
from regulars.core.errors import Conflict, Refused
from regulars.core.events import publish
from regulars.customers.actions.profiles import learn_customers
from regulars.customers.events import CustomersRestricted
from regulars.customers.models import PrivacyFile, PrivacyRequest, Restriction
from regulars.customers.queries.privacy import erased_at, records_of
from regulars.customers.rules.privacy import ASKED_BY, KINDS, OPEN_STATES, due_at
from regulars.customers.rules.profiles import CORRECTED, ProfileInput
from regulars.customers.rules.purchases import BY_ID, CustomerRef
from regulars.environment import read


@transaction.atomic
def open_privacy_request(
    customer_id: int,
    kind: str,
    *,
    asked_by: str,
    now: datetime,
    verified: str = "",
    note: str = "",
    by: Employee | None = None,
    wishes: Mapping[str, Any] | None = None,
) -> PrivacyRequest:
    """A request of a person about their data, with its clock running from `now`.

    `asked_by` is `person`, `employee` or `program`; `verified` says how it is known that the
    person themselves asked. A request of the same kind that is still open is given back instead.
    """
    if kind not in KINDS:
        raise Refused("unknown_kind", _("There is no such request"), "kind")
    if asked_by not in ASKED_BY:
        raise Refused("unknown_asker", _("Say who asks"), "asked_by")
    if not (records := records_of(customer_id)) or erased_at(records[0]):
        raise Refused("unknown_customer", _("There is no such customer"), "customer_id")
    known = PrivacyRequest.objects.filter(
        customer__in=records, kind=kind, state__in=OPEN_STATES
    ).first()
    return known or PrivacyRequest.objects.create(
        customer_id=records[0],
        kind=kind,
        asked_by=asked_by,
        verified=verified[:200],
        note=note[:1000],
        taken_by=by,
        asked_at=now,
        due_at=due_at(now, days=int(read("PRIVACY_DAYS") or 30)),
        wishes=dict(wishes) if wishes else None,
    )


@transaction.atomic
def verify_request(request_id: int, verified: str) -> PrivacyRequest:
    """Writes down how it is known that the person themselves asked."""
    request = _open_request(request_id)
    if not verified.strip():
        raise Refused("not_verified", _("Say how you know who asks"), "verified")
    request.verified = verified.strip()[:200]
    request.save(update_fields=["verified"])
    return request


@transaction.atomic
def refuse_request(
    request_id: int, reason: str, *, by: Employee | None, now: datetime
) -> PrivacyRequest:
    """Ends a request without doing it, with the reason that the person is told."""
    request = _open_request(request_id)
    if not reason.strip():
        raise Refused("no_reason", _("Say why it is declined"), "reason")
    return end_request(request, {"reason": reason.strip()[:1000]}, by=by, now=now, state="refused")


@transaction.atomic
def begin_request(request_id: int, kind: str, *, now: datetime) -> PrivacyRequest:
    """Marks an open and verified request of that kind as being done; its job may start."""
    request = _open_request(request_id)
    if request.kind != kind:
        raise Refused("another_kind", _("This request asks for something else"), "kind")
    if not request.verified:
        raise Refused("not_verified", _("Say how you know who asks"), "verified")
    request.state, request.started_at = "running", now
    request.save(update_fields=["state", "started_at"])
    return request


@transaction.atomic
def correct_customer(
    request_id: int, facts: Mapping[str, Any], *, by: Employee | None, now: datetime
) -> PrivacyRequest:
    """States facts as the person wants them; no source overrules them from then on."""
    request = begin_request(request_id, "correction", now=now)
    said = {name: value for name, value in facts.items() if value not in ("", None)}
    if not said:
        raise Refused("nothing_to_correct", _("Say what is right"), "facts")
    whom = CustomerRef(BY_ID, str(request.customer_id))
    entry = ProfileInput(f"person:{request.customer_id}", said, (whom,))
    (learned,) = learn_customers([entry], source=CORRECTED, now=now)
    if learned.refused:
        raise learned.refused
    return end_request(request, {"facts": sorted(said)}, by=by, now=now)


@transaction.atomic
def restrict_customer(
    request_id: int, reason: str, *, by: Employee | None, now: datetime
) -> Restriction:
    """Has a person's data kept and not used from now on; an objection stops offers only."""
    kind = _open_request(request_id).kind
    if kind not in {"restriction", "objection"}:
        raise Refused("another_kind", _("This request asks for something else"), "kind")
    request = begin_request(request_id, kind, now=now)
    scope = "all" if kind == "restriction" else "marketing"
    ids = records_of(request.customer_id)
    held = Restriction.objects.filter(customer__in=ids, scope=scope, lifted_at=None).first()
    held = held or Restriction.objects.create(
        customer_id=request.customer_id,
        scope=scope,
        reason=reason[:200],
        since=now,
        set_by=by,
        request=request,
    )
    publish(CustomersRestricted(customer_ids=ids))
    end_request(request, {"restriction": held.pk}, by=by, now=now)
    return held


@transaction.atomic
def lift_restriction(
    restriction_id: int, reason: str, *, by: Employee | None, now: datetime
) -> Restriction:
    """Lets the data of a person be used again, with the reason."""
    held = Restriction.objects.select_for_update(of=("self",)).filter(pk=restriction_id).first()
    if held is None:
        raise Refused("unknown_restriction", _("There is no such restriction"), "restriction_id")
    if not reason.strip():
        raise Refused("no_reason", _("Say why it is lifted"), "reason")
    if held.lifted_at is None:
        held.lifted_at, held.lifted_by, held.lift_reason = now, by, reason.strip()[:200]
        held.save(update_fields=["lifted_at", "lifted_by", "lift_reason"])
        publish(CustomersRestricted(customer_ids=records_of(held.customer_id)))
    return held


def end_request(
    request: PrivacyRequest,
    result: Mapping[str, Any],
    *,
    by: Employee | None,
    now: datetime,
    state: str = "done",
) -> PrivacyRequest:
    """Ends a request with its result; what was kept to do it goes."""
    request.state, request.done_at, request.result = state, now, dict(result)
    request.done_by = by or request.done_by
    request.wishes = request.sought = None
    request.save()
    return request


def keep_file(
    request: PrivacyRequest,
    kind: str,
    format: str,
    content: bytes,
    *,
    now: datetime,
    days: int | None = None,
) -> PrivacyFile:
    """Keeps a file that was made for a request, sealed; after `days` it goes."""
    expires_at = now + timedelta(days=days) if days else None
    kept, _made = PrivacyFile.objects.update_or_create(
        request=request,
        kind=kind,
        format=format,
        defaults={"content": content, "made_at": now, "expires_at": expires_at},
    )
    return kept


def forget_expired_files(*, now: datetime) -> int:
    """Deletes the files whose time is over; how many they were."""
    return PrivacyFile.objects.filter(expires_at__lte=now).delete()[0]


def _open_request(request_id: int) -> PrivacyRequest:
    rows = PrivacyRequest.objects.select_for_update(of=("self",))
    request = rows.filter(pk=request_id).first()
    if request is None:
        raise Refused("unknown_request", _("There is no such request"), "request_id")
    if request.state not in OPEN_STATES:
        raise Conflict("request_has_ended", _("This request has ended"), "request_id")
    return request
