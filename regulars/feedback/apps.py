from regulars.core.apps import Domain


class FeedbackConfig(Domain):
    name = "regulars.feedback"
    label = "feedback"
