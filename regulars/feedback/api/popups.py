"""Pop-ups for other programs: what is set up, what became of the showings, and on and off."""

from typing import Annotated

from django.utils import timezone
from ninja import Router, Schema
from pydantic import Field

from regulars.core.access import get_seen
from regulars.core.api.operations import reads, writes
from regulars.core.api.requests import ApiRequest
from regulars.core.errors import NotFound
from regulars.customers.queries.segments import get_segment
from regulars.feedback.actions.popups import PopupInput, set_popup
from regulars.feedback.models import Popup, Survey
from regulars.feedback.queries.popups import counts_of, find_popup_of

router = Router(tags=["Feedback"])

Days = Annotated[int, Field(ge=0, le=3650, description="0: never again.")]


class PopupIn(Schema):
    """A pop-up: on which pages of which sites, when, to whom and how often."""

    is_on: bool = False
    origins: Annotated[list[str], Field(max_length=50, examples=[["https://shop.example"]])] = []
    pages: Annotated[list[str], Field(max_length=50, examples=[["/tea*", "!/checkout*"]])] = []
    delay_s: Annotated[int, Field(ge=0, le=3600)] = 10
    scroll_percent: Annotated[int, Field(ge=0, le=100)] = 0
    on_exit: bool = False
    segment: Annotated[str, Field(max_length=60, description="The code of a segment.")] = ""
    share_per_mille: Annotated[int, Field(ge=1, le=1000)] = 1000
    again_days: Days = 30
    again_after_close_days: Days = 90
    again_after_answer_days: Days = 0


class PopupOut(PopupIn):
    """A pop-up with the code that pages name it by, and what became of its showings."""

    survey_id: int
    code: str
    shown: int
    closed: int
    answered: int


@router.get("/surveys/{int:survey_id}/popup", response=PopupOut, **reads("surveys:read"))
def get_popup(request: ApiRequest, survey_id: int) -> PopupOut:
    """The pop-up of a survey; 404 where none was set up."""
    found = find_popup_of(get_seen(Survey, survey_id, seen_by=request.auth))
    if found is None:
        raise NotFound("no_popup", "this survey has no pop-up", "survey_id")
    return _out(found)


@router.put("/surveys/{int:survey_id}/popup", response=PopupOut, **writes("surveys:write"))
def put_popup(request: ApiRequest, survey_id: int, given: PopupIn) -> PopupOut:
    """The pop-up of a survey, new or changed."""
    survey = get_seen(Survey, survey_id, seen_by=request.auth)
    told = given.model_dump()
    code = told.pop("segment")
    wanted = PopupInput(segment=get_segment(code) if code else None, **told)
    set_popup(survey, wanted, now=timezone.now())
    found = find_popup_of(survey)
    assert found is not None, "it was just set"
    return _out(found)


def _out(found: Popup) -> PopupOut:
    counts = counts_of(found)
    return PopupOut(
        survey_id=found.survey_id,
        code=found.code,
        shown=counts.shown,
        closed=counts.closed,
        answered=counts.answered,
        segment=found.segment.code if found.segment else "",
        **{name: getattr(found, name) for name in PopupIn.model_fields if name != "segment"},
    )
