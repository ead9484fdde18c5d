"""Whether records are one person: pure, the same for a batch, for one record and in the database.

    traits -> block_keys -> candidates -> compare -> edges -> partition

The order of records never matters. docs/algorithms/identity.md explains each step.
"""

from regulars.customers.matching.blocking import BLOCK_MAX, block_keys, block_max
from regulars.customers.matching.clustering import Edge, partition
from regulars.customers.matching.model import Model, default_model
from regulars.customers.matching.scoring import (
    MERGE_FROM,
    REVIEW_FROM,
    Comparison,
    Step,
    compare,
)
from regulars.customers.matching.traits import Traits, traits_of

__all__ = [
    "BLOCK_MAX",
    "MERGE_FROM",
    "REVIEW_FROM",
    "Comparison",
    "Edge",
    "Model",
    "Step",
    "Traits",
    "block_keys",
    "block_max",
    "compare",
    "default_model",
    "partition",
    "traits_of",
]
