"""What connectors can do: import files and take them back; let programs send events."""

from regulars.connectors.actions.checking import Preview, check_batch
from regulars.connectors.actions.dead_letters import discard_dead_letters, resend_dead_letters
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
from regulars.connectors.actions.sources import (
    SourceWish,
    change_event_source,
    close_event_source,
    open_event_source,
    publish_plan,
    renew_write_key,
    reopen_event_source,
)
from regulars.connectors.actions.undoing import run_undo, undo_import

__all__ = [
    "Preview",
    "SourceWish",
    "Wish",
    "change_event_source",
    "check_batch",
    "close_event_source",
    "continue_or_open_batch",
    "discard_dead_letters",
    "map_batch",
    "open_batch",
    "open_event_source",
    "publish_plan",
    "renew_write_key",
    "reopen_event_source",
    "resend_dead_letters",
    "resume_import",
    "run_import",
    "run_undo",
    "start_import",
    "stop_import",
    "undo_import",
]
