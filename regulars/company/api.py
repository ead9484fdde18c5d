"""Stores, products and those who serve, for other systems."""

from collections.abc import Sequence
from datetime import date

from django.http import HttpResponse
from ninja import Field, Query, Router, Schema
from ninja.responses import Status

from regulars.company.actions import (
    Added,
    AgentInput,
    ProductInput,
    StoreInput,
    add_agents,
    add_products,
    add_stores,
    change_agent,
    change_store,
    remove_agent,
)
from regulars.company.models import Agent, Product, Store
from regulars.company.queries import find_agents, find_products, find_stores
from regulars.company.rules import AGENT_CODE_MAX
from regulars.core.access import get_seen
from regulars.core.api.cursors import Page, PageAsk, page_of
from regulars.core.api.fields import Id
from regulars.core.api.lines import answer_lines
from regulars.core.api.operations import reads, takes_lines, writes
from regulars.core.api.requests import ApiRequest
from regulars.core.errors import Forbidden, Refused

router = Router(tags=["Company"])


class StoreFacts(Schema):
    """A store as people know it."""

    name: str = Field("", max_length=100)
    name_ru: str = Field("", max_length=100)
    kind: str = Field("", pattern="^(shop|web)?$", description="shop, or web")
    city: str = Field("", max_length=100)
    city_ru: str = Field("", max_length=100)
    address: str = Field("", max_length=200)
    timezone: str = Field("", max_length=50, examples=["Europe/Moscow"])


class StoreIn(StoreFacts):
    """A store by its code; what is empty leaves a known store as it is."""

    code: str = Field(min_length=1, max_length=50, pattern=r"^\S(.*\S)?$", examples=["north-1"])


class StoreOut(StoreIn):
    """A store."""

    id: Id
    closed_on: date | None


class ProductIn(Schema):
    """A product by its number; what is empty leaves a known product as it is."""

    sku: str = Field(min_length=1, max_length=50, pattern=r"^\S(.*\S)?$", examples=["milk-1l"])
    name: str = Field("", max_length=200)
    category: str = Field("", max_length=400, examples=["Food/Dairy"])
    maker: str = Field("", max_length=100)
    size: str = Field("", max_length=50)


class ProductOut(ProductIn):
    """A product."""

    id: Id


class AddedOut(Schema):
    """The id of what was described, and whether it is new."""

    id: Id
    created: bool


class AgentFacts(Schema):
    """Somebody who serves customers as people know them."""

    name: str = Field("", max_length=100)
    name_ru: str = Field("", max_length=100)
    team: str = Field("", max_length=100, examples=["Bakery"])


class AgentIn(AgentFacts):
    """Somebody who serves, by their code; what is empty leaves a known one as they are."""

    code: str = Field(
        min_length=1, max_length=AGENT_CODE_MAX, pattern=r"^\S(.*\S)?$", examples=["1042"]
    )


class AgentOut(AgentIn):
    """Somebody who serves; those whom nobody has described have no name and no team."""

    id: Id


class FindAsk(PageAsk):
    """Which rows are asked for."""

    q: str = Field("", max_length=100, description="A fragment of the name or code.")


@router.get("/stores", response=Page[StoreOut], **reads("company:read"))
def list_stores(request: ApiRequest, ask: Query[FindAsk]) -> Page[StoreOut]:
    """The stores within sight of the key."""
    return page_of(find_stores(_clean(ask.q), seen_by=request.auth), ask, shape=_store, order="id")


@router.get("/stores/{int:store_id}", response=StoreOut, **reads("company:read"))
def show_store(request: ApiRequest, store_id: Id) -> StoreOut:
    """One store, with its code, names and address."""
    return _store(get_seen(Store, store_id, seen_by=request.auth))


@router.post("/stores", response={201: AddedOut}, **writes("company:write"))
def add_store(request: ApiRequest, store: StoreIn) -> Status[AddedOut]:
    """Add a store, or describe a known one anew by its code."""
    (added,) = _add_stores([store], request=request)
    if isinstance(added, Refused):
        raise added
    return Status(201, added)


@router.patch("/stores/{int:store_id}", response=StoreOut, **writes("company:write"))
def describe_store(request: ApiRequest, store_id: Id, store: StoreFacts) -> StoreOut:
    """Replace the description of a store; its code stays."""
    found = get_seen(Store, store_id, seen_by=request.auth)
    told = StoreInput(code=found.code, **store.dict())
    return _store(change_store(found, told, closed_on=found.closed_on))


@router.post("/stores/bulk", **takes_lines("company:write", StoreIn))
def add_many_stores(request: ApiRequest) -> HttpResponse:
    """Add or describe stores, a line each."""
    return answer_lines(request, StoreIn, lambda batch: _add_stores(batch, request=request))


