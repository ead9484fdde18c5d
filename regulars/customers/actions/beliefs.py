"""What the company decides of sources and identities: whom it believes, what points to nobody."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from django.db import connection, transaction
from django.utils import timezone

from regulars.core.errors import Refused
from regulars.core.events import publish
from regulars.core.jobs import job
from regulars.customers.actions.projection import project_profiles
from regulars.customers.actions.resolving import settle
from regulars.customers.events import CustomersChanged
from regulars.customers.models import BlockedValue, Claim, Identity, IdentityLimit, SourceRank
from regulars.customers.rules.identities import normal_value
from regulars.customers.rules.sharing import LIMITS, Limit

CHUNK = 1_000


@transaction.atomic
def rank_sources(sources: Sequence[str]) -> None:
    """Believe sources in this order, the first before all others; profiles follow by a job."""
    SourceRank.objects.all().delete()
    SourceRank.objects.bulk_create(
        SourceRank(source=source[:50], rank=len(sources) - place)
        for place, source in enumerate(dict.fromkeys(sources))
    )
    project_everybody.enqueue()


@job(queue="bulk", lock="customers.project")
def project_everybody() -> None:
    """Works out every profile anew, after the precedence of sources changed."""
    last = 0
    while ids := _customers_after(last):
        with transaction.atomic():
            if changed := project_profiles(ids):
                publish(CustomersChanged(customer_ids=tuple(sorted(changed))))
        last = ids[-1]


def _customers_after(last: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM customers_customer WHERE id > %s ORDER BY id LIMIT %s", [last, CHUNK]
        )
        return [row[0] for row in cursor.fetchall()]


@transaction.atomic
def block_value(kind: str, value: str, *, now: datetime) -> BlockedValue:
    """Have a value point to nobody from now on; whom it joined is parted again."""
    normal = normal_value(kind.strip(), value)
    if not kind.strip() or normal is None or len(normal) > 254:
        raise Refused("nobody_already", "this value points to nobody as it is", "value")
    if len(kind.strip()) > 50:
        raise Refused("unknown_kind", "a kind has at most 50 characters", "kind")
    blocked, _ = BlockedValue.objects.get_or_create(
        kind=kind.strip(), value=normal, defaults={"at": now}
    )
    _judge_again(Identity.objects.filter(kind=kind.strip(), value=normal), now=now)
    return blocked


@transaction.atomic
def unblock_value(blocked_id: int, *, now: datetime) -> None:
    """Have a value point to people again."""
    if blocked := BlockedValue.objects.filter(pk=blocked_id).first():
        found = list(Identity.objects.filter(kind=blocked.kind, value=blocked.value))
        blocked.delete()
        _judge_again(found, now=now)


@transaction.atomic
def set_limits(limits: Mapping[str, Limit]) -> None:
    """Set how many people may have one identity, by kind; persons follow by a job."""
    for kind, limit in limits.items():
        if limit.people < 1 or limit.people > 10_000 or not 0 < (limit.days or 1) <= 10_000:
            raise Refused("bad_limit", "at least one person, at most 10000 days", kind)
        if limit == LIMITS.get(kind):
            IdentityLimit.objects.filter(kind=kind).delete()
        else:
            IdentityLimit.objects.update_or_create(
                kind=kind, defaults={"people": limit.people, "days": limit.days}
            )
    judge_everything.enqueue()


@job(queue="bulk", lock="customers.resolve")
def judge_everything() -> None:
    """Judges every identity that several records claim anew, after a limit changed."""
    last = 0
    while found := list(Identity.objects.filter(pk__gt=last).order_by("pk")[:CHUNK]):
        with transaction.atomic():
            _judge_again(found, now=timezone.now())
        last = found[-1].pk


def _judge_again(identities: Iterable[Identity], *, now: datetime) -> None:
    found = list(identities)
    claims = Claim.objects.filter(identity__in=[one.pk for one in found])
    ids = {one.customer_id for one in found} | set(claims.values_list("customer", flat=True))
    if moved := settle(ids, now=now, anew=True):
        project_profiles(moved)
        publish(CustomersChanged(customer_ids=tuple(sorted(moved))))
