"""A fresh simulator per test, on a real socket with a frozen clock; and a receiver for its callbacks."""

from collections.abc import Callable, Iterator

import pytest
from hypothesis import settings
from msgsim.model import Json
from msgsim.testing import Answer, Simulator, call

from tests.receiver import Receiver
from tests.replicas.round_robin import Several
from tests.storage.cluster import Cluster, Databases, programs

settings.register_profile("busy", deadline=None)
settings.load_profile("busy")

START = "2026-01-01T00:00:00Z"
Http = Callable[..., Answer]
Advance = Callable[[str], list[dict[str, Json]]]


STORES = "Where servers in tests keep; replicas: each is three on one database of PostgreSQL, behind a round-robin."


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--store", choices=["sqlite", "postgresql", "replicas"], default="sqlite", help=STORES)


@pytest.fixture(scope="session")
def databases(pytestconfig: pytest.Config) -> Iterator[Databases | None]:
    """None: stores are in files and in memory, as the tests say."""
    if pytestconfig.getoption("--store") == "sqlite":
        yield None
        return
    with Cluster() as cluster:
        yield Databases(cluster)


@pytest.fixture(autouse=True)
def stores(databases: Databases | None, monkeypatch: pytest.MonkeyPatch, pytestconfig: pytest.Config) -> Iterator[None]:
    """Unless they are in SQLite, stores of servers in this process are in databases."""
    if databases is not None and pytestconfig.getoption("--store") == "replicas":
        several = lambda config, started: Several(databases.url(config), config, started)  # noqa: E731
        monkeypatch.setattr("msgsim.testing.Server", several)
    elif databases is not None:
        monkeypatch.setattr("msgsim.server.store_of", databases.store)
    yield
    if databases is not None:
        databases.empty()


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """Whatever `--store` says."""
    if programs() is None:
        pytest.skip("PostgreSQL is not installed")
    with Cluster() as running:
        yield running


@pytest.fixture
def url(cluster: Cluster) -> str:
    """Of an empty database."""
    return cluster.url()


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator(clock=f"frozen@{START}", seed=1) as simulator:
        yield simulator


@pytest.fixture
def http(sim: Simulator) -> Http:
    """``http("POST", "/v1/omnimessage", json={...}, headers={...})``"""

    def request(method: str, path: str, **more: Json) -> Answer:
        return call(f"{sim.url}{path}", method, **more)

    return request


@pytest.fixture
def control(sim: Simulator) -> Http:
    """``control("POST", "clock/freeze")``"""
    return sim.control


@pytest.fixture
def advance(sim: Simulator) -> Advance:
    """Move the clock; what happened meanwhile."""

    def move(by: str) -> list[dict[str, Json]]:
        happened: list[dict[str, Json]] = sim.control("POST", "clock/advance", {"by": by}).json["happened"]
        return happened

    return move


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiving:
        yield receiving
