"""When likeness is too little to merge without asking: a name alone proves nobody."""

from regulars.customers.matching import MERGE_FROM, Comparison, Step

NAMES_ALONE = "names alone"
DOUBTFUL_AT = 0.8
"""The probability that is left to a pair whose names alone agree: a person decides."""

_SUPPORT_MIN = 3.0
"""Bits that something besides names has to give: eight to one."""

_NO_SUPPORT = frozenset(
    {"start", "first name", "surname", "other names", "gender", "occupation", "household"}
)

_NAMES = frozenset({"first name", "surname"})
_OF_A_HOUSE = frozenset({"phone", "street", "place", "place of birth"})
"""What people of one house have in common; it says little where a name differs."""


def doubted(found: Comparison) -> Comparison:
    """The comparison, made doubtful where hardly anything but the names speaks for one person.

    The model that a company starts with does not know how frequent names are in its town, so it
    takes every name for a rare one. Birthday, contact, card, document, street or postcode has to
    agree as well, before records are merged with nobody asked; where a name differs, something that
    people of one house do not share.

    >>> from regulars.customers.matching import compare, default_model, traits_of
    >>> ann = {"name": "Ann Smith"}
    >>> pair = compare(traits_of(ann), traits_of(ann), default_model())
    >>> pair.probability > 0.9, doubted(pair).probability
    (True, 0.8)
    """
    if found.probability < MERGE_FROM:
        return found
    kin = any(step.field in _NAMES and step.level == "different" for step in found.steps)
    support = sum(step.weight for step in found.steps if _supports(step, kin=kin))
    if support >= _SUPPORT_MIN:
        return found
    less = Step(NAMES_ALONE, "too little agrees to merge without asking", 2.0 - found.weight)
    return Comparison(DOUBTFUL_AT, 2.0, (*found.steps, less))


def _supports(step: Step, *, kin: bool) -> bool:
    if step.field in _NO_SUPPORT or step.weight <= 0 or (kin and step.field in _OF_A_HOUSE):
        return False
    return step.field != "place" or step.level == "same postcode"