@router.get("/products", response=Page[ProductOut], **reads("company:read"))
def list_products(request: ApiRequest, ask: Query[FindAsk]) -> Page[ProductOut]:
    """The products, by a fragment of name, number or maker where one is given."""
    return page_of(find_products(_clean(ask.q)), ask, shape=_product, order="id")


@router.get("/products/{int:product_id}", response=ProductOut, **reads("company:read"))
def show_product(request: ApiRequest, product_id: Id) -> ProductOut:
    """One product."""
    rows = Product.objects.select_related("category")
    return _product(get_seen(Product, product_id, seen_by=request.auth, rows=rows))


@router.post("/products", response={201: AddedOut}, **writes("company:write"))
def add_product(request: ApiRequest, product: ProductIn) -> Status[AddedOut]:
    """Add a product, or describe a known one anew by its number."""
    (added,) = _add_products([product])
    if isinstance(added, Refused):
        raise added
    return Status(201, added)


@router.post("/products/bulk", **takes_lines("company:write", ProductIn))
def add_many_products(request: ApiRequest) -> HttpResponse:
    """Add or describe products, a line each."""
    return answer_lines(request, ProductIn, _add_products)


@router.get("/agents", response=Page[AgentOut], **reads("agents:read"))
def list_agents(request: ApiRequest, ask: Query[FindAsk]) -> Page[AgentOut]:
    """Those who serve customers, by the codes that purchases and answers name them with."""
    _of_all_stores(request)
    return page_of(find_agents(_clean(ask.q)), ask, shape=_agent, order="id")


@router.post("/agents", response={201: AddedOut}, **writes("agents:write"))
def add_agent(request: ApiRequest, agent: AgentIn) -> Status[AddedOut]:
    """Add somebody who serves, or describe a known one anew by their code."""
    (added,) = _add_agents([agent], request=request)
    if isinstance(added, Refused):
        raise added
    return Status(201, added)


@router.post("/agents/bulk", **takes_lines("agents:write", AgentIn))
def add_many_agents(request: ApiRequest) -> HttpResponse:
    """Add or describe those who serve, a line each."""
    return answer_lines(request, AgentIn, lambda batch: _add_agents(batch, request=request))


@router.patch("/agents/{int:agent_id}", response=AgentOut, **writes("agents:write"))
def describe_agent(request: ApiRequest, agent_id: Id, agent: AgentFacts) -> AgentOut:
    """Replace what is known of somebody who serves; the code stays."""
    _of_all_stores(request)
    found = get_seen(Agent, agent_id, seen_by=request.auth)
    return _agent(change_agent(found, AgentInput(code=found.code, **agent.dict())))


@router.delete("/agents/{int:agent_id}", response={204: None}, **writes("agents:write"))
def forget_agent(request: ApiRequest, agent_id: Id) -> Status[None]:
    """Forget somebody who served, and whom they served; purchases and answers stay."""
    _of_all_stores(request)
    remove_agent(get_seen(Agent, agent_id, seen_by=request.auth))
    return Status(204, None)


def _clean(text: str) -> str:
    return text.replace("\x00", "")


def _add_stores(batch: Sequence[StoreIn], *, request: ApiRequest) -> list[AddedOut | Refused]:
    if request.auth.store_ids is not None:
        raise Forbidden("scope_is_missing", "a key of some stores may not add stores")
    return _answers(add_stores([StoreInput(**one.dict()) for one in batch]))


def _add_products(batch: Sequence[ProductIn]) -> list[AddedOut | Refused]:
    return _answers(add_products([ProductInput(**one.dict()) for one in batch]))


def _of_all_stores(request: ApiRequest) -> None:
    if request.auth.store_ids is not None:
        raise Forbidden("scope_is_missing", "those who serve are no matter of a key of some stores")


def _add_agents(batch: Sequence[AgentIn], *, request: ApiRequest) -> list[AddedOut | Refused]:
    _of_all_stores(request)
    return _answers(add_agents([AgentInput(**one.dict()) for one in batch]))


def _agent(row: Agent) -> AgentOut:
    return AgentOut(id=row.pk, code=row.code, name=row.name, name_ru=row.name_ru, team=row.team)


def _answers(added: Sequence[Added]) -> list[AddedOut | Refused]:
    return [one.refused or AddedOut(id=one.id, created=one.created) for one in added]


def _store(row: Store) -> StoreOut:
    fields = ("code", "name", "name_ru", "kind", "city", "city_ru", "address", "timezone")
    told = {name: getattr(row, name) for name in fields}
    return StoreOut(id=row.pk, closed_on=row.closed_on, **told)


def _product(row: Product) -> ProductOut:
    path = row.category.path if row.category else ""
    return ProductOut(
        id=row.pk, sku=row.sku, name=row.name, category=path, maker=row.maker, size=row.size
    )
