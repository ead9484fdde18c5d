"""How a domain joins the program: its handlers are known before anything happens."""

import importlib
import importlib.util

from django.apps import AppConfig


class Domain(AppConfig):
    """A domain of the product; its `handlers`, `jobs`, `known` and `acts` are imported at start."""

    def ready(self) -> None:
        for module in ("handlers", "jobs", "known", "acts"):
            if importlib.util.find_spec(f"{self.name}.{module}"):
                importlib.import_module(f"{self.name}.{module}")


class CoreConfig(Domain):
    name = "regulars.core"
    label = "core"

    def ready(self) -> None:
        importlib.import_module("regulars.core.pooling")
        super().ready()
