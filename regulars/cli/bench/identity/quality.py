"""How well clusters found agree with clusters known: one evaluator for every engine."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


def quality(
    known: Sequence[Any] | NDArray[Any], found: Sequence[Any] | NDArray[Any]
) -> dict[str, float]:
    """Pairwise `precision`, `recall` and `f1` of clusters, and the F1 of B³, each from 0 to 1.

    Both give the cluster of each record, in the same order. B³ is of Bagga and Baldwin (1998): the
    means over records instead of pairs, which large clusters do not rule.

    >>> quality(["a", "a", "b", "b"], [1, 1, 1, 2])
    {'precision': 0.3333, 'recall': 0.5, 'f1': 0.4, 'b3': 0.7059}
    """
    truth = np.unique(np.asarray(known), return_inverse=True)[1].astype(np.int64)
    ours = np.unique(np.asarray(found), return_inverse=True)[1].astype(np.int64)
    both = np.unique(truth * (int(ours.max()) + 1) + ours, return_inverse=True)[1]
    sizes = [np.bincount(labels) for labels in (both, truth, ours)]
    right, true_pairs, our_pairs = (float((n * (n - 1) // 2).sum()) for n in sizes)
    together, in_truth, in_ours = (
        n[labels] for n, labels in zip(sizes, (both, truth, ours), strict=True)
    )
    precision, recall = _share(right, our_pairs), _share(right, true_pairs)
    b3 = _mean_of(float((together / in_ours).mean()), float((together / in_truth).mean()))
    figures = {
        "precision": precision,
        "recall": recall,
        "f1": _mean_of(precision, recall),
        "b3": b3,
    }
    return {name: round(figure, 4) for name, figure in figures.items()}


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 1.0


def _mean_of(precision: float, recall: float) -> float:
    total = precision + recall
    return 2 * precision * recall / total if total else 0.0
