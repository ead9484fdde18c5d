"""Whether records are one person: pure, the same for a batch, for one record and in the database.

    traits -> block_keys -> candidates -> compare -> edges -> partition

The order of records never matters. docs/algorithms/identity.md explains each step.
"""

from regulars.customers.matching.blocking import HASH_MAX_SQL, block_keys, key_hash
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
    "HASH_MAX_SQL",
    "MERGE_FROM",
    "REVIEW_FROM",
    "Comparison",
    "Edge",
    "Model",
    "Step",
    "Traits",
    "block_keys",
    "compare",
    "default_model",
    "key_hash",
    "partition",
    "traits_of",
]
