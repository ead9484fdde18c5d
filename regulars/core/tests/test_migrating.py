"""What migrations leave, made table by table: all that models say, and Django's own classes."""

import pytest
from django.apps import apps
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.migration import Migration
from django.db.migrations.state import ProjectState

from regulars.core.migrating import AskedState, Executor

LOOKED_UP = """
    SELECT conrelid::regclass::text, conname FROM pg_constraint WHERE conrelid <> 0
    UNION SELECT indrelid::regclass::text, indexrelid::regclass::text FROM pg_index
"""


def columns_of(model) -> dict[str, str]:
    return {one.column: one.db_type(connection) for one in model._meta.local_concrete_fields}


@pytest.mark.django_db
def test_the_database_has_all_that_models_say() -> None:
    with connection.cursor() as cursor:
        cursor.execute(LOOKED_UP)
        found = {(table.strip('"'), name.strip('"')) for table, name in cursor.fetchall()}
        for model in apps.get_models(include_auto_created=True):
            table = model._meta.db_table
            if not model._meta.managed:
                continue
            described = connection.introspection.get_table_description(cursor, table)
            assert {one.name for one in described} == set(columns_of(model)), table
            named = [*model._meta.constraints, *model._meta.indexes]
            assert {(table, one.name) for one in named} <= found, table
            keys = connection.introspection.get_relations(cursor, table)
            told = {
                one.column: (one.target_field.column, one.remote_field.model._meta.db_table)
                for one in model._meta.local_concrete_fields
                if one.is_relation and one.db_constraint
            }
            assert told.items() <= keys.items(), table


@pytest.mark.django_db
def test_a_class_made_when_it_is_asked_for_is_the_one_django_makes() -> None:
    told = MigrationExecutor(connection).loader.project_state()
    whole, asked = told.apps, AskedState(told.models, told.real_apps)
    for label, name in sorted(told.models):
        one, other = whole.get_model(label, name), asked.apps.get_model(label, name)
        assert columns_of(one) == columns_of(other)
        assert [one.name for one in one._meta.constraints] == [
            one.name for one in other._meta.constraints
        ]


@pytest.mark.django_db
def test_what_points_to_a_changed_model_is_made_anew_and_nothing_else() -> None:
    state = AskedState(MigrationExecutor(connection).loader.project_state().models)
    purchase = state.apps.get_model("customers", "purchase")
    employee = state.apps.get_model("company", "employee")
    before = state.clone()
    state.reload_model("customers", "customer")
    assert state.apps.get_model("company", "employee") is employee
    assert state.apps.get_model("customers", "purchase") is not purchase
    assert before.apps.get_model("customers", "purchase") is purchase


@pytest.mark.django_db
def test_after_migrating_the_state_is_whole() -> None:
    executor = Executor(connection)
    executor.loader.applied_migrations = {}
    state = AskedState(executor.loader.project_state().models)
    executor._migrate_all_forwards = lambda *_args, **_named: state
    made = executor.migrate(executor.loader.graph.leaf_nodes())
    assert type(made) is ProjectState
    assert len(made.apps.get_models(include_swapped=True)) == len(state.models)


@pytest.mark.django_db
def test_only_a_new_database_is_migrated_in_another_way_than_djangos() -> None:
    executor = Executor(connection)
    assert not executor.is_new
    for is_new, kind in ((False, ProjectState), (True, AskedState)):
        executor.is_new = is_new
        state = executor.apply_migration(ProjectState(), Migration("any", "core"), fake=True)
        assert type(state) is kind
