"""Replicas on one database: three in this process, each asked by itself; and the pieces of a story with them."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from msgsim.testing import Simulator

from tests.conftest import START
from tests.storage.cluster import Cluster, programs


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    if programs() is None:
        pytest.skip("PostgreSQL is not installed")
    with Cluster() as running:
        yield running


@pytest.fixture
def url(cluster: Cluster) -> str:
    return cluster.url()


@pytest.fixture
def three(url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Simulator]]:
    """The first has the sandbox ``default``."""
    with ExitStack() as running:
        yield [running.enter_context(Simulator(store=url, clock=f"frozen@{START}", seed=1)) for _ in range(3)]
