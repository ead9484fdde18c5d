"""SurveyJS: the format that we keep ourselves, with whatever its Creator may have put into it."""

import json
from typing import Any

from django.utils.translation import gettext as _

from regulars.core.errors import Refused
from regulars.core.texts import storable
from regulars.feedback.importing.losses import Loss
from regulars.feedback.importing.mending import Examine, mended
from regulars.feedback.importing.walking import Raw

SIZE_MAX = 2_000_000
"""Bytes; the largest surveys people make are a tenth of it."""


def read_surveyjs(sent: bytes, *, examine: Examine) -> tuple[Raw, list[Loss]]:
    """The definition in a file of JSON as far as it can be asked, and what could not be carried.

    Raises Refused for what is no JSON, no survey, or too much.
    """
    if len(sent) > SIZE_MAX:
        raise Refused("too_large", _("The file is larger than 2 MB."), "file")
    try:
        raw: Any = storable(json.loads(sent.decode("utf-8-sig")))
    except (ValueError, RecursionError) as fault:
        said = _("This is no JSON: %(reason)s") % {"reason": fault}
        raise Refused("not_json", said, "file") from fault
    if not isinstance(raw, dict) or not {"pages", "elements", "questions"} & raw.keys():
        raise Refused("no_survey", _("There are no pages and no questions in this JSON."), "file")
    try:
        return mended(raw, examine)
    except RecursionError as fault:
        raise Refused("too_deep", _("The survey is nested too deeply."), "file") from fault
