"""Links to results: all of a survey, and the one that a secret opens."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from regulars.feedback.models import ResultLink, Survey


@dataclass(frozen=True, slots=True)
class Sight:
    """What whoever comes by a link may see; its stores, None for all."""

    store_ids: frozenset[int] | None


def digest_of(token: str) -> str:
    """What is kept of the secret of a link."""
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()


def shares_of(survey: Survey) -> QuerySet[ResultLink]:
    """The links to the results of a survey, the newest first."""
    return ResultLink.objects.filter(survey=survey).order_by("-pk")


def find_share(token: str) -> ResultLink | None:
    """The link of a secret, also one that has ended."""
    return ResultLink.objects.select_related("survey").filter(digest=digest_of(token)).first()


def works(link: ResultLink, *, now: datetime) -> bool:
    """Whether a link still opens its results."""
    return link.ended_at is None and now < link.expires_at


def sight_of(link: ResultLink) -> Sight:
    """What the link shows: what its maker could see when it was made."""
    return Sight(None if link.store_ids is None else frozenset(link.store_ids))
