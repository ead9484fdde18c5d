"""Where providers call us: what people wrote, and what became of our messages."""

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from regulars.channels.actions.hearing import take
from regulars.channels.kind import Call
from regulars.channels.queries.channels import channel_of, is_on
from regulars.core.errors import NotFound, Refused
from regulars.web.pages import PUBLIC, Shown, page

BODY_MAX = 256 * 1024


@page("hooks/channels/<slug:hook_kind>", needs=PUBLIC)
@csrf_exempt
def hook(request: HttpRequest, hook_kind: str) -> Shown:
    """Takes a provider's call; its secret or signature is all that lets it in."""
    if int(request.META.get("CONTENT_LENGTH") or 0) > BODY_MAX:
        raise Refused("too_long", "a call of at most 256 kB")
    call = Call(
        headers={name.lower(): value for name, value in request.headers.items()},
        query={name: str(value) for name, value in request.GET.items()},
        body=request.body,
    )
    told = channel_of(_known(hook_kind)).told(call)
    take(hook_kind, told, now=timezone.now())
    kind = "application/json" if told.answer.startswith("{") else "text/plain; charset=utf-8"
    return HttpResponse(told.answer, content_type=kind)


def _known(kind: str) -> str:
    """The kind, where it is switched on."""
    if not is_on(kind):
        raise NotFound("not_found", "there is no such channel")
    return kind
