"""A fresh simulator per test, on a real socket with a frozen clock; and a receiver for its callbacks."""

from collections.abc import Callable, Iterator

import pytest
from hypothesis import settings
from msgsim.model import Json
from msgsim.testing import Answer, Simulator, call

from tests.receiver import Receiver

settings.register_profile("busy", deadline=None)
settings.load_profile("busy")

START = "2026-01-01T00:00:00Z"
Http = Callable[..., Answer]
Advance = Callable[[str], list[dict[str, Json]]]


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
