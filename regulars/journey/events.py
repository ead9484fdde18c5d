"""Facts the journey domain publishes."""

from dataclasses import dataclass

from regulars.core.events import Event


@dataclass(frozen=True)
class PassagesRecorded(Event):
    """Customers went through touchpoints; none of these passages was known before."""

    passage_ids: tuple[int, ...]


@dataclass(frozen=True)
class TargetModelsChanged(Event):
    """What should happen at these touchpoints, or how well, was stated anew."""

    touchpoint_ids: tuple[int, ...]
