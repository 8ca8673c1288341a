"""The command in a process of its own, as a shell runs it."""

import os
import subprocess
import sys
from pathlib import Path


def msgsim(*arguments: str, cwd: Path | None = None, **variables: str) -> "subprocess.CompletedProcess[str]":
    """``msgsim("check", "scenarios", MSGSIM_URL="…")``"""
    return subprocess.run(
        [sys.executable, "-m", "msgsim", *arguments],
        cwd=cwd,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
