"""What insight holds of people: scores, remembered results, and the files of the lake."""

import duckdb
from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from regulars.core.holdings import Holding, Person, Place, hold, impersonal
from regulars.insight.actions.lake import refresh_lake
from regulars.insight.lake.fact import Fact, facts
from regulars.insight.lake.files import lake_folder
from regulars.insight.models import LakePart, LakeRewrite

hold(
    Holding(
        "insight_customerrfm",
        _("Scores"),
        shows="""SELECT last_on, recency_days, frequency, monetary_minor, r, f, m, segment,
            scored_on FROM insight_customerrfm WHERE customer_id = ANY(%(ids)s)""",
        clears=None,
    ),
    Holding("insight_metricresult", _("Results"), whose="false", mentions=("body",)),
)
impersonal(
    "where the lake stands",
    "insight_lakefact",
    "insight_lakepart",
    "insight_lakerequest",
    "insight_lakerewrite",
)


def _strings(fact: Fact) -> list[str]:
    return [name for name, kind in fact.columns.items() if kind == "string"]


def wish_for_rewriting(person: Person) -> None:
    """Has the months written again that name a person, or whose rows of theirs have changed."""
    for fact in facts.kinds().values():
        parts = LakePart.objects.filter(fact=fact.name).values_list("month", "path")
        months = {month for month, path in parts if _concerns(fact, path, person)}
        LakeRewrite.objects.bulk_create(
            [LakeRewrite(fact=fact.name, month=month) for month in months if month],
            ignore_conflicts=True,
        )


def _concerns(fact: Fact, path: str, person: Person) -> bool:
    """Whether a file has rows of a person that an erasure changes: all but bare trade."""
    if fact.is_snapshot or not (lake_folder() / path).exists():
        return False
    told = set(fact.columns)
    if "customer_id" in told and _strings(fact):
        ids = ", ".join(map(str, person.customer_ids))
        if _count(path, f"customer_id IN ({ids})"):
            return True
    return bool(_naming(fact, path, person))


def _count(path: str, condition: str) -> int:
    with duckdb.connect() as engine:
        found = engine.execute(
            f"SELECT count(*) FROM read_parquet('{lake_folder() / path}',"
            f" hive_partitioning = false) WHERE {condition}"
        ).fetchone()
    return int(found[0]) if found else 0


def _naming(fact: Fact, path: str, person: Person) -> int:
    """How many different texts of a file name a person."""
    count = 0
    with duckdb.connect() as engine:
        for column in _strings(fact):
            rows = engine.execute(
                f"SELECT DISTINCT {column} FROM read_parquet('{lake_folder() / path}',"
                f" hive_partitioning = false) WHERE {column} IS NOT NULL"
            )
            while batch := rows.fetchmany(50_000):
                count += sum(person.needles.found_in(value) for (value,) in batch)
    return count


def rewrite_lake(person: Person) -> int:
    """Writes the lake again where it changed; how many files are new."""
    before = set(LakePart.objects.values_list("path", flat=True))
    if before:
        refresh_lake(now=timezone.now())
    return len(set(LakePart.objects.values_list("path", flat=True)) - before)


def lake_files_naming(person: Person) -> list[str]:
    """The files of the lake that still name a person, swept ones included."""
    kinds = facts.kinds()
    found = []
    for path in sorted(lake_folder().rglob("*.parquet")):
        name = str(path.relative_to(lake_folder()))
        fact = kinds.get(name.partition("/")[0])
        if fact is not None and _naming(fact, name, person):
            found.append(name)
    return found


def forget_lake() -> None:
    """Takes every file off the list: the lake is written anew by the next run."""
    with connection.cursor() as cursor:
        cursor.execute(
            "TRUNCATE insight_lakefact, insight_lakepart, insight_lakerewrite, insight_metricresult"
        )


hold(
    Place(
        "lake",
        _("The lake"),
        prepare=wish_for_rewriting,
        erase=rewrite_lake,
        search=lake_files_naming,
    )
)
