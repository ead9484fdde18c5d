"""What tests of the whole program share."""

from collections.abc import Iterator

import pytest

from tests.served import Environment, new_installation


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Environment]:
    """One installation for all that start the program and kill it: it must outlive each of them."""
    with new_installation(tmp_path_factory.mktemp("installation") / "data") as environment:
        yield environment
