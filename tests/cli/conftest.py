"""A simulator, and its command line in processes of their own."""

import os
import subprocess
import sys
from collections.abc import Callable

import pytest
from msgsim.testing import Simulator

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def msgsim(sim: Simulator) -> Run:
    """``msgsim("messages", "--json")`` against the simulator; further variables by name."""

    def run(*arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "msgsim", *arguments]
        environment = {**os.environ, "MSGSIM_URL": sim.url, **variables}
        return subprocess.run(
            command, capture_output=True, text=True, encoding="utf-8", timeout=60, env=environment, check=False
        )

    return run
