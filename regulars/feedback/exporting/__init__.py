"""Answers as files: each format is one file in this folder.

A format writes a sheet (columns with their labels, and rows as they come) into an open file. Rows
are read in batches, so that a file may be as long as its format allows.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import IO

from regulars.core.registry import Registry
from regulars.feedback.exporting.sheets import Sheet


@dataclass(frozen=True)
class Format:
    """How answers can be taken: the ending of the file is its key in `formats`."""

    name: str
    content_type: str
    write: Callable[[IO[bytes], Sheet], None]


formats: Registry[Format] = Registry("formats", package="regulars.feedback.exporting")
"""The formats by the ending of their files."""
