"""What every JSON operation shares: keys, idempotency, problem documents, pages and bulk lines.

What operations need is imported from here; the rest by its full path. A domain's `api.py` holds `router = Router(tags=["Purchases"])` and operations such as

    @router.get("/purchases", response=Page[PurchaseOut], **reads("purchases:read"))
    def list_purchases(request: ApiRequest, ask: Query[PageAsk]) -> Page[PurchaseOut]:
        rows = seen(Purchase, request.auth)
        return page_of(rows, ask, order="-bought_at", shape=PurchaseOut)

    @router.post("/purchases", response={201: Receipt}, **writes("purchases:write"))
    def create_purchase(request: ApiRequest, purchase: PurchaseIn) -> Status[Receipt]:
        return Status(201, ...)  # ninja.Status

    @router.post("/purchases/bulk", **takes_lines("purchases:write", PurchaseIn))
    def create_purchases(request: ApiRequest) -> HttpResponse:
        return answer_lines(request, PurchaseIn, take_purchases)

- `operations`   `reads`, `writes`, `takes_lines`: the scope and the rules of an operation
- `requests`     `ApiRequest`: a request whose `auth` is the key (`store_ids` for `seen`)
- `cursors`      `PageAsk`, `Page`, `page_of`: pages by an opaque cursor
- `lines`        `answer_lines`: bulk NDJSON, one answer per line
- `fields`       `Id`, `Minor`, `Text`, `Moment`: types for schemas that a database can hold
- `keys`         `create_key`, `revoke_key`
- `problems`     how errors become problem documents; operations simply raise `Refused`
- `application`  `make_api(routers)`: the whole, mounted at `/api/v1/`

The first line of an operation's docstring is its summary's explanation in the reference. An
operation's transaction is opened for it (except for bulk lines, where each batch has its own).
"""

from regulars.core.api.cursors import Page, PageAsk, page_of
from regulars.core.api.fields import Currency, Id, Key, Minor, Moment, SignedMinor, Text
from regulars.core.api.lines import answer_lines
from regulars.core.api.operations import reads, takes_lines, writes
from regulars.core.api.requests import ApiRequest

__all__ = [
    "ApiRequest",
    "Currency",
    "Id",
    "Key",
    "Minor",
    "Moment",
    "Page",
    "PageAsk",
    "SignedMinor",
    "Text",
    "answer_lines",
    "page_of",
    "reads",
    "takes_lines",
    "writes",
]
