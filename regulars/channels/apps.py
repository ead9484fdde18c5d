from regulars.core.apps import Domain


class ChannelsConfig(Domain):
    name = "regulars.channels"
    label = "channels"
