import importlib

from regulars.core.apps import Domain


class FeedbackConfig(Domain):
    name = "regulars.feedback"
    label = "feedback"

    def ready(self) -> None:
        """Besides the handlers, the journey learns what surveys measure."""
        super().ready()
        importlib.import_module("regulars.feedback.measures")
