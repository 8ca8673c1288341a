"""The pytest plug-in: the fixture ``msgsim`` is a new sandbox for each test, of one simulator for each session.

pytest loads this module in every run of every project that has it installed, so it imports the rest of the package only
when a test uses a fixture.
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
"""Arguments of the marker ``msgsim``."""


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
    """A client of the server at MSGSIM_URL, or of one that is started in a thread of this process on a free port."""
    with ExitStack() as stack:
        with _real_files():
            client = _served(stack)
        yield client
        if request.config.getoption("msgsim_coverage"):
            request.config.stash[COVERED].append(client.coverage())


def _served(stack: ExitStack) -> "Client":
    from msgsim.client import Client  # For start-up time.

    url = os.environ.get("MSGSIM_URL")
    if not url:
        from msgsim.testing import Simulator

        url = stack.enter_context(Simulator()).url
    client = stack.enter_context(Client(url))
    client.health()
    return client


def _real_files() -> AbstractContextManager[object]:
    """Pauses pyfakefs while it is active, because modules, schemas and scenario files have to be read from the disk."""
    pyfakefs = sys.modules.get("pyfakefs.fake_filesystem_unittest")
    patcher = pyfakefs and pyfakefs.Patcher.PATCHER
    return pyfakefs.Pause(patcher) if pyfakefs and patcher and patcher.is_patching else nullcontext()


@pytest.fixture(scope="session")
def _msgsim_names() -> "Iterator[str]":
    """Names for sandboxes, none twice: a request of a test that has ended must not reach the sandbox of another."""
    shared = f"{os.getpid()}-" if os.environ.get("MSGSIM_URL") else ""
    return (f"test-{shared}{number}" for number in count(1))


@pytest.fixture
def msgsim(
    request: pytest.FixtureRequest, msgsim_server: "Client", _msgsim_names: "Iterator[str]"
) -> "Iterator[Client]":
    """A client of a new sandbox for this test: ``msgsim.base_url("messente")``, ``msgsim.clock.advance("5m")``, ..."""
    name = next(_msgsim_names)
    with ExitStack() as stack:
        with _real_files():
            options = _options(request.node)
            intercepted = options.pop("intercept", False)
            msgsim_server.sandboxes.create(name, **options)
            sandbox = request.node.stash[SANDBOX] = msgsim_server.sandbox(name)
            if intercepted:
                stack.enter_context(sandbox.intercept())
        yield sandbox
    del request.node.stash[SANDBOX]
    msgsim_server.sandboxes.delete(name)


@pytest.fixture
def msgsim_async(msgsim: "Client") -> "AsyncClient":
    """An asynchronous client of the test's sandbox: ``await msgsim_async.clock.advance("5m")``.

    It is the same sandbox as that of the fixture ``msgsim``; any plug-in for asynchronous tests will do.
    """
    from msgsim.client import AsyncClient  # For start-up time.

    return AsyncClient(msgsim.url, msgsim.name)


def _options(item: pytest.Item) -> "dict[str, Json]":
    """How the sandbox of a test is created: by its nearest markers. Raises pytest.UsageError for an unknown argument.

    Without a seed it is derived from the test's file and name, and not from its node id, to which pytest-xdist may add
    the name of a group.
    """
    options: dict[str, Json] = {"clock": "frozen"}
    if marker := item.get_closest_marker("msgsim"):
        if strange := [*map(str, marker.args), *(marker.kwargs.keys() - {*MADE_BY})]:
            from msgsim.client.request import near  # For start-up time.

            raise pytest.UsageError(
                f"{item.nodeid}: the marker msgsim has no {strange[0]!r} (it has {', '.join(MADE_BY)})"
                f"{near(strange[0], MADE_BY)}"
            )
        options |= marker.kwargs
    if marker := item.get_closest_marker("scenario"):
        options["scenario"] = [_beside(item, name) for name in marker.args]
    if options.get("seed") is None:
        file, _, name = item.location
        options["seed_from"] = f"{file}::{name}"
    return options


def _beside(item: pytest.Item, name: str) -> str:
    """The path of a scenario file in the test's folder, unless the working folder has it; other names unchanged."""
    file = item.path.parent / name
    return str(file) if name.endswith((".yaml", ".yml")) and not Path(name).is_file() and file.is_file() else name


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed and (sandbox := item.stash.get(SANDBOX, None)) is not None:
        report.sections.append((f"msgsim: sandbox {sandbox.name}", _timeline(sandbox)))
    return report


def _timeline(sandbox: "Client") -> str:
    """The timeline of a sandbox, or why it cannot be had. It never raises: that would end the whole run of pytest."""
    try:
        from msgsim.client.timeline import timeline  # For start-up time.

        return timeline(sandbox)
    except Exception as error:
        return f"(its timeline cannot be had: {type(error).__name__}: {error})"


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In a worker of pytest-xdist: send the coverage to the controller."""
    handed: dict[str, Json] | None = getattr(session.config, "workeroutput", None)
    if handed is not None:
        handed["msgsim_coverage"] = session.config.stash[COVERED]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: "Json") -> None:
    """In the controller of pytest-xdist: collect the coverage of a worker."""
    node.config.stash[COVERED] += getattr(node, "workeroutput", {}).get("msgsim_coverage", [])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the coverage; workers of pytest-xdist have no terminal, their controller prints for all."""
    if not config.getoption("msgsim_coverage") or not (covered := config.stash[COVERED]):
        return
    from msgsim.client.coverage import merged, missing, table, used  # For start-up time.

    seen = used(merged(covered))
    terminalreporter.section("messaging simulator: documented errors and outcomes met")
    for line in [*table(seen), *missing(seen)] if seen["providers"] else ["none: no provider was made to show any"]:
        terminalreporter.write_line(line)
