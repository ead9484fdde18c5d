"""Facts the feedback domain publishes."""

from dataclasses import dataclass

from regulars.core.events import Event


@dataclass(frozen=True)
class AnswersReceived(Event):
    """Answers to surveys that were not known before are on record, with their signals."""

    answer_ids: tuple[int, ...]


@dataclass(frozen=True)
class FollowUpsOpened(Event):
    """Unhappy answers have somebody's attention to get, each with a clock."""

    follow_up_ids: tuple[int, ...]


@dataclass(frozen=True)
class FollowUpsOverdue(Event):
    """Follow-ups were not closed in time."""

    follow_up_ids: tuple[int, ...]


@dataclass(frozen=True)
class FollowUpsClosed(Event):
    """Follow-ups ended, each with an outcome."""

    follow_up_ids: tuple[int, ...]


@dataclass(frozen=True)
class SignalsResolved(Event):
    """Somebody took care of unhappy signals."""

    signal_ids: tuple[int, ...]
