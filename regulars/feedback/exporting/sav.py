"""Answers as SPSS SAV, with labels of variables and values; needs the extra `spss`."""

import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from regulars.core.errors import Refused
from regulars.feedback.exporting import Format, formats
from regulars.feedback.exporting.sheets import Cell, Column, Sheet

ROWS_MAX = 200_000
"""SPSS files are made in memory."""

NAME_MAX = 64
"""Bytes, of which a Cyrillic letter takes two."""
LABEL_MAX = 250


def write_sav(file: IO[bytes], sheet: Sheet) -> None:
    """Write the file; `Refused` without the extra, or when there are too many rows."""
    try:
        import pandas as pd
        import pyreadstat
    except ImportError:
        raise Refused(
            "extra_is_missing", "SPSS files need an extra: pip install 'regulars[spss]'", "format"
        ) from None
    names = variable_names([column.name for column in sheet.columns])
    rows = _rows(sheet)
    frame = pd.DataFrame(
        {
            name: _series(pd, column, [row[at] for row in rows])
            for at, (name, column) in enumerate(zip(names, sheet.columns, strict=True))
        }
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "answers.sav"
        pyreadstat.write_sav(
            frame,
            str(path),
            file_label=sheet.title[:60],
            column_labels=dict(_labels(names, sheet.columns)),
            variable_value_labels=dict(_value_labels(names, sheet.columns, has_rows=bool(rows))),
            variable_measure=dict(_levels(names, sheet.columns)),
        )
        with path.open("rb") as made:
            shutil.copyfileobj(made, file)


def _rows(sheet: Sheet) -> list[list[Cell]]:
    """All rows; refused as soon as one batch more than fits was read."""
    rows: list[list[Cell]] = []
    for batch in sheet.batches():
        rows += batch
        if len(rows) > ROWS_MAX:
            raise Refused(
                "too_many_rows",
                f"an SPSS file takes {ROWS_MAX} answers; take CSV or Parquet",
                "format",
            )
    return rows


def variable_names(wanted: Sequence[str]) -> list[str]:
    """Names as SPSS takes them: letters, digits and underscores in 64 bytes, none twice.

    >>> variable_names(["why not?", "why_not_", "2nd", "all"])
    ['why_not_', 'why_not__2', 'v_2nd', 'all_']
    >>> [len(name.encode()) for name in variable_names(["ж" * 60, "ж" * 50])]
    [64, 64]
    """
    found: list[str] = []
    taken: set[str] = set()
    for name in wanted:
        plain = re.sub(r"\W", "_", name)
        plain = f"v_{plain}" if not plain[:1].isalpha() else plain
        plain = f"{plain}_" if plain.upper() in RESERVED else plain
        tried, at = _cut(plain, NAME_MAX), 1
        while tried.lower() in taken:
            at += 1
            tried = f"{_cut(plain, NAME_MAX - len(f'_{at}'))}_{at}"
        found.append(tried)
        taken.add(tried.lower())
    return found


def _cut(name: str, bytes_max: int) -> str:
    return name.encode()[:bytes_max].decode(errors="ignore")


RESERVED = {"ALL", "AND", "BY", "EQ", "GE", "GT", "LE", "LT", "NE", "NOT", "OR", "TO", "WITH"}


def _series(pd: Any, column: Column, cells: Sequence[Cell]) -> Any:
    if column.kind == "number":
        return pd.Series(cells, dtype="float64")
    if column.kind == "time":
        return pd.to_datetime(pd.Series(cells), utc=True).dt.tz_localize(None)
    texts = ["" if cell is None else str(cell) for cell in cells]
    if texts and column.labels:
        texts[0] += " " * (_width_of(column) - len(texts[0].encode()))
    return pd.Series(texts, dtype="object")


def _width_of(column: Column) -> int:
    """The bytes that the longest value takes that has a label, whether anybody chose it or not.

    SPSS gives a text column the width of its longest text, and takes no label for a longer value.
    Texts are filled up with spaces to that width anyway, so one cell that is filled up already
    makes room and changes nothing.
    """
    return max(len(str(value).encode()) for value in column.labels)


def _labels(names: Sequence[str], columns: Sequence[Column]) -> Mapping[str, str]:
    pairs = zip(names, columns, strict=True)
    return {name: (column.label or column.name)[:LABEL_MAX] for name, column in pairs}


def _value_labels(
    names: Sequence[str], columns: Sequence[Column], *, has_rows: bool
) -> Mapping[str, Any]:
    """What values mean; without any rows texts have no width, and so no labels."""
    return {
        name: {value: text[:LABEL_MAX] for value, text in column.labels.items()}
        for name, column in zip(names, columns, strict=True)
        if column.labels and (has_rows or column.kind != "text")
    }


def _levels(names: Sequence[str], columns: Sequence[Column]) -> Mapping[str, Any]:
    return {
        name: "nominal" if column.labels or column.kind == "text" else "scale"
        for name, column in zip(names, columns, strict=True)
    }


formats.add("sav")(Format("SPSS (SAV)", "application/x-spss-sav", write_sav))
