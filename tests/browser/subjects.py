"""Addresses of pages that need an object: the most telling one that the demo company has."""

from django.urls import reverse

from regulars.feedback.models import PublicLink
from regulars.loyalty.models import Member
from regulars.web.pages import PAGES


def _busiest_member() -> Member:
    found = Member.objects.order_by("-visits", "pk").first()
    if found is None:
        raise LookupError("there is no member")
    return found


def _link_code() -> str:
    found = PublicLink.objects.order_by("pk").first()
    if found is None:
        raise LookupError("there is no public survey")
    return found.code


def address_of(page: str) -> str:
    """The address of a page, with an object that has something to show; LookupError without one."""
    route = PAGES[page].route
    if "customer_id" in route:
        return reverse(page, args=[_busiest_member().customer_id])
    if page == "loyalty.card":
        return reverse(page, args=[_busiest_member().token])
    if "<str:number>" in route:
        return reverse(page, args=[_busiest_member().number])
    if page == "feedback.public":
        return reverse(page, args=[_link_code()])
    return reverse(page)
