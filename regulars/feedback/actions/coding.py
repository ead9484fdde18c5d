"""The code frame of a survey, and comments coded by hand."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from regulars.company.models import Employee
from regulars.core.access import seen
from regulars.core.errors import NotFound, Refused
from regulars.feedback.actions.drafts import draft_of, edit_draft
from regulars.feedback.actions.surveys import publish_version
from regulars.feedback.models import HandCoding, Signal, Survey, SurveyVersion
from regulars.feedback.queries.surveys import definition_of, latest_version


@transaction.atomic
def set_code_frame(
    survey: Survey,
    frame: Sequence[Mapping[str, Any]],
    *,
    now: datetime,
    author: Employee | None = None,
) -> SurveyVersion:
    """Sort comments by these themes from now on: those of the past too, for they are read anew.

    The frame is part of the definition, so this makes a version; what is asked stays as it is. A draft
    that somebody is at gets the frame as one more edit, so that publishing it does not bring the old
    one back. Raises DefinitionRefused for a frame that cannot be read.
    """

    def with_frame(definition: dict[str, Any]) -> dict[str, Any]:
        block = {**definition.get("regulars", {}), "codeFrame": [dict(one) for one in frame]}
        return {**definition, "regulars": block}

    version = publish_version(
        survey,
        definition=with_frame(latest_version(survey).definition),
        now=now,
        author=author,
    )
    draft = draft_of(survey)
    if draft.is_changed:
        edit_draft(survey, with_frame, after=draft.step, now=now, author=author)
    return version


@transaction.atomic
def code_by_hand(
    signal_id: int, codes: Sequence[str], *, employee: Employee, now: datetime
) -> HandCoding:
    """Note which themes somebody found in a comment; none is an answer too. Again replaces it.

    Raises NotFound for a comment this person may not see, Refused for a theme that is not in the frame.
    """
    signal = seen(Signal, employee).filter(pk=signal_id).exclude(text="").first()
    if signal is None or signal.survey is None:
        raise NotFound("not_found", f"there is no comment {signal_id}", "signal_id")
    frame = definition_of(latest_version(signal.survey)).extension.code_frame
    known = {one.value for one in frame}
    if unknown := sorted(set(codes) - known):
        raise Refused("no_such_theme", f"not in the frame: {', '.join(unknown)}", "codes")
    made, _is_new = HandCoding.objects.update_or_create(
        signal=signal,
        employee=employee,
        defaults={"codes": sorted(set(codes)), "at": now},
    )
    return made
