"""One engine on one file in a process of its own, so that memory and time are its own.

    python -m regulars.cli.bench.identity.engines regulars people.csv

prints the quality, the seconds of each step from the file to the clusters, and the peak memory.
"""

import json
import resource
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from regulars.cli.bench.identity.plain import plain_clusters
from regulars.cli.bench.identity.quality import quality
from regulars.cli.bench.identity.sets import TRUTH
from regulars.customers.matching import default_model
from regulars.customers.matching.files import load_raw, open_file, planned
from regulars.customers.matching.resolving import resolve_table

Found = tuple[NDArray[Any], Mapping[str, float]]


def run_engine(name: str, file: Path) -> dict[str, Any]:
    """What `measure_engine` measured of an engine, in a new process."""
    command = [sys.executable, "-m", __name__, name, str(file)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    return dict(json.loads(done.stdout))


def measure_engine(name: str, file: Path) -> dict[str, Any]:
    """Quality, `seconds` by step and in all, `cpu_seconds`, and `peak_mb` of this process."""
    started, before = perf_counter(), process_time()
    with duckdb.connect() as connection:
        plan = planned(open_file(connection, file))
        records = load_raw(connection, plan)
        loaded = perf_counter() - started
        clusters, steps = ENGINES[name](connection, set(plan.fields.values()))
        total, cpu, peak = perf_counter() - started, process_time() - before, peak_mb()
        truth = connection.execute(f'SELECT {TRUTH} FROM source ORDER BY " record"').fetchnumpy()
    return {
        "engine": name,
        "records": records,
        **quality(truth[TRUTH], clusters),
        "seconds": {"load": round(loaded, 2), **steps, "total": round(total, 2)},
        "cpu_seconds": round(cpu, 2),
        "peak_mb": peak,
    }


def _ours(connection: duckdb.DuckDBPyConnection, fields: set[str]) -> Found:
    found = resolve_table(connection, fields, model=default_model())
    return np.asarray(found.clusters), found.seconds


ENGINES: dict[str, Callable[[duckdb.DuckDBPyConnection, set[str]], Found]] = {
    "regulars": _ours,
    "splink": plain_clusters,
}


def peak_mb() -> int:
    """The most memory that this process has held, in MB.

    Linux hands the figure of `getrusage` down from the parent, so its own account comes first.
    """
    status = Path("/proc/self/status")
    if status.exists():
        lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
        return int(lines["VmHWM"].split()[0]) // 1024
    unit = 1024**2 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // unit


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measure_engine(sys.argv[1], Path(sys.argv[2]))))
