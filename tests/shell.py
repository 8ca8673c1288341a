"""Commands as a person pastes them."""

import shutil
import subprocess

import pytest
from msgsim.testing import Answer

needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl")


def by_curl(command: str) -> Answer:
    """What a shell makes of a curl command."""
    assert command.startswith("curl -i ")
    quiet = f"curl -s --http1.1 {command.removeprefix('curl ')}"
    printed = subprocess.run(["sh", "-c", quiet], capture_output=True, check=True, timeout=30).stdout
    head, _, body = printed.partition(b"\r\n\r\n")
    if head.split()[1] == b"100":
        head, _, body = body.partition(b"\r\n\r\n")
    first, *rest = head.decode("latin-1").split("\r\n")
    headers = {line.partition(": ")[0].lower(): line.partition(": ")[2] for line in rest}
    return Answer(int(first.split()[1]), headers, body)
