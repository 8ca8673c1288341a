"""Replicas on one database: three in this process, each asked by itself; and the pieces of a story with them."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from msgsim.testing import Simulator

from tests.conftest import START


@pytest.fixture(autouse=True)
def stores() -> None:
    """These tests say themselves where servers keep, whatever `--store` says."""


@pytest.fixture
def three(url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Simulator]]:
    """The first has the sandbox ``default``."""
    with ExitStack() as running:
        yield [running.enter_context(Simulator(store=url, clock=f"frozen@{START}", seed=1)) for _ in range(3)]
