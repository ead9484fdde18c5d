"""Opening programs from templates."""

from typing import Annotated

from django.utils.timezone import now as moment_of_now
from ninja import Router, Schema
from ninja.responses import Status
from pydantic import Field

from regulars.core.api.operations import reads, writes
from regulars.core.api.requests import ApiRequest
from regulars.loyalty.actions.templates import TEMPLATES, open_from_template
from regulars.loyalty.api.members import shaped_program
from regulars.loyalty.api.shapes import ProgramOut
from regulars.loyalty.queries.currencies import currency_here

router = Router(tags=["Loyalty"])


class TemplateOut(Schema):
    """A program ready to be opened."""

    code: str
    title: str
    words: str


class ProgramIn(Schema):
    """Which template; its currency is the company's."""

    template: Annotated[str, Field(min_length=1, max_length=50, examples=["stamps"])]


@router.get("/program-templates", response=list[TemplateOut], **reads("loyalty:read"))
def list_templates(request: ApiRequest) -> list[TemplateOut]:
    """The templates there are."""
    return [
        TemplateOut(code=code, title=one.title, words=one.words) for code, one in TEMPLATES.items()
    ]


@router.post("/programs", response={201: ProgramOut}, **writes("loyalty:write"))
def create_program(request: ApiRequest, entry: ProgramIn) -> Status[ProgramOut]:
    """Open a program from a template: purchases earn from now on, and all of it can be changed."""
    made = open_from_template(entry.template, currency=currency_here(), now=moment_of_now())
    return Status(201, shaped_program(made))
