"""The tables of feedback: surveys, who was asked, what they answered, and the signals that are left."""

from regulars.feedback.models.ballots import Ballot, CastKey
from regulars.feedback.models.calls import Call, Callee
from regulars.feedback.models.coding import HandCoding
from regulars.feedback.models.following import FollowUp, FollowUpNote, FollowUpRule
from regulars.feedback.models.plans import AskingPlan, Candidate
from regulars.feedback.models.popups import Popup, PopupShowing
from regulars.feedback.models.sharing import ResultLink
from regulars.feedback.models.surveys import (
    Answer,
    Dialogue,
    DraftStep,
    Invitation,
    PublicLink,
    Quota,
    Signal,
    Sitting,
    Survey,
    SurveyVersion,
)
from regulars.feedback.models.uploads import Upload

__all__ = [
    "Answer",
    "AskingPlan",
    "Ballot",
    "Call",
    "Callee",
    "Candidate",
    "CastKey",
    "Dialogue",
    "DraftStep",
    "FollowUp",
    "FollowUpNote",
    "FollowUpRule",
    "HandCoding",
    "Invitation",
    "Popup",
    "PopupShowing",
    "PublicLink",
    "Quota",
    "ResultLink",
    "Signal",
    "Sitting",
    "Survey",
    "SurveyVersion",
    "Upload",
]
