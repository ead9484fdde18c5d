"""The one door from an id in a request to an object, store scope included."""

from typing import Any, Protocol, TypeVar, cast

from django.db.models import QuerySet

from regulars.core.errors import NotFound
from regulars.core.models import Record

AnyRecord = TypeVar("AnyRecord", bound=Record)


class Viewer(Protocol):
    """Whoever asks: an employee or an API key. `store_ids` is None where stores set no limit."""

    @property
    def store_ids(self) -> frozenset[int] | None: ...


def seen(model: type[AnyRecord], seen_by: Viewer) -> QuerySet[AnyRecord]:
    """The rows of a model that this viewer may see."""
    rows = cast("Any", model)._default_manager.all()
    limit = seen_by.store_ids
    if model.store_path is None or limit is None:
        return cast("QuerySet[AnyRecord]", rows)
    if not model.store_path:
        return cast("QuerySet[AnyRecord]", rows.filter(pk__in=limit))
    return cast("QuerySet[AnyRecord]", rows.filter(**{f"{model.store_path}__in": limit}))


def get_seen(
    model: type[AnyRecord], id: int, *, seen_by: Viewer, rows: QuerySet[AnyRecord] | None = None
) -> AnyRecord:
    """The object of that id, or `NotFound` where it does not exist for this viewer."""
    visible = seen(model, seen_by) if rows is None else rows & seen(model, seen_by)
    found = visible.filter(pk=id).first()
    if found is None:
        raise NotFound("not_found", f"no {model._meta.verbose_name} has the id {id}", "id")
    return found
