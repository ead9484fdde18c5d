from regulars.core.apps import Domain


class CustomersConfig(Domain):
    name = "regulars.customers"
    label = "customers"
