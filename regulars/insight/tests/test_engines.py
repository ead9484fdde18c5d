"""Both engines give the same rows, value by value, for every metric."""

import importlib.util
import shutil
from datetime import date, timedelta

import duckdb
import pytest

from regulars.customers.models import Customer
from regulars.insight.engines import engine_for
from regulars.insight.lake.fact import facts
from regulars.insight.lake.files import lake_folder
from regulars.insight.metrics import metrics
from regulars.insight.metrics.rfm import rfm_scores
from regulars.insight.models import LakePart
from regulars.insight.queries.metrics import tables
from regulars.insight.rules.scope import Scope
from regulars.insight.tests import company
from tests import make

TODAY = make.NOW.date()
SCOPES = (
    Scope(TODAY - timedelta(days=29), TODAY),
    Scope(date(2025, 11, 3), date(2025, 12, 31), (1, 2, 3)),
)


def sources(names):
    folder = lake_folder()
    paths = {name: [] for name in names}
    for part in LakePart.objects.filter(fact__in=names).order_by("path"):
        paths[part.fact].append(str(folder / part.path))
    return {name: (facts.get(name), paths[name]) for name in names}


@pytest.fixture(scope="module")
def spark():
    """Spark on this machine; the tests are skipped, with the reason, where it cannot be."""
    if shutil.which("java") is None:
        pytest.skip("Java is not installed")
    if importlib.util.find_spec("pyspark") is None:
        pytest.skip("PySpark is not installed: pip install 'regulars[spark]'")
    return engine_for("local[2]")


@pytest.mark.spark
@pytest.mark.filterwarnings("ignore")
@pytest.mark.django_db(transaction=True)
def test_spark_and_duckdb_agree_on_every_row(spark):
    company.in_lake()
    make.merged(*Customer.objects.order_by("id")[:2])
    company.refresh_lake(now=make.NOW)
    duck = engine_for("duckdb")
    for kind, metric in metrics.kinds().items():
        for scope in SCOPES:
            expression = metric().expression(tables(), scope)
            found = sources(metric.facts)
            expected = duck.rows(expression, found)
            assert spark.rows(expression, found) == expected, (kind, scope)
            if scope is SCOPES[0]:
                assert expected, f"{kind} gave no rows to compare"
    scores = rfm_scores(tables(), SCOPES[0])
    found = sources(("purchases", "returns", "persons"))
    assert spark.rows(scores, found) == duck.rows(scores, found)


@pytest.mark.django_db(transaction=True)
def test_a_column_that_files_of_an_earlier_release_lack_is_null():
    company.in_lake()
    metric = metrics.get("fair_scores")(by="agent")
    expression, found = metric.expression(tables(), SCOPES[0]), sources(metric.facts)
    expected = engine_for("duckdb").rows(expression, found)
    assert expected
    for path in found["signals"][1]:
        earlier = duckdb.sql(f"SELECT * EXCLUDE served_by_id FROM read_parquet('{path}')").df()
        duckdb.from_df(earlier).write_parquet(path)
    assert engine_for("duckdb").rows(expression, found) == expected
