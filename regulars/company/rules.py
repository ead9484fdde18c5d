"""Who may do what: roles and the permissions they carry."""

ROLES: dict[str, frozenset[str]] = {
    "owner": frozenset({"*"}),
    "cx_manager": frozenset(
        {"insight.*", "feedback.*", "journey.*", "customers.*", "loyalty.view_*", "company.view_*"}
        | {"connectors.*", "channels.*"}
    ),
    "marketer": frozenset(
        {"insight.view_*", "customers.*", "loyalty.view_*", "feedback.view_*", "journey.view_*"}
        | {"company.view_*", "connectors.*", "channels.view_*"}
    ),
    "loyalty_manager": frozenset(
        {"insight.view_*", "loyalty.*", "customers.*", "company.view_*", "connectors.*"}
    ),
    "agent": frozenset({"customers.view_*", "feedback.view_*", "loyalty.view_account"}),
    "support_lead": frozenset(
        {"customers.*", "feedback.*", "loyalty.view_*", "insight.view_*", "company.view_*"}
    ),
    "mystery_coordinator": frozenset({"company.view_*", "journey.view_*", "feedback.view_*"}),
    "store_manager": frozenset(
        {"insight.view_*", "feedback.view_*", "feedback.resolve_signal", "company.view_store"}
        | {"journey.view_*", "loyalty.use_till"}
    ),
    "cashier": frozenset({"loyalty.use_till"}),
}
"""Permissions are `<domain>.<verb>_<noun>`; a star ends a pattern."""


def role_allows(role: str, permission: str) -> bool:
    """Whether people of a role have a permission.

    >>> role_allows("marketer", "customers.view_customer")
    True
    >>> role_allows("cashier", "customers.view_customer")
    False
    """
    granted = ROLES.get(role, frozenset())
    if permission in granted or "*" in granted:
        return True
    domain, _, act = permission.partition(".")
    verb = act.partition("_")[0]
    return f"{domain}.*" in granted or f"{domain}.{verb}_*" in granted
