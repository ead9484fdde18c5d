"""What each policy of the cases of agreement asks the rules for."""

from collections.abc import Callable, Hashable
from dataclasses import asdict
from typing import Any

from regulars.feedback.rules.agreement import (
    Distance,
    Unit,
    cohen_kappa,
    confusion,
    fleiss_kappa,
    interval,
    krippendorff_alpha,
    nominal,
    ordinal,
    ratio,
)

Given = dict[str, Any]


def labelled(value: Hashable) -> Hashable:
    """A label as it is: only those of ranks and of numbers are read as numbers."""
    return value


def coded_by_both(given: Given) -> Given:
    """Cohen's kappa of the items that both coders gave a label."""
    pairs = zip(given["a"], given["b"], strict=True)
    both = [pair for pair in pairs if None not in pair]
    return asdict(cohen_kappa(confusion(*zip(*both, strict=True)) if both else ()))


def alpha(given: Given) -> Given:
    read = labelled if given["level"] == "nominal" else float
    units: list[Unit] = [
        tuple(read(value) for value in column if value is not None)
        for column in zip(*given["ratings"], strict=True)
    ]
    distances: dict[str, Distance] = {
        "nominal": nominal,
        "ordinal": ordinal(units),
        "interval": interval,
        "ratio": ratio,
    }
    return {"alpha": krippendorff_alpha(units, distance=distances[given["level"]])}


POLICIES: dict[str, Callable[[Given], Given]] = {
    "cohen": lambda given: asdict(cohen_kappa(given["table"])),
    "cohen_from_labels": coded_by_both,
    "fleiss": lambda given: {"kappa": fleiss_kappa(given["table"])},
    "krippendorff": alpha,
}

FIELDS: dict[str, str] = {
    "cohen": "table",
    "cohen_from_labels": "a b",
    "fleiss": "table",
    "krippendorff": "ratings level",
}
"""The fields of each policy that the product looks at; others are told in the report."""
