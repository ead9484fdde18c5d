"""What a journey starts with: the nine stages, and a retailer's touchpoints."""

from collections.abc import Sequence
from datetime import datetime

from django.db import connection, transaction

from regulars.journey.actions.passages import pass_by_purchases
from regulars.journey.models import Stage, TargetModel, Touchpoint
from regulars.journey.rules import STAGES
from regulars.journey.starting_set import RETAIL, StartingTouchpoint


def ensure_stages() -> None:
    """The nine stages exist afterwards, in their order; one statement."""
    Stage.objects.bulk_create(
        [Stage(key=stage.key, position=place) for place, stage in enumerate(STAGES, 1)],
        ignore_conflicts=True,
    )


@transaction.atomic
def ensure_defaults(
    *, now: datetime, wanted: Sequence[StartingTouchpoint] = RETAIL
) -> list[Touchpoint]:
    """The touchpoints of a starting set, made where their codes are missing; others are left alone.

    New ones get their target model. A constant number of statements, and harmless to repeat.
    """
    ensure_stages()
    with connection.cursor() as cursor:
        # Two first batches of purchases may come at once; the second waits and finds all done.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('journey.ensure_defaults'))")
    codes = [each.code for each in wanted]
    known = set(Touchpoint.objects.filter(code__in=codes).values_list("code", flat=True))
    stages = {stage.key: stage for stage in Stage.objects.all()}
    missing = [each for each in wanted if each.code not in known]
    made = Touchpoint.objects.bulk_create(
        [
            Touchpoint(
                code=each.code,
                stage=stages[each.stage],
                channel=each.channel,
                name=each.name,
                name_ru=each.name_ru,
                fed_by=each.fed_by,
            )
            for each in missing
        ]
    )
    TargetModel.objects.bulk_create(
        [
            TargetModel(
                touchpoint=touchpoint,
                expectation=each.expectation,
                expectation_ru=each.expectation_ru,
                measure=each.measure,
                goal=each.goal,
                valid_from=now,
            )
            for touchpoint, each in zip(made, missing, strict=True)
        ]
    )
    return list(Touchpoint.objects.filter(code__in=codes))


def pass_by_known_purchases(purchase_ids: Sequence[int], *, now: datetime) -> int:
    """Write the passages of purchases, on a map that is laid out first where there is none."""
    if not Touchpoint.objects.exists():
        ensure_defaults(now=now)
    return pass_by_purchases(purchase_ids)
