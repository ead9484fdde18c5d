"""What every page's frame needs to know."""

from typing import Any

from django.http import HttpRequest

from regulars.web.pages import PAGES


def context(request: HttpRequest) -> dict[str, Any]:
    """The navigation this person may see, and the page they are on."""
    user = getattr(request, "user", None)
    entries = [
        page
        for page in PAGES.values()
        if page.nav is not None and user is not None and user.has_perm(page.needs)
    ]
    entries.sort(key=lambda page: page.nav.order if page.nav else 0)
    return {"navigation": entries}
