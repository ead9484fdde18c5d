"""The members of a program, listed and searched."""

from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.timezone import now as moment_of_now

from regulars.customers.queries import find_customers
from regulars.loyalty.models import Member, Tier
from regulars.loyalty.pages.addresses import program_of
from regulars.loyalty.queries.wallets import wallets_of
from regulars.web.pages import Shown, page, show

PER_PAGE = 30
ORDERS = {"joined": "joined_at", "visits": "visits", "number": "number"}


@page("loyalty/<slug:code>/members", needs="loyalty.view_account")
def members(request: HttpRequest, code: str) -> Shown:
    """Members by card, name or phone, with tier and balance; filters and order in the address."""
    program = program_of(code)
    text = request.GET.get("q", "")[:100].replace("\x00", "").strip()
    chosen = request.GET.get("tier", "").replace("\x00", "")
    sort = request.GET.get("sort", "")
    rows = _matching(Member.objects.filter(program=program, led_by=None), text)
    if chosen:
        rows = rows.filter(tier__code=chosen)
    listed = Paginator(_sorted(rows, sort), PER_PAGE).get_page(request.GET.get("page"))
    return show(
        request,
        "loyalty/members.html",
        program=program,
        listed=listed,
        wallets=wallets_of(list(listed.object_list), now=moment_of_now()),
        tiers=Tier.objects.filter(program=program, is_retired=False).order_by("qualifying_min"),
        query=text,
        chosen=chosen,
        sort=sort,
    )


def _matching(rows: QuerySet[Member], text: str) -> QuerySet[Member]:
    rows = rows.select_related("program", "tier", "customer")
    if not text:
        return rows
    found = Q(customer__in=find_customers(text))
    digits = "".join(letter for letter in text if letter not in " -")
    if digits.isascii() and digits.isdigit():
        found |= Q(number__startswith=digits)
    led = Member.objects.filter(found, led_by__isnull=False)
    return rows.filter(found | Q(pk__in=led.values("led_by")))


def _sorted(rows: QuerySet[Member], sort: str) -> QuerySet[Member]:
    field = ORDERS.get(sort.lstrip("-"))
    if field is None:
        return rows.order_by("-joined_at", "-pk")
    return rows.order_by(f"-{field}" if sort.startswith("-") else field, "-pk")
