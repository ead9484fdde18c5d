"""Erasure: a person is taken out of everything, and it is proved that nothing names them any more."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import override

from regulars.company.queries import get_brand
from regulars.core.events import publish
from regulars.core.holdings import Person, erase_rows, holdings, places
from regulars.core.jobs import job
from regulars.core.needles import Needles
from regulars.core.searching import Searched, checkpoint, search_everywhere, vacuum
from regulars.customers.actions.access import note_access_of
from regulars.customers.actions.claims import pass_on_identities
from regulars.customers.actions.privacy import begin_request, end_request, keep_file
from regulars.customers.actions.tombstones import add_tombstone, missing_here
from regulars.customers.events import CustomersErased
from regulars.customers.models import Customer, PrivacyRequest, Tombstone
from regulars.customers.papers.papers import paper_of
from regulars.customers.queries.privacy import person_of, without_shared


@dataclass
class Erased:
    """What an erasure did: rows and pieces by table and place, and what the check after it found."""

    person: Person
    counts: dict[str, int] = field(default_factory=dict)
    shared: int = 0
    searched: Searched = field(default_factory=Searched)
    seconds: float = 0.0


@transaction.atomic
def start_erasure(request_id: int, *, now: datetime) -> PrivacyRequest:
    """Has a person erased by a job; the request must be verified. There is no way back."""
    request = begin_request(request_id, "erasure", now=now)
    erase_by_request.enqueue(request_id=request.pk)
    return request


@job(queue="bulk", attempts=5, lock="erasure")
def erase_by_request(*, request_id: int) -> None:
    """Erases the person of a request, checks it, and writes the certificate; may be repeated."""
    request = PrivacyRequest.objects.get(pk=request_id)
    if request.state != "running":
        return
    began = timezone.now()
    with transaction.atomic():
        request = PrivacyRequest.objects.select_for_update(of=("self",)).get(pk=request_id)
        erased = _take_up(request) or _erase_of(request, now=began)
    finish_erasure(erased)
    erased.seconds = round((timezone.now() - began).total_seconds(), 1)
    _certify(request, erased, now=timezone.now())


def erase_in_database(person: Person) -> Erased:
    """Takes a person out of every table; part of the caller's transaction, which adds a tombstone.

    Names, phones and other identifiers that another living person has too are left in texts.
    """
    Customer.objects.select_for_update().filter(pk__in=person.customer_ids).count()
    narrowed, shared = without_shared(person)
    pass_on_identities(person.customer_ids)
    for place in places():
        place.prepare(narrowed)
    counts = {one.table: erase_rows(one, narrowed) for one in holdings()}
    publish(CustomersErased(customer_ids=person.customer_ids))
    return Erased(narrowed, {name: count for name, count in counts.items() if count}, shared)


def finish_erasure(erased: Erased) -> None:
    """Takes a person out of what lies outside the database, frees the room, and looks again.

    Call it after the commit of `erase_in_database`; repeating it is harmless.
    """
    for place in places():
        if count := place.erase(erased.person):
            erased.counts[place.name] = count
    if not connection.in_atomic_block:
        vacuum(name for name in erased.counts if name in {one.table for one in holdings()})
        checkpoint()
    erased.searched = search_everywhere(erased.person)


def erase_again(entries: Iterable[Tombstone]) -> list[Erased]:
    """Erases anew, in a database restored from an older backup, everybody on this list.

    Those whom the database knows to be erased are left as they are.
    """
    done = []
    for entry in missing_here(entries):
        with transaction.atomic():
            known = set(
                Customer.objects.filter(pk__in=entry.customer_ids).values_list("pk", flat=True)
            )
            person = _joined([person_of(one) for one in known], entry.customer_ids)
            erased = erase_in_database(person)
            entry.save(force_insert=True)
        finish_erasure(erased)
        done.append(erased)
    return done


def _joined(persons: list[Person], customer_ids: list[int]) -> Person:
    """One person of several that an older database knew apart."""
    ids = tuple(
        sorted({*customer_ids, *(one for person in persons for one in person.customer_ids)})
    )
    values = tuple(sorted({value for person in persons for value in person.values}))
    texts = {text for person in persons for text in person.needles.texts}
    numbers = {number for person in persons for number in person.needles.numbers}
    return Person(ids, values, Needles(tuple(sorted(texts)), tuple(sorted(numbers))))


def _erase_of(request: PrivacyRequest, *, now: datetime) -> Erased:
    """Erases in the database; what the check will look for is kept, sealed, until it is done."""
    person = person_of(request.customer_id)
    add_tombstone(person, request_number=request.pk, now=now)
    erased = erase_in_database(person)
    sought: dict[str, Any] = {
        "ids": erased.person.customer_ids,
        "texts": erased.person.needles.texts,
        "numbers": erased.person.needles.numbers,
        "shared": erased.shared,
        "counts": erased.counts,
    }
    note_access_of(
        person.customer_ids,
        "erased",
        actor="employee",
        actor_number=request.taken_by_id,
        place="customers.erase_by_request",
        now=now,
    )
    request.sought = sought
    request.save(update_fields=["sought"])
    return erased


def _take_up(request: PrivacyRequest) -> Erased | None:
    """The erasure that a job before this one did in the database, if it did."""
    if not (sought := request.sought):
        return None
    needles = Needles(tuple(sought["texts"]), tuple(sought["numbers"]))
    person = Person(tuple(sought["ids"]), (), needles)
    return Erased(person, dict(sought["counts"]), sought["shared"])


@transaction.atomic
def _certify(request: PrivacyRequest, erased: Erased, *, now: datetime) -> None:
    """Ends the request with the certificate, which holds nothing personal itself."""
    told = {
        "request": request.pk,
        "asked_at": request.asked_at.isoformat(),
        "erased_at": now.isoformat(),
        "records": len(erased.person.customer_ids),
        "changed": erased.counts,
        "shared_with_others": erased.shared,
        "searched": {
            "tables": erased.searched.tables,
            "columns": erased.searched.columns,
            "places": erased.searched.places,
        },
        "left": dict(erased.searched.left),
        "seconds": erased.seconds,
    }
    request.refresh_from_db()
    state = "done" if erased.searched.is_clean else "failed"
    if erased.searched.is_clean:
        end_request(request, told, by=None, now=now)
    else:
        # What was found is for people to see to; the identifiers stay sealed for the next check.
        request.state, request.result = state, told
        request.save(update_fields=["state", "result"])
    keep_file(
        request, "certificate", "json", json.dumps(told, indent=1).encode(), now=now, days=None
    )
    keep_file(request, "certificate", "pdf", certificate_paper(told), now=now, days=None)


def certificate_paper(told: dict[str, Any]) -> bytes:
    """The certificate of an erasure as a PDF, in the company's language."""
    language = get_brand().language
    with override(language):
        labels = {one.table: str(one.label) for one in holdings()}
        labels |= {place.name: str(place.label) for place in places()}
        erased_at = datetime.fromisoformat(told["erased_at"])
        lines = [
            _("Request %(number)s, asked on %(day)s")
            % {
                "number": told["request"],
                "day": date_format(datetime.fromisoformat(told["asked_at"]), "SHORT_DATE_FORMAT"),
            },
            _("Erased on %(day)s in %(seconds)s seconds; customer records emptied: %(records)s")
            % {
                "day": date_format(erased_at, "SHORT_DATETIME_FORMAT"),
                "seconds": told["seconds"],
                "records": told["records"],
            },
            _("Looked through after it: %(tables)s tables, %(columns)s columns, %(places)s places")
            % told["searched"],
            _("Identifiers that belong to another person too, and were left there: %(n)s")
            % {"n": told["shared_with_others"]},
            _("Places that still name the person: %(n)s") % {"n": len(told["left"])},
        ]
        changed = [
            {"what": labels.get(name, name), "amount": str(count)}
            for name, count in told["changed"].items()
        ]
        left = [
            {"what": labels.get(name, name), "amount": str(count)}
            for name, count in told["left"].items()
        ]
        tables = [("changed", _("Emptied, removed or made anonymous"), changed)]
        tables += [("left", _("Still to be seen to"), left)] if left else []
        title = _("Certificate of erasure")
        return paper_of(title, lines, tables, language=language)
