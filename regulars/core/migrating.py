"""Migrations of an empty database in seconds: a model's class is made when an operation asks for it.

Django keeps the classes of all models at hand and makes those of all related ones anew with every
table, index and constraint. Here nearly everything is related to a customer, so that hundreds of
classes are made hundreds of times. Operations that touch one table need the class of its model, and
of those that it points to: only these are made, and they are kept until they change. A migration
that does anything else runs Django's way, and so does every migration of a database that has some.
"""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, Self

from django.db.migrations import operations
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.migration import Migration
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import AppConfigStub, ModelState, ProjectState, StateApps
from django.db.migrations.utils import resolve_relation

Key = tuple[str, str]
"""An app's label and a model's name in lower case."""

ONE_TABLE = (
    operations.AddConstraint,
    operations.AddField,
    operations.AddIndex,
    operations.AlterModelManagers,
    operations.AlterModelOptions,
    operations.AlterUniqueTogether,
    operations.CreateModel,
    operations.RemoveConstraint,
    operations.RemoveIndex,
    operations.RunSQL,
)
"""Operations that ask for the model they name and look at nothing that points to it."""


def pointed_at(state: ModelState) -> Iterator[Key]:
    """The models without which a model's class cannot be made."""
    for field in state.fields.values():
        if field.is_relation:
            for other in (field.related_model, getattr(field.remote_field, "through", None)):
                if other:
                    yield resolve_relation(other, state.app_label, state.name_lower)
    yield from (resolve_relation(base) for base in state.bases if isinstance(base, str))


class AskedApps(StateApps):
    """A registry whose classes are made when they are asked for."""

    def __init__(
        self, states: dict[Key, ModelState], made: Mapping[Key, type[Any]] | None = None
    ) -> None:
        super().__init__([], {})
        self.states = states
        for (label, name), model in (made or {}).items():
            self.all_models[label][name] = model
        for label in list(self.all_models):
            self.app_configs[label] = stub = AppConfigStub(label)
            stub.apps = self
            stub.import_models()

    def get_model(
        self,
        app_label: str,
        model_name: str | None = None,
        require_ready: bool = True,  # noqa: FBT001, FBT002 (Django's signature)
    ) -> type[Any]:
        """The class of a model, with those it points to."""
        if model_name is None:
            app_label, _, model_name = app_label.partition(".")
        self._make((app_label, model_name.lower()))
        return super().get_model(app_label, model_name, require_ready)

    def made(self) -> dict[Key, type[Any]]:
        """The classes that are there."""
        return {
            (label, name): model
            for label, models in self.all_models.items()
            for name, model in models.items()
        }

    def _make(self, key: Key) -> None:
        waiting, wanted = [key], dict[Key, ModelState]()
        while waiting:
            one = waiting.pop()
            if one in wanted or one not in self.states or one[1] in self.all_models[one[0]]:
                continue
            wanted[one] = self.states[one]
            waiting += pointed_at(wanted[one])
        self.render_multiple([*wanted.values()])


class AskedState(ProjectState):
    """A state whose classes are made when they are asked for, and kept until they change."""

    @cached_property
    def apps(self) -> AskedApps:
        """The registry of classes."""
        return AskedApps(self.models)

    def clone(self) -> Self:
        """The same state, which changes by itself, with the classes that are there."""
        models = {key: one.clone() for key, one in self.models.items()}
        new = type(self)(models, self.real_apps)
        new.apps = AskedApps(new.models, self.apps.made())
        return new

    def reload_model(self, app_label: str, model_name: str, *_told: Any, **_named: Any) -> None:
        """Forget the class of a model that changed, and those that point to it."""
        self.reload_models([(app_label, model_name)])

    def reload_models(self, models: list[Key], *_told: Any, **_named: Any) -> None:
        """Forget the classes of models that changed, and those that point to them."""
        stale, grows = {(label, name.lower()) for label, name in models}, True
        made = self.apps.made()
        while grows:
            more = {
                key
                for key in made
                if key not in stale
                and (key not in self.models or stale.intersection(pointed_at(self.models[key])))
            }
            stale, grows = stale | more, bool(more)
        kept = {key: model for key, model in made.items() if key not in stale}
        self.apps = AskedApps(self.models, kept)


class Executor(MigrationExecutor):
    """Runs migrations forwards; in a new database those that touch one table without all the others."""

    def __init__(self, *told: Any, **named: Any) -> None:
        super().__init__(*told, **named)
        self.is_new = not self.loader.applied_migrations

    def migrate(self, *args: Any, **told: Any) -> ProjectState:
        """What Django's gives: a state with the classes of all models."""
        return _whole(super().migrate(*args, **told))

    def apply_migration(
        self, state: ProjectState, migration: Migration, *told: Any, **named: Any
    ) -> ProjectState:
        """The state after a migration, which is performed."""
        is_asked = self.is_new and _touches_single_tables(migration, state)
        kind = AskedState if is_asked else ProjectState
        if type(state) is not kind:
            state = kind(state.models, state.real_apps)
        return super().apply_migration(state, migration, *told, **named)


def _whole(state: ProjectState) -> ProjectState:
    return ProjectState(state.models, state.real_apps) if isinstance(state, AskedState) else state


def _touches_single_tables(migration: Migration, state: ProjectState) -> bool:
    return all(
        isinstance(one, ONE_TABLE) or _is_seen_by_no_other_table(one, migration.app_label, state)
        for one in migration.operations
    )


def _is_seen_by_no_other_table(operation: Operation, label: str, state: ProjectState) -> bool:
    """Whether a field changes that points nowhere, and that nobody can point to."""
    if not isinstance(operation, operations.AlterField):
        return False
    model = state.models.get((label, operation.model_name_lower))
    before = model and model.fields.get(operation.name)
    both = [one for one in (before, operation.field) if one]
    return len(both) == 2 and not any(one.is_relation or one.unique for one in both)
