"""How entries of a customer's timeline look; each domain says it for the kinds it writes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Words = Callable[[Mapping[str, Any]], str]


@dataclass(frozen=True)
class Look:
    """The name of a kind (translated when shown), and what one entry of it says."""

    label: Any
    text: Words
    tone: str = ""


LOOKS: dict[str, Look] = {}


def plain_text(body: Mapping[str, Any]) -> str:
    """The title and text of an entry, for kinds without words of their own."""
    return " · ".join(str(body[name]) for name in ("title", "text") if body.get(name))


def shown_as(kind: str, *, label: Any, text: Words = plain_text, tone: str = "") -> None:
    """Say how entries of a kind look; the tone is `good`, `bad` or nothing."""
    LOOKS[kind] = Look(label, text, tone)


def look_of(kind: str) -> Look:
    """The look of a kind; an unknown one is named by its last part."""
    return LOOKS.get(kind) or Look(
        kind.rpartition(".")[2].replace("_", " ").capitalize(), plain_text
    )
