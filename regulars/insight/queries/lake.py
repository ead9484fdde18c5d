"""Where the lake stands."""

from django.db.models import Sum

from regulars.insight.models import LakeFact, LakePart


def lake_is_empty() -> bool:
    """Whether nothing has flowed into the lake yet."""
    return not LakePart.objects.filter(fact__in=("purchases", "signals")).exists()


def lake_version() -> int:
    """A number that grows with every change of the lake."""
    return int(LakeFact.objects.aggregate(versions=Sum("version"))["versions"] or 0)


def lake_state() -> list[dict[str, object]]:
    """Each fact with its version, rows, settled id and last run."""
    counted = LakePart.objects.values("fact").annotate(count=Sum("rows")).order_by("fact")
    rows = dict(counted.values_list("fact", "count"))
    return [
        {
            "fact": fact.name,
            "version": fact.version,
            "rows": rows.get(fact.name, 0),
            "settled_id": fact.settled_id,
            "exported_at": fact.exported_at,
        }
        for fact in LakeFact.objects.order_by("name")
    ]
