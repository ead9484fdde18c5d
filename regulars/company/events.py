"""Facts the company domain publishes."""

from dataclasses import dataclass

from regulars.core.events import Event


@dataclass(frozen=True)
class SampleDataRemoved(Event):
    """The owner wants generated rows gone; every domain deletes its own."""
