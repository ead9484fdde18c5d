"""Examples for the parameters of routes, so that tests can walk through every door.

A new page or operation with a new parameter fails the door tests until it has an example here. The
key is the parameter's name, or `<page or operation>:<parameter>` where the name alone is ambiguous.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from regulars.channels.queries import unsubscribe_url
from regulars.company.models import Store
from tests import make


@dataclass(frozen=True)
class Example:
    """How to make an object for a parameter, and whether it belongs to one store."""

    make: Callable[[Store], Any]
    is_of_store: bool


@dataclass
class World:
    """Objects of one store, made once when a route first asks for them."""

    store: Store
    made: dict[str, Any] = field(default_factory=dict)

    def value(self, key: str) -> Any:
        """The value of a parameter: an id, a code or a token."""
        if key not in self.made:
            self.made[key] = EXAMPLES[key].make(self.store)
        return self.made[key]


EXAMPLES: dict[str, Example] = {}


def example(*keys: str, is_of_store: bool = False) -> Callable[[Callable[[Store], Any]], Any]:
    """A decorator for a function that makes an object for a store and gives the parameter's value."""

    def register(maker: Callable[[Store], Any]) -> Callable[[Store], Any]:
        for key in keys:
            EXAMPLES[key] = Example(maker, is_of_store)
        return maker

    return register


def key_for(route_name: str, parameter: str) -> str | None:
    """The key of the example for a parameter of a route; None when nobody made one."""
    special = f"{route_name}:{parameter}"
    return special if special in EXAMPLES else parameter if parameter in EXAMPLES else None


@example("store_id", is_of_store=True)
def _store(store: Store) -> int:
    return store.pk


@example("web.sign_in_link:token")
def _sign_in_token(store: Store) -> str:
    return "x" * 43


@example("touchpoint_id")
def _touchpoint(store: Store) -> int:
    return make.touchpoint().pk


@example("message_id")
def _message(store: Store) -> int:
    return make.message().pk


@example("channels.channel:kind", "channels.test_channel:kind")
def _channel_kind(store: Store) -> str:
    return "email"


@example("channels.unsubscribe:token")
def _unsubscribe_token(store: Store) -> str:
    return unsubscribe_url(make.message()).rpartition("/")[2]
