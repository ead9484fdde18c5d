"""A place of its own for what a benchmark makes, so that it never touches the company's data."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def data_folder_of_its_own(kept: str = "") -> Iterator[Path]:
    """A data folder with a database of its own, thrown away after the block unless one is named."""
    folder = Path(kept or tempfile.mkdtemp(prefix="regulars-bench-"))
    os.environ.pop("DATABASE_URL", None)
    os.environ["REGULARS_DATA"] = str(folder)
    try:
        yield folder
    finally:
        from regulars.core.database import leave_database

        leave_database()
        if not kept:
            shutil.rmtree(folder, ignore_errors=True)
