from regulars.core.apps import Domain


class LoyaltyConfig(Domain):
    name = "regulars.loyalty"
    label = "loyalty"
