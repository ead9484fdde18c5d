"""What each policy of the cases of agreement asks the rules for."""

from collections.abc import Callable
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


def alpha(given: Given) -> Given:
    units: list[Unit] = [
        tuple(value for value in column if value is not None)
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
    "cohen_from_labels": lambda given: asdict(cohen_kappa(confusion(given["a"], given["b"]))),
    "fleiss": lambda given: {"kappa": fleiss_kappa(given["table"])},
    "krippendorff": alpha,
}
