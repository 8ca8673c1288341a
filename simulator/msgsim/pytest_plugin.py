"""Fixture ``msgsim``: a simulator per test session, a fresh sandbox per test.

pytest loads this module in every run of every project that has it installed, so it imports nothing until a
test asks for the fixture.
"""

import os
import sys
from collections.abc import Generator, Iterator
from contextlib import AbstractContextManager, ExitStack, nullcontext
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from msgsim.client import AsyncClient, Client
    from msgsim.client.answers import Coverage
    from msgsim.client.api import Json

SANDBOX: "pytest.StashKey[Client]" = pytest.StashKey()
COVERED: "pytest.StashKey[list[Coverage]]" = pytest.StashKey()
MADE_BY = ("clock", "seed", "settings", "intercept")
"""What the marker ``msgsim`` takes."""


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("msgsim", "messaging simulator")
    group.addoption(
        "--msgsim-coverage",
        action="store_true",
        help="Show which documented errors and outcomes of the providers in use the tests have met.",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "scenario(*names): shipped scenarios or files for the sandbox of msgsim.")
    config.addinivalue_line(
        "markers", "msgsim(clock=..., seed=..., settings=..., intercept=True): how the sandbox of msgsim is made."
    )
    config.stash[COVERED] = []


@pytest.fixture(scope="session")
def msgsim_server(request: pytest.FixtureRequest) -> "Iterator[Client]":
    """The server at MSGSIM_URL, or one in a thread of this process on a free port."""
    with ExitStack() as stack:
        with _real_files():
            client = _served(stack)
        yield client
        if request.config.getoption("msgsim_coverage"):
            request.config.stash[COVERED].append(client.coverage())


def _served(stack: ExitStack) -> "Client":
    from msgsim.client import Client

    url = os.environ.get("MSGSIM_URL")
    if not url:
        from msgsim.testing import Simulator

        url = stack.enter_context(Simulator()).url
    client = stack.enter_context(Client(url))
    client.health()
    return client


def _real_files() -> AbstractContextManager[object]:
    """Lets pyfakefs rest where it is at work: modules, their data and files of scenarios are on the real disk."""
    pyfakefs = sys.modules.get("pyfakefs.fake_filesystem_unittest")
    patcher = pyfakefs and pyfakefs.Patcher.PATCHER
    return pyfakefs.Pause(patcher) if pyfakefs and patcher and patcher.is_patching else nullcontext()


@pytest.fixture(scope="session")
def _msgsim_names() -> "Iterator[str]":
    """A name is never used twice: what a test left running must not reach the sandbox of the next."""
    shared = f"{os.getpid()}-" if os.environ.get("MSGSIM_URL") else ""
    return (f"test-{shared}{number}" for number in count(1))


@pytest.fixture
def msgsim(
    request: pytest.FixtureRequest, msgsim_server: "Client", _msgsim_names: "Iterator[str]"
) -> "Iterator[Client]":
    """A sandbox of this test alone: ``msgsim.base_url("messente")``, ``msgsim.clock.advance("5m")``, ..."""
    name = next(_msgsim_names)
    with ExitStack() as stack:
        with _real_files():
            asked = _asked(request.node)
            intercepted = asked.pop("intercept", False)
            msgsim_server.sandboxes.create(name, **asked)
            sandbox = request.node.stash[SANDBOX] = msgsim_server.sandbox(name)
            if intercepted:
                stack.enter_context(sandbox.intercept())
        yield sandbox
    del request.node.stash[SANDBOX]
    msgsim_server.sandboxes.delete(name)


@pytest.fixture
def msgsim_async(msgsim: "Client") -> "AsyncClient":
    """The sandbox of this test, for tests that run in an event loop: ``await msgsim_async.clock.advance("5m")``.

    It is the sandbox of the fixture ``msgsim``, and needs no plugin for asynchronous tests in particular.
    """
    from msgsim.client import AsyncClient

    return AsyncClient(msgsim.url, msgsim.name)


def _asked(item: pytest.Item) -> "dict[str, Json]":
    """What the markers of a test say, the nearest first. Raises pytest.UsageError.

    Its seed follows from its node id, without the name of a group that pytest-xdist adds.
    """
    asked: dict[str, Json] = {"clock": "frozen"}
    if marker := item.get_closest_marker("msgsim"):
        if strange := [*map(str, marker.args), *(marker.kwargs.keys() - {*MADE_BY})]:
            from msgsim.client.request import near

            raise pytest.UsageError(
                f"{item.nodeid}: the marker msgsim has no {strange[0]!r} (it has {', '.join(MADE_BY)})"
                f"{near(strange[0], MADE_BY)}"
            )
        asked |= marker.kwargs
    if marker := item.get_closest_marker("scenario"):
        asked["scenario"] = [_beside(item, name) for name in marker.args]
    if asked.get("seed") is None:
        file, _, name = item.location
        asked["seed_from"] = f"{file}::{name}"
    return asked


def _beside(item: pytest.Item, name: str) -> str:
    """A file of scenarios in the working folder, else beside the test; any other name as it is."""
    file = item.path.parent / name
    return str(file) if name.endswith((".yaml", ".yml")) and not Path(name).is_file() and file.is_file() else name


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed and (sandbox := item.stash.get(SANDBOX, None)) is not None:
        report.sections.append((f"msgsim: sandbox {sandbox.name}", _story(sandbox)))
    return report


def _story(sandbox: "Client") -> str:
    """The timeline, or why there is none. Raises nothing: an error here would end the whole run of pytest."""
    try:
        from msgsim.client.timeline import timeline

        return timeline(sandbox)
    except Exception as error:
        return f"(its timeline cannot be had: {type(error).__name__}: {error})"


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker of pytest-xdist hands what it has seen to the one that reports."""
    handed: dict[str, Json] | None = getattr(session.config, "workeroutput", None)
    if handed is not None:
        handed["msgsim_coverage"] = session.config.stash[COVERED]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: "Json") -> None:
    node.config.stash[COVERED] += getattr(node, "workeroutput", {}).get("msgsim_coverage", [])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """A worker of pytest-xdist has none of these; the one that hands out the tests tells for all."""
    if not config.getoption("msgsim_coverage") or not (covered := config.stash[COVERED]):
        return
    from msgsim.client.coverage import merged, missing, table, used

    seen = used(merged(covered))
    terminalreporter.section("messaging simulator: documented errors and outcomes met")
    for line in [*table(seen), *missing(seen)] if seen["providers"] else ["none: no provider was made to show any"]:
        terminalreporter.write_line(line)
