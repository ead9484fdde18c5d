"""What connectors can do: take a file, check it, import it, stop, go on, and take it back."""

from regulars.connectors.actions.checking import Preview, check_batch
from regulars.connectors.actions.opening import (
    Wish,
    continue_or_open_batch,
    map_batch,
    open_batch,
)
from regulars.connectors.actions.running import (
    resume_import,
    run_import,
    start_import,
    stop_import,
)
from regulars.connectors.actions.undoing import run_undo, undo_import

__all__ = [
    "Preview",
    "Wish",
    "check_batch",
    "continue_or_open_batch",
    "map_batch",
    "open_batch",
    "resume_import",
    "run_import",
    "run_undo",
    "start_import",
    "stop_import",
    "undo_import",
]
