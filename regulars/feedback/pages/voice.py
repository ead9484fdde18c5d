"""Surveys in a call that a provider carries: TwiML says what to ask, keys come back as form posts."""

from urllib.parse import urlencode
from xml.etree import ElementTree as ET

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from regulars.channels.kinds.phone import Phone
from regulars.channels.queries.channels import channel_of, is_on
from regulars.core.errors import NotFound, Refused
from regulars.feedback.actions.calling import Spoken, begin_call, hear_keys
from regulars.web.pages import PUBLIC, Shown, page

FIRST_KEY_S = 7
VOICES = {"en": "en-US", "ru": "ru-RU"}


@page("voice/<str:voice_code>", needs=PUBLIC)
@csrf_exempt
@require_POST
def voice(request: HttpRequest, voice_code: str) -> Shown:
    """What to say next in a call; only the provider's signature lets a call in.

    A post that comes twice is answered by where the call stands, and answers nothing a second time.
    """
    phone = channel_of("phone")
    if not isinstance(phone, Phone) or not is_on("phone"):
        raise NotFound("not_found", "there is no such channel")
    form = {name: str(value) for name, value in request.POST.items()}
    phone.check(request.get_full_path(), form, request.headers.get("X-Twilio-Signature", ""))
    call_id = form.get("CallSid", "")
    if not call_id:
        raise Refused("no_call", "the call has no CallSid", "CallSid")
    spoken = _spoken(request, form, call_id=call_id, code=voice_code)
    if spoken is None:
        raise NotFound("not_found", "this number leads to no survey")
    return HttpResponse(_twiml(spoken, request.path), content_type="application/xml")


def _spoken(
    request: HttpRequest, form: dict[str, str], *, call_id: str, code: str
) -> Spoken | None:
    now = timezone.now()
    if "at" not in request.GET:
        return begin_call(call_id=call_id, code=code, caller=_other_side(form), now=now)
    return hear_keys(call_id=call_id, keys=_keys(form), now=now, mark=request.GET["at"])


def _other_side(form: dict[str, str]) -> str:
    """The person's number: who called us, or whom we called."""
    is_ours = form.get("Direction", "").startswith("outbound")
    return form.get("To" if is_ours else "From", "")


def _keys(form: dict[str, str]) -> str | None:
    digits = form.get("Digits", "")[:20]
    if not digits and form.get("FinishedOnKey") == "#":
        return "#"
    return digits or None


def _twiml(spoken: Spoken, path: str) -> bytes:
    root = ET.Element("Response")
    said, language = spoken.said, VOICES.get(spoken.language, spoken.language)
    if said.is_end:
        ET.SubElement(root, "Say", language=language).text = said.text
        ET.SubElement(root, "Hangup")
        return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True))
    gather = ET.SubElement(
        root,
        "Gather",
        input="dtmf",
        action=f"{path}?{urlencode({'at': spoken.mark})}",
        method="POST",
        timeout=str(FIRST_KEY_S),
        finishOnKey="#",
        actionOnEmptyResult="true",
    )
    if said.keys and max(map(len, said.keys)) == 1:
        gather.set("numDigits", "1")
    ET.SubElement(gather, "Say", language=language).text = said.text
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True))
