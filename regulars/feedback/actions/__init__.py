"""What feedback can do."""

from regulars.feedback.actions.answers import (
    AnswerInput,
    AnswerRefused,
    Received,
    receive_answer,
    receive_answers,
)
from regulars.feedback.actions.invitations import InvitationInput, Invited, invite

__all__ = [
    "AnswerInput",
    "AnswerRefused",
    "InvitationInput",
    "Invited",
    "Received",
    "invite",
    "receive_answer",
    "receive_answers",
]
