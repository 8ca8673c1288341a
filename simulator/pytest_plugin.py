"""Fixture ``msgsim``: a simulator per test session, a fresh sandbox per test.

pytest loads this module in every run of every project that has it installed, so it imports nothing until a
test asks for the fixture.
"""

import os
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from simulator.client import Client, Json

    Coverage = dict[str, Json]

SANDBOX: "pytest.StashKey[Client]" = pytest.StashKey()
COVERED: "pytest.StashKey[list[Coverage]]" = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("msgsim", "messaging simulator")
    group.addoption(
        "--msgsim-coverage",
        action="store_true",
        help="Show which documented errors and outcomes of the providers the tests have met.",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "scenario(*names): scenarios, shipped or files, that the sandbox of `msgsim` has."
    )
    config.addinivalue_line(
        "markers",
        "msgsim(clock=..., seed=..., settings=...): how the sandbox of `msgsim` is made; its clock is frozen.",
    )
    config.stash[COVERED] = []


@pytest.fixture(scope="session")
def msgsim_server() -> "Iterator[Client]":
    """The server at MSGSIM_URL, or one in a thread of this process on a free port."""
    from simulator.client import Client

    if url := os.environ.get("MSGSIM_URL"):
        with Client(url) as client:
            client.health()
            yield client
        return
    from simulator.testing import Simulator

    with Simulator() as simulator, Client(simulator.url) as client:
        yield client


@pytest.fixture
def msgsim(request: pytest.FixtureRequest, msgsim_server: "Client") -> "Iterator[Client]":
    """A sandbox of this test alone: ``msgsim.base_url("messente")``, ``msgsim.clock.advance("5m")``, ..."""
    created = msgsim_server.sandboxes.create(**_asked(request.node))
    sandbox = msgsim_server.sandbox(created["name"])
    request.node.stash[SANDBOX] = sandbox
    yield sandbox
    del request.node.stash[SANDBOX]
    if request.config.getoption("msgsim_coverage"):
        request.config.stash[COVERED].append(sandbox.coverage())
    msgsim_server.sandboxes.delete(sandbox.name)


def _asked(item: pytest.Item) -> "dict[str, Json]":
    """What the markers of a test say, the nearest first. Raises pytest.UsageError."""
    asked: dict[str, Json] = {"clock": "frozen"}
    if marker := item.get_closest_marker("msgsim"):
        if marker.args or (unknown := marker.kwargs.keys() - {"clock", "seed", "settings"}):
            told = ", ".join(map(repr, marker.args or sorted(unknown)))
            raise pytest.UsageError(f"{item.nodeid}: msgsim({told}): clock, seed and settings can be given, by name")
        asked |= marker.kwargs
    if marker := item.get_closest_marker("scenario"):
        asked["scenario"] = marker.args
    return asked


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed and (sandbox := item.stash.get(SANDBOX, None)) is not None:
        report.sections.append((f"msgsim: sandbox {sandbox.name}", _story(sandbox)))
    return report


def _story(sandbox: "Client") -> str:
    from simulator.client import SimulatorError
    from simulator.timeline import timeline

    try:
        return timeline(sandbox)
    except SimulatorError as wrong:
        return f"(its timeline cannot be had: {wrong})"


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker of pytest-xdist hands what it has seen to the one that reports."""
    handed: dict[str, Json] | None = getattr(session.config, "workeroutput", None)
    if handed is not None:
        handed["msgsim_coverage"] = session.config.stash[COVERED]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: "Json") -> None:
    node.config.stash[COVERED] += getattr(node, "workeroutput", {}).get("msgsim_coverage", [])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if not config.getoption("msgsim_coverage"):
        return
    terminalreporter.section("messaging simulator: documented errors and outcomes met")
