"""The metric `sales_by_category`: sales of each trunk of the product tree, now and before."""

from collections import defaultdict
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _
from typing_extensions import override

from regulars.insight.metrics import Metric, Rows, Tables, between, metrics, of_stores
from regulars.insight.rules.scope import Scope


@metrics.add("sales_by_category")
class SalesByCategory(Metric):
    """Sales net of returns by department, from the lines of receipts, beside the period before."""

    title: ClassVar[Any] = _("Sales by category")
    facts: ClassVar[tuple[str, ...]] = ("lines", "returns", "products")

    @override
    def expression(self, lake: Tables, scope: Scope) -> Any:
        sold, back = (
            of_stores(between(lake[name], scope.before.from_on, scope.to_on), scope)
            for name in ("lines", "returns")
        )
        money = sold.select("product_id", "day", money_minor=sold.total_minor, lines=1).union(
            back.select("product_id", "day", money_minor=-back.total_minor, lines=0)
        )
        products = lake["products"].select("department", known_id="id")
        joined = money.left_join(products, money.product_id == products.known_id)
        department = joined.department.fill_null("")
        return (
            joined.group_by(department=department, is_now=joined.day >= scope.from_on)
            .agg(money_minor=joined.money_minor.sum(), lines=joined.lines.sum())
            .order_by("department", "is_now")
        )

    @override
    def result(self, rows: Rows, scope: Scope) -> dict[str, Any]:
        found: dict[str, dict[str, Any]] = defaultdict(
            lambda: {"money_minor": 0, "lines": 0, "before_minor": 0}
        )
        for row in rows:
            if row["is_now"]:
                found[row["department"]].update(money_minor=row["money_minor"], lines=row["lines"])
            else:
                found[row["department"]]["before_minor"] = row["money_minor"]
        ordered = sorted(found.items(), key=lambda item: (-item[1]["money_minor"], item[0]))
        return {"categories": [{"category": name, **one} for name, one in ordered]}
