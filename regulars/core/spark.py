"""Spark: the session that everything of one process shares, on a cluster or on this machine."""

import os
import sys

from pyspark.sql import SparkSession


def session_on(master: str) -> SparkSession:
    """The session on a master such as `spark://host:7077`; `local[2]` is two threads of this machine.

    On this machine the workers run with the Python of this process, which has what they import.
    """
    if master.startswith("local"):
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    return (
        SparkSession.builder.master(master)
        .appName("regulars")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        .config("spark.sql.shuffle.partitions", "8")
        .getOrCreate()
    )
