import importlib

from regulars.core.apps import Domain


class CompanyConfig(Domain):
    name = "regulars.company"
    label = "company"

    def ready(self) -> None:
        """The frame knows the company's look, stores and people."""
        super().ready()
        importlib.import_module("regulars.company.face")
