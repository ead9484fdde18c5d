"""Taking back rows that an import made, as far as nothing points to them by now."""

from django.db import connection
from django.db.models import ManyToOneRel, Model

from regulars.connectors.models import Made
from regulars.connectors.targets import Undone
from regulars.core.sql import int_array


def remove_unused(model: type[Model], work_id: int, *, count: int) -> Undone:
    """Delete what the work made and no table refers to; what is in use stays and is counted.

    One statement, whatever the number of rows and of tables that may refer to them.
    """
    made = Made.objects.filter(work_id=work_id).order_by("id")[:count]
    ids = dict(made.values_list("id", "row_id"))
    if not ids:
        return Undone(0, 0, is_last=True)
    table = model._meta.db_table
    unused = "".join(
        f" AND NOT EXISTS (SELECT FROM {other} WHERE {other}.{column} = {table}.id)"
        for other, column in _references(model)
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"DELETE FROM {table} WHERE id = ANY(%s::bigint[]){unused}", [int_array(ids.values())]
        )
        removed = cursor.rowcount
    Made.objects.filter(id__in=list(ids)).delete()
    return Undone(removed, len(ids) - removed, is_last=len(ids) < count)


def _references(model: type[Model]) -> list[tuple[str, str]]:
    """Every table and column that may point to rows of a model."""
    return [
        (relation.related_model._meta.db_table, relation.field.column)
        for relation in model._meta.get_fields(include_hidden=True)
        if isinstance(relation, ManyToOneRel) and relation.field.column
    ]
