"""The survey for mobile apps: a JSON flow of one question at a time that bears lost connections."""

import json
from typing import Any

from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from regulars.core.errors import NotFound, Refused
from regulars.core.texts import keepable
from regulars.feedback.actions.flowing import ACTS_MAX, Act, flow_on
from regulars.web.pages import PUBLIC, Shown, page

BODY_MAX = 64 * 1024
SESSION = "0123456789abcdefABCDEF-"


@page("flow/<str:flow_code>", needs=PUBLIC)
@csrf_exempt
@require_POST
def flow(request: HttpRequest, flow_code: str) -> Shown:
    """Takes an app's acts in their order, each once, and says which question comes next."""
    try:
        told = _told(request)
        shown = flow_on(
            code=flow_code,
            session=_session(told),
            acts=_acts(told),
            language=keepable(str(told.get("language") or ""))[:10],
            now=timezone.now(),
        )
    except NotFound as missing:
        return JsonResponse({"code": missing.code, "detail": missing.message}, status=404)
    except Refused as refused:
        blame = {"code": refused.code, "detail": refused.message, "field": refused.field}
        return JsonResponse(blame, status=422)
    return JsonResponse(shown)


def _told(request: HttpRequest) -> dict[str, Any]:
    if int(request.META.get("CONTENT_LENGTH") or 0) > BODY_MAX:
        raise Refused("too_long", "at most 64 kB")
    try:
        told = json.loads(request.body)
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict):
        raise Refused("not_json", "the body must be a JSON object")
    return told


def _session(told: dict[str, Any]) -> str:
    session = told.get("session")
    if not isinstance(session, str) or not 16 <= len(session) <= 64 or set(session) - set(SESSION):
        raise Refused("bad_session", "a random UUID that the app made", "session")
    return session


def _acts(told: dict[str, Any]) -> list[Act]:
    given = told.get("acts", [])
    if not isinstance(given, list) or len(given) > ACTS_MAX:
        raise Refused("bad_acts", f"a list of at most {ACTS_MAX}", "acts")
    return [_act(one) for one in given]


def _act(one: Any) -> Act:
    number = one.get("id") if isinstance(one, dict) else None
    if not isinstance(number, int) or isinstance(number, bool) or not 0 < number < 2**31:
        raise Refused("bad_act", "each act has an id that counts up from 1", "acts")
    if one.get("act") not in ("answer", "back"):
        raise Refused("bad_act", "an act is answer or back", "acts")
    name, comment = one.get("name", ""), one.get("comment")
    return Act(number, one["act"], str(name)[:60], one.get("value"), str(comment or "")[:4000])
