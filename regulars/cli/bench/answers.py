"""Answers per second over HTTP beside the bare limit, and ten million answers summarised."""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlsplit

from django.db import connection
from django.utils.timezone import now as moment_of_now

from regulars.cli.bench.bare_answer import TABLE
from regulars.cli.bench.collect import environment_of_children
from regulars.cli.bench.posting import database_of_its_own
from regulars.cli.serve import WORKERS, web_server
from regulars.core.api.keys import create_key
from regulars.core.models import ApiKey
from regulars.feedback.actions.surveys import create_survey
from regulars.feedback.models import Answer
from regulars.feedback.starters import starter

CONNECTIONS = 64
ROUNDS = 3
RATIO_GOAL = 0.3
SECONDS_GOAL = 5.0
BARE = "regulars.cli.bench.bare_answer:application"
STORES = 500
DAYS = 365
LAST_ON = date(2026, 3, 1)


def measure_answers(*, seconds: float, answers: int) -> dict[str, Any]:
    """Answers a second with p99, the bare rate and their ratio; and the time of the summary."""
    over_http, summary = _over_http(seconds), _summarised(answers)
    good = over_http["ratio"] >= RATIO_GOAL and summary["seconds"] <= SECONDS_GOAL
    return {"http": over_http, "summary": summary, "good": good and over_http["all_kept"]}


def _over_http(seconds: float) -> dict[str, Any]:
    with database_of_its_own(), environment_of_children():
        now = moment_of_now()
        definition = starter("after_purchase").definition
        survey = create_survey(name="Bench", definition=definition, now=now)
        secret = _key_without_limit(now)
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE TABLE {TABLE} (id bigserial PRIMARY KEY)")
        with (
            web_server(workers=WORKERS) as product,
            web_server(workers=WORKERS, application=BARE) as bare,
        ):
            told = {"key": secret, "connections": CONNECTIONS, "seconds": seconds}
            mine, least = [], []
            for number in range(ROUNDS):
                mine.append(_load(product, {**told, "survey": survey.pk, "run": f"r{number}"}))
                least.append(_load(bare, {**told, "survey": 0, "run": f"b{number}"}))
        kept = Answer.objects.filter(survey=survey).count()
    rate, limit = (median(run["per_second"] for run in runs) for runs in (mine, least))
    return {
        "per_second": rate,
        "bare_per_second": limit,
        "ratio": round(rate / limit, 3),
        "p50_ms": median(run["p50_ms"] for run in mine),
        "p99_ms": median(run["p99_ms"] for run in mine),
        "bare_p99_ms": median(run["p99_ms"] for run in least),
        "failed": sum(run["failed"] for run in mine),
        "all_kept": kept >= sum(run["events"] for run in mine),
        "connections": CONNECTIONS,
        "processes": WORKERS,
    }


def _load(address: str, told: dict[str, Any]) -> dict[str, Any]:
    """What came of a load, after a short one to warm up."""
    command = [sys.executable, "-m", "regulars.cli.bench.answers_load"]
    done = ""
    for name, length in (("w", 1.0), ("", told["seconds"])):
        load = {
            **told,
            "port": urlsplit(address).port,
            "seconds": length,
            "run": f"{name}{told['run']}",
        }
        made = subprocess.run(
            [*command, json.dumps(load)], capture_output=True, check=True, text=True
        )
        done = made.stdout
    return dict(json.loads(done))


def _key_without_limit(now: datetime) -> str:
    made = create_key(name="bench", scopes=["answers:write"], now=now)
    ApiKey.objects.filter(pk=made.key.pk).update(requests_per_minute=2**31 - 1)
    return made.secret


def _summarised(answers: int) -> dict[str, Any]:
    """Seconds for NPS by store and week with intervals, by the metric the product serves."""
    from regulars.insight.engines.duckdb import DuckEngine
    from regulars.insight.lake.fact import facts
    from regulars.insight.metrics.nps_by_store_week import NpsByStoreWeek
    from regulars.insight.queries.metrics import tables
    from regulars.insight.rules.scope import Scope

    scope = Scope(LAST_ON - timedelta(days=DAYS - 1), LAST_ON)
    metric, engine = NpsByStoreWeek(), DuckEngine()
    with _lake(answers) as paths:
        sources = {"signals": (facts.get("signals"), paths)}
        took = []
        for _ in range(ROUNDS):
            started = time.perf_counter()
            rows = engine.rows(metric.expression(tables(), scope), sources)
            result = metric.result(rows, scope)
            took.append(time.perf_counter() - started)
    counted = sum(row["score"]["answers"] for row in result["rows"])
    return {
        "answers": counted,
        "groups": len(result["rows"]),
        "seconds": round(median(took), 3),
        "first_seconds": round(took[0], 3),
        "engine": "duckdb",
    }


@contextmanager
def _lake(answers: int) -> Iterator[list[str]]:
    """Signals as the lake keeps them, in a file for each month of a year."""
    import duckdb

    with tempfile.TemporaryDirectory() as folder:
        database = duckdb.connect(config={"memory_limit": "2GB", "temp_directory": folder})
        database.execute(
            f"""COPY (SELECT range AS id, 'survey' AS method, 'app' AS channel,
                    NULL::BIGINT AS touchpoint_id, 1 + range % {STORES} AS store_id,
                    range % 1000003 AS customer_id, 1::BIGINT AS survey_id, day,
                    day::TIMESTAMP AS at, 'nps' AS measure,
                    (hash(range) % 11)::DOUBLE AS native_score, 0.5::DOUBLE AS share,
                    false AS is_unhappy, false AS "sample", strftime(day, '%Y-%m') AS month
                FROM (SELECT range, DATE '{LAST_ON.isoformat()}'
                        - (hash(range + 7) % {DAYS})::INTEGER AS day FROM range({answers})))
            TO '{folder}/signals' (FORMAT parquet, PARTITION_BY (month))"""
        )
        database.close()
        yield sorted(str(path) for path in (Path(folder) / "signals").rglob("*.parquet"))
