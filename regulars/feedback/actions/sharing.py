"""Sharing results by links that end: made, and ended before their time."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from regulars.core.access import Viewer
from regulars.core.errors import NotFound, Refused
from regulars.feedback.models import ResultLink, Survey
from regulars.feedback.queries.sharing import digest_of

DAYS_MAX = 366
LINKS_MAX = 100
"""Links of one survey that work at the same time."""


@dataclass(frozen=True, slots=True)
class Shared:
    """A new link with its secret, which is told this once."""

    link: ResultLink
    token: str


def share_results(
    survey: Survey, *, name: str, days: int, seen_by: Viewer, now: datetime, made_by: str = ""
) -> Shared:
    """A link to the results as this viewer sees them, for so many days.

    Raises Refused where nobody is named, for days out of bounds, and for too many links.
    """
    if not name.strip():
        raise Refused("name_missing", "say for whom the link is", "name")
    if not 1 <= days <= DAYS_MAX:
        raise Refused(
            "out_of_bounds", _("a link works for 1 to %(most)s days") % {"most": DAYS_MAX}, "days"
        )
    working = ResultLink.objects.filter(survey=survey, ended_at=None, expires_at__gt=now)
    if working.count() >= LINKS_MAX:
        raise Refused(
            "too_many",
            _("at most %(most)s links of a survey work at once") % {"most": LINKS_MAX},
            "name",
        )
    token = secrets.token_urlsafe(24)
    stores = seen_by.store_ids
    link = ResultLink.objects.create(
        survey=survey,
        digest=digest_of(token),
        name=name.strip()[:100],
        store_ids=None if stores is None else sorted(stores),
        made_by=made_by[:150],
        made_at=now,
        expires_at=now + timedelta(days=days),
    )
    return Shared(link, token)


def end_share(survey: Survey, link_id: int, *, now: datetime) -> ResultLink:
    """The link, which opens nothing from now on; a second time changes nothing."""
    link = ResultLink.objects.filter(survey=survey, pk=link_id).first()
    if link is None:
        raise NotFound("not_found", f"the survey has no link {link_id}", "link_id")
    if link.ended_at is None:
        link.ended_at = now
        link.save(update_fields=["ended_at"])
    return link
