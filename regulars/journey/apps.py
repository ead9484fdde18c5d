from regulars.core.apps import Domain


class JourneyConfig(Domain):
    name = "regulars.journey"
    label = "journey"
