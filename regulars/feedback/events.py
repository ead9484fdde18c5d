"""Facts the feedback domain publishes."""

from dataclasses import dataclass

from regulars.core.events import Event


@dataclass(frozen=True)
class AnswersReceived(Event):
    """Answers to surveys that were not known before are on record, with their signals."""

    answer_ids: tuple[int, ...]


@dataclass(frozen=True)
class SignalsResolved(Event):
    """Somebody took care of unhappy signals."""

    signal_ids: tuple[int, ...]
