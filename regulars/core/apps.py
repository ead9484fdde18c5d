"""How a domain joins the program: its handlers are known before anything happens."""

import importlib
import importlib.util

from django.apps import AppConfig


class Domain(AppConfig):
    """A domain of the product; its `handlers` module is imported at start where there is one."""

    def ready(self) -> None:
        for module in ("handlers", "jobs"):
            if importlib.util.find_spec(f"{self.name}.{module}"):
                importlib.import_module(f"{self.name}.{module}")


class CoreConfig(Domain):
    name = "regulars.core"
    label = "core"
