"""Products along the branches of their category tree."""

from django.core.paginator import Paginator
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from regulars.company.models import Category
from regulars.company.queries import branches_of, find_products, way_to
from regulars.core.errors import NotFound
from regulars.web.pages import Setting, Shown, page, show

PER_PAGE = 50
ORDERS = {"name": "name", "sku": "sku", "maker": "maker"}


@page(
    "products",
    needs="company.view_product",
    title=_("Products"),
    setting=Setting(_("Products"), _("The catalogue and its category tree"), "products", 50),
)
def products(request: HttpRequest) -> Shown:
    """The products on a branch of the tree or matching a text, and the branches below."""
    text = request.GET.get("q", "")[:100].replace("\x00", "")
    branch = _branch(request.GET.get("category", ""))
    sort = request.GET.get("sort", "name")
    column = ORDERS.get(sort.lstrip("-"), "name")
    order = f"-{column}" if sort.startswith("-") else column
    rows = find_products(text, branch=branch).order_by(order, "id")
    listed = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    return show(
        request,
        "company/products.html",
        listed=listed,
        query=text,
        branch=branch,
        branches=branches_of(branch),
        way=way_to(branch),
    )


def _branch(asked: str) -> Category | None:
    if not asked:
        return None
    known = asked.isascii() and asked.isdigit() and len(asked) < 19
    branch = Category.objects.filter(pk=int(asked)).first() if known else None
    if branch is None:
        raise NotFound("not_found", str(_("There is no such category.")), "category")
    return branch
