"""Plug-ins: a folder whose files register themselves, and entry points that add from outside."""

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from importlib.metadata import entry_points
from threading import RLock
from typing import Generic, TypeVar

from regulars.core.errors import Refused

Kind = TypeVar("Kind")


class Registry(Generic[Kind]):
    """Kinds by name, found on first use in one folder and behind one entry point.

    The name is what the database stores, so a kind may never be renamed, only replaced.
    """

    def __init__(self, name: str, *, package: str) -> None:
        self.name = name
        self._package = package
        self._kinds: dict[str, Kind] = {}
        self._scanned = False
        self._is_scanning = False
        self._turn = RLock()

    def add(self, kind: str) -> Callable[[Kind], Kind]:
        """A decorator that registers a class, function or object under a name."""

        def register(plug_in: Kind) -> Kind:
            assert kind not in self._kinds, f"two {self.name} are named {kind}"
            self._kinds[kind] = plug_in
            return plug_in

        return register

    def get(self, kind: str) -> Kind:
        """The plug-in of that name; `Refused` when there is none."""
        self._scan()
        if kind not in self._kinds:
            raise Refused(
                "unknown_kind", f"there is no kind {kind!r} among the {self.name}", "kind"
            )
        return self._kinds[kind]

    def kinds(self) -> dict[str, Kind]:
        """All plug-ins by name, in the order of their names."""
        self._scan()
        return dict(sorted(self._kinds.items()))

    def __iter__(self) -> Iterator[str]:
        return iter(self.kinds())

    def _scan(self) -> None:
        """Find what there is, once; other threads wait meanwhile, lest they see a part of it.

        A plug-in may ask for others while it is read, and sees those that were read before.
        """
        if self._scanned:
            return
        with self._turn:
            if self._scanned or self._is_scanning:
                return
            self._is_scanning = True
            try:
                self._find()
                self._scanned = True
            finally:
                self._is_scanning = False

    def _find(self) -> None:
        folder = importlib.import_module(self._package)
        for module in pkgutil.iter_modules(getattr(folder, "__path__", ())):
            importlib.import_module(f"{self._package}.{module.name}")
        for outside in entry_points(group=f"regulars.{self.name}"):
            outside.load()
