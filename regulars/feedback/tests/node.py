"""The public survey engine in Node: one process answers a batch of tasks."""

import json
import math
import os
import shutil
import subprocess
from datetime import datetime
from pathlib import Path
from typing import Any

NODE = Path(__file__).parents[3] / "tests" / "node"
IS_THERE = shutil.which("node") is not None and (NODE / "node_modules/survey-core").exists()


BATCH = 500


def answers_of_node(
    tasks: list[dict[str, Any]], *, now: datetime, timeout_s: float = 900
) -> list[dict[str, Any]]:
    """What survey-core answers to each task, a fresh process for every batch; its clock stands."""
    answers: list[dict[str, Any]] = []
    for first in range(0, len(tasks), BATCH):
        sent = "\n".join(json.dumps(task) for task in tasks[first : first + BATCH])
        done = subprocess.run(
            ["node", "survey.mjs"],
            cwd=NODE, input=sent, capture_output=True, text=True, check=True, timeout=timeout_s,
            env={**os.environ, "TZ": "UTC", "NOW": now.isoformat()},
        )  # fmt: skip
        answers += [json.loads(line) for line in done.stdout.splitlines()]
    return answers


def as_node_says(value: Any) -> Any:
    """A value of ours in the form that the script writes."""
    if isinstance(value, datetime):
        return {"$date": value.isoformat(timespec="milliseconds") + "Z"}
    if isinstance(value, float) and math.isnan(value):
        return {"$nan": True}
    if isinstance(value, float) and math.isinf(value):
        return {"$infinite": int(math.copysign(1, value))}
    if isinstance(value, list):
        return [as_node_says(member) for member in value]
    if isinstance(value, dict):
        return {key: as_node_says(member) for key, member in value.items()}
    return value


NO_JSON = ({"$nan": True}, {"$infinite": 1}, {"$infinite": -1})


def kept_of(data: dict[str, Any]) -> dict[str, Any]:
    """Answers of survey-core as they can be kept: it leaves numbers in them that JSON has not."""
    kept = {name: _kept(value) for name, value in data.items()}
    return {name: value for name, value in kept.items() if value is not None}


def _kept(value: Any) -> Any:
    if isinstance(value, list):
        return [_kept(member) for member in value]
    if not isinstance(value, dict):
        return value
    if value in NO_JSON:
        return None
    return value["$date"][:10] if "$date" in value else {k: _kept(v) for k, v in value.items()}


def seen_by_node(value: Any) -> Any:
    """A value with its numbers in one form, for comparison.

    The last of a number's sixteen digits is its library's: the two take powers differently.
    """
    if isinstance(value, list):
        return [seen_by_node(member) for member in value]
    if isinstance(value, dict):
        return {key: seen_by_node(member) for key, member in value.items()}
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return ("number", float(f"{value:.15g}")) if is_number else value
