"""Writes `docs/events.md`: every event, what it carries, who publishes it and who listens.

Run it as `python docs/events.py` from the top of the repository, after an event or handler changed.
"""

import dataclasses
import importlib
import importlib.util
import inspect
import os
import sys
from pathlib import Path

HEAD = """# Events

Written by `docs/events.py`; change the code, then run it again. An event is published in the transaction
that makes it true, and each handler gets a delivery of its own: repeated until it is done, alone.
Ids come in batches: one event for all purchases of a batch.
"""


def events_of(domain: str) -> list[type]:
    """The events a domain declares, in the order of its file."""
    from regulars.core.events import Event

    if domain == "core" or not importlib.util.find_spec(f"regulars.{domain}.events"):
        return []
    module = importlib.import_module(f"regulars.{domain}.events")
    found = [each for each in vars(module).values() if inspect.isclass(each)]
    own = [each for each in found if each.__module__ == module.__name__ and each is not Event]
    return [each for each in own if issubclass(each, Event)]


def described(event: type, *, handlers: list[str]) -> str:
    """The paragraph about one event."""
    fields = [f"`{each.name}: {_type(each.type)}`" for each in dataclasses.fields(event)]
    heard_by = [f"`{name.removeprefix('regulars.')}`" for name in handlers]
    return "\n".join(
        (
            f"### {event.__name__}\n",
            f"{inspect.cleandoc(event.__doc__ or '')}\n",
            f"- carries: {', '.join(fields) or 'nothing'}",
            f"- heard by: {', '.join(heard_by) or 'nobody yet'}\n",
        )
    )


def _type(kind: object) -> str:
    return kind.__name__ if isinstance(kind, type) and not hasattr(kind, "__args__") else str(kind)


def page() -> str:
    """The whole page, from the code as it is."""
    from django.conf import settings

    from regulars.core.events import kind_name, listeners

    heard = listeners()
    parts = [HEAD]
    for domain in settings.DOMAINS:
        if events := events_of(domain):
            parts.append(f"## {domain}\n")
            parts += [described(each, handlers=heard.get(kind_name(each), [])) for each in events]
    return "\n".join(parts)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent.parent))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "regulars.settings")
    import django

    django.setup()
    Path(__file__).with_suffix(".md").write_text(page(), encoding="utf-8")
