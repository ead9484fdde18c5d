"""A copy of everything that is held of a person: for machines as JSON, for people as a PDF."""

import json
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import override

from regulars.company.queries import get_brand
from regulars.core.jobs import every, job
from regulars.customers.actions.access import note_access_of
from regulars.customers.actions.privacy import (
    begin_request,
    end_request,
    forget_expired_files,
    keep_file,
)
from regulars.customers.models import Customer, PrivacyRequest
from regulars.customers.papers.papers import paper_of
from regulars.customers.queries.privacy import dossier_of, records_of
from regulars.customers.rules.privacy import LINK_DAYS


@transaction.atomic
def start_export(request_id: int, *, now: datetime) -> PrivacyRequest:
    """Has the copy of a person's data made by a job; the request must be verified."""
    request = begin_request(request_id, "export", now=now)
    make_export.enqueue(request_id=request.pk)
    return request


@job(queue="bulk", attempts=3)
def make_export(*, request_id: int) -> None:
    """Makes the files of an export, seals them, and ends the request; again changes nothing."""
    now = timezone.now()
    with transaction.atomic():
        request = PrivacyRequest.objects.select_for_update(of=("self",)).get(pk=request_id)
        if request.state != "running":
            return
        tables = dossier_of(request.customer_id)
        content = dossier_as_json(request, tables, now=now)
        keep_file(request, "data", "json", content, now=now, days=LINK_DAYS)
        keep_file(
            request, "data", "pdf", _as_paper(request, tables, now=now), now=now, days=LINK_DAYS
        )
        rows = {table: len(found) for table, _label, found in tables}
        end_request(request, {"rows": rows}, by=None, now=now)
        note_access_of(
            records_of(request.customer_id),
            "exported",
            actor="employee",
            actor_number=request.taken_by_id,
            place="customers.make_export",
            now=now,
        )


def dossier_as_json(
    request: PrivacyRequest, tables: list[tuple[str, Any, list[dict[str, Any]]]], *, now: datetime
) -> bytes:
    """The complete copy: a JSON object with the rows of each table under its name."""
    told = {
        "request": request.pk,
        "customer": request.customer_id,
        "made_at": now.isoformat(),
        "currency": get_brand().currency,
        "data": {table: rows for table, _label, rows in tables},
    }
    return json.dumps(told, ensure_ascii=False, indent=1).encode()


def _as_paper(
    request: PrivacyRequest, tables: list[tuple[str, Any, list[dict[str, Any]]]], *, now: datetime
) -> bytes:
    language = Customer.objects.get(pk=request.customer_id).language or get_brand().language
    with override(language):
        lines = [
            _("Request %(number)s of %(day)s")
            % {"number": request.pk, "day": date_format(request.asked_at, "SHORT_DATE_FORMAT")},
            _("Made on %(day)s. The JSON file beside this one is complete.")
            % {"day": date_format(now, "SHORT_DATE_FORMAT")},
        ]
        return paper_of(_("Everything we hold about you"), lines, tables, language=language)


@every("15 4 * * *", queue="bulk")
def forget_exports(timestamp: int) -> None:
    """Deletes exports whose link has run out."""
    forget_expired_files(now=timezone.now())
