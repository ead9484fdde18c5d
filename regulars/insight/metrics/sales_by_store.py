"""The metric `sales_by_store`: sales of each store now and before."""

from collections import defaultdict
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _
from typing_extensions import override

from regulars.insight.metrics import Metric, Rows, Tables, by_person, metrics, money_rows
from regulars.insight.rules.scope import Scope


@metrics.add("sales_by_store")
class SalesByStore(Metric):
    """Sales net of returns, receipts and customers of each store, beside the period before."""

    title: ClassVar[Any] = _("Sales by store")
    facts: ClassVar[tuple[str, ...]] = ("purchases", "returns", "stores", "persons")

    @override
    def expression(self, lake: Tables, scope: Scope) -> Any:
        money = by_person(money_rows(lake, scope.before.from_on, scope), lake)
        stores = lake["stores"].select("code", "name", "name_ru", known_id="id")
        joined = money.left_join(stores, money.store_id == stores.known_id)
        return (
            joined.group_by(
                "store_id", "code", "name", "name_ru", is_now=joined.day >= scope.from_on
            )
            .agg(
                money_minor=joined.money_minor.sum(),
                receipts=joined.receipts.sum(),
                customers=joined.customer_id.nunique(),
            )
            .order_by("store_id", "is_now")
        )

    @override
    def result(self, rows: Rows, scope: Scope) -> dict[str, Any]:
        stores: dict[Any, dict[str, Any]] = defaultdict(
            lambda: {"money_minor": 0, "receipts": 0, "customers": 0, "before_minor": 0}
        )
        for row in rows:
            store = stores[row["store_id"]]
            store.update(code=row["code"], name=row["name"], name_ru=row["name_ru"])
            if row["is_now"]:
                store.update({key: row[key] for key in ("money_minor", "receipts", "customers")})
            else:
                store["before_minor"] = row["money_minor"]
        ordered = sorted(stores.items(), key=lambda item: (-item[1]["money_minor"], item[0] or 0))
        return {"stores": [{"store_id": store_id, **store} for store_id, store in ordered]}
