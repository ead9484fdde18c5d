"""The card as an app on a phone: what it is called, its icons, and the card without a network."""

from pathlib import Path

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils.translation import get_language
from django.views.decorators.cache import cache_control, never_cache

from regulars.loyalty.models import Member
from regulars.loyalty.rules.icons import SIZES, card_icon
from regulars.loyalty.templatetags.loyalty import named
from regulars.web.brand import current_brand
from regulars.web.pages import PUBLIC, Shown, page
from regulars.web.rules import PAPER

WORKER = Path(__file__).parents[1] / "static" / "loyalty" / "worker.js"


@page("card/<str:token>/app.webmanifest", needs=PUBLIC)
@never_cache
def card_manifest(request: HttpRequest, token: str) -> Shown:
    """What a phone needs to put this card on its home screen."""
    member = Member.objects.filter(token=token).select_related("program").first()
    if member is None:
        raise Http404
    look, address = current_brand(), reverse("loyalty.card", args=[token])
    icons = [
        {
            "src": reverse("loyalty.card_picture", args=[size]) + f"?{look.color.lstrip('#')}",
            "sizes": f"{size}x{size}",
            "type": "image/png",
            "purpose": "any maskable",
        }
        for size in SIZES
    ]
    told = {
        "id": address,
        "start_url": address,
        "scope": address,
        "name": f"{look.name} · {named(member.program)}",
        "short_name": look.name[:30],
        "lang": get_language() or "en",
        "display": "standalone",
        "theme_color": look.color,
        "background_color": PAPER,
        "icons": icons,
    }
    return JsonResponse(told, content_type="application/manifest+json")


@page("card/app/icon-<int:size>.png", needs=PUBLIC)
@cache_control(public=True, max_age=86_400)
def card_picture(request: HttpRequest, size: int) -> Shown:
    """The icon of the card in the company's colour."""
    if size not in SIZES:
        raise Http404
    look = current_brand()
    drawn = card_icon(look.color, look.on_color, size=size)
    return HttpResponse(drawn, content_type="image/png")


@page("card/app/worker.js", needs=PUBLIC)
@cache_control(no_cache=True)
def card_worker(request: HttpRequest) -> Shown:
    """The script that keeps cards for when there is no network; it serves all cards of a phone."""
    text = WORKER.read_text(encoding="utf-8")
    response = HttpResponse(text, content_type="text/javascript; charset=utf-8")
    response["Service-Worker-Allowed"] = "/card/"
    return response
