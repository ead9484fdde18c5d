from regulars.core.apps import Domain


class WebConfig(Domain):
    name = "regulars.web"
    label = "web"
