"""A simulator, and its command line in processes of their own."""

import subprocess
from collections.abc import Callable

import pytest
from msgsim.testing import Simulator

from tests.cli import command

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def msgsim(sim: Simulator) -> Run:
    """``msgsim("messages", "--json")`` against the simulator; further variables by name."""

    def run(*arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        return command.msgsim(*arguments, cwd=None, **{"MSGSIM_URL": sim.url, **variables})

    return run
