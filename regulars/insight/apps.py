from regulars.core.apps import Domain


class InsightConfig(Domain):
    name = "regulars.insight"
    label = "insight"
