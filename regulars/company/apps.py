from regulars.core.apps import Domain


class CompanyConfig(Domain):
    name = "regulars.company"
    label = "company"
