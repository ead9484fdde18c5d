"""How entries of a customer's timeline look; each domain says it for the kinds it writes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Body = Mapping[str, Any]
Words = Callable[[Sequence[Body]], list[str]]


@dataclass(frozen=True)
class Look:
    """The name of a kind (translated when shown), its icon, and what entries of it say.

    `texts` is asked once for all entries of the kind that are shown, so it may ask the database.
    """

    label: Any
    texts: Words
    tone: str = ""
    icon: str = "page"


LOOKS: dict[str, Look] = {}


def plain_texts(bodies: Sequence[Body]) -> list[str]:
    """The title and text of each entry, for kinds without words of their own."""
    return [
        " · ".join(str(body[name]) for name in ("title", "text") if body.get(name))
        for body in bodies
    ]


def shown_as(
    kind: str, *, label: Any, texts: Words = plain_texts, tone: str = "", icon: str = "page"
) -> None:
    """Say how entries of a kind look; the tone is `good`, `bad` or nothing."""
    LOOKS[kind] = Look(label, texts, tone, icon)


def look_of(kind: str) -> Look:
    """The look of a kind; an unknown one is named by its last part."""
    return LOOKS.get(kind) or Look(
        kind.rpartition(".")[2].replace("_", " ").capitalize(), plain_texts
    )
