"""What the product can do with the journey."""

from regulars.journey.actions.defaults import (
    ensure_defaults,
    ensure_stages,
    pass_by_known_purchases,
)
from regulars.journey.actions.passages import (
    PassageInput,
    drop_sample_passages,
    forget_purchases,
    look_for_first_purchases,
    pass_by_purchases,
    pass_by_returns,
    record_passages,
)
from regulars.journey.actions.touchpoints import (
    TargetInput,
    TouchpointInput,
    add_touchpoint,
    change_touchpoint,
    retire_touchpoints,
    set_target,
)
from regulars.journey.actions.visits import pass_by_events

__all__ = [
    "PassageInput",
    "TargetInput",
    "TouchpointInput",
    "add_touchpoint",
    "change_touchpoint",
    "drop_sample_passages",
    "ensure_defaults",
    "ensure_stages",
    "forget_purchases",
    "look_for_first_purchases",
    "pass_by_events",
    "pass_by_known_purchases",
    "pass_by_purchases",
    "pass_by_returns",
    "record_passages",
    "retire_touchpoints",
    "set_target",
]
