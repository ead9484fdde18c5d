"""The public libraries of Segment and RudderStack, unmodified, against a running door."""

import json
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from regulars.connectors.models import DeadLetter, EventSource
from regulars.customers.models import Identity, TrackedEvent
from tests.door import arrived, open_source, running_door

pytestmark = [
    pytest.mark.django_db(transaction=True),
    # Old habits of the libraries, not ours.
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning"),
]

NODE = Path(__file__).parent / "node"
WHEN = datetime(2026, 3, 1, 10, tzinfo=UTC)
EVERY_CALL = {"identify": 1, "track": 51, "page": 1, "screen": 1, "group": 1, "alias": 1}


@pytest.fixture(scope="module")
def door(django_db_setup: None) -> Iterator[str]:
    with running_door() as address:
        yield address


@pytest.fixture
def source(door: str, transactional_db: None) -> EventSource:
    return open_source(door)


def say_everything(client: Any, *, pages: dict[str, Any]) -> None:
    """One call of each kind and fifty more, by a client with the interface of Segment's."""
    properties = {"sku": "P1", "price": 12.5, "tags": ["a", "б"]}
    client.identify("customer-17", {"email": "ann@example.com", "name": "Ann"})
    client.track("customer-17", "Product Viewed", properties, timestamp=WHEN)
    client.page(**pages, name="Home", properties={"path": "/"})
    client.screen(**pages, name="Start")
    client.group("customer-17", "company-3", {"name": "Example"})
    client.alias("visitor-1", "customer-17")
    for number in range(50):
        client.track("customer-17", "Counted", {"n": number})
    client.flush()


def check(events: list[TrackedEvent]) -> None:
    assert Counter(event.type for event in events) == EVERY_CALL
    by_name = {event.name: event for event in events}
    viewed = by_name["Product Viewed"]
    assert viewed.properties == {"sku": "P1", "price": 12.5, "tags": ["a", "б"]}
    assert viewed.original_at == WHEN
    assert viewed.sent_at is not None
    assert viewed.context["library"]["name"]
    assert viewed.user_id == "customer-17"
    counted = [event.properties["n"] for event in events if event.name == "Counted"]
    assert sorted(counted) == list(range(50))
    assert {"Home", "Start", "company-3", "visitor-1"} <= set(by_name)
    customer_id = Identity.objects.get(kind="email", value="ann@example.com").customer_id
    assert viewed.customer_id == customer_id
    assert len({event.message_id for event in events}) == len(events)
    assert not DeadLetter.objects.exists()


@pytest.mark.parametrize("gzip", [False, True])
def test_segments_python_library(door: str, source: EventSource, gzip: bool) -> None:
    from segment.analytics.client import Client

    wrong: list[Any] = []
    client = Client(
        source.write_key, host=door, gzip=gzip, on_error=lambda error, _items: wrong.append(error)
    )
    say_everything(client, pages={"anonymous_id": "visitor-1"})
    client.join()
    assert not wrong
    check(arrived(56))


def test_rudderstacks_python_library(door: str, source: EventSource) -> None:
    from rudderstack.analytics.client import Client

    wrong: list[Any] = []
    client = Client(source.write_key, host=door, on_error=lambda error, _items: wrong.append(error))
    say_everything(client, pages={"anonymous_id": "visitor-1"})
    client.join()
    assert not wrong
    check(arrived(56))


def test_segments_node_library(door: str, source: EventSource) -> None:
    if shutil.which("node") is None or not (NODE / "node_modules").exists():
        pytest.skip("there is no Node.js with the library; tests/node/install.sh gets it")
    subprocess.run(
        ["node", str(NODE / "send.mjs"), door, source.write_key], check=True, timeout=120
    )
    check(arrived(56))


def test_a_wrong_key_is_told_to_the_client(door: str, source: EventSource) -> None:
    from segment.analytics.client import Client

    wrong: list[Any] = []
    client = Client("wk_wrong", host=door, on_error=lambda error, _items: wrong.append(error))
    client.track("customer-17", "Lost")
    client.flush()
    client.join()
    assert "401" in json.dumps(str(wrong))
    assert not arrived()
