from regulars.core.apps import Domain


class ConnectorsConfig(Domain):
    name = "regulars.connectors"
    label = "connectors"
