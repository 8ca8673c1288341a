"""Code blocks of the documents, executed as a reader would.

A ``console`` block holds commands after ``$ `` and below each what it prints, where ``…`` stands for
anything. The port 8080 of the text is replaced by the one the simulator under test has.
"""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct

from tests.ports import free_port

ROOT = Path(__file__).parent.parent
FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MARK = "=====next====="


class Block(Struct, frozen=True):
    """One fenced block: the file, the line of its first line, and what it is written in."""

    file: str
    line: int
    language: str
    text: str

    @property
    def name(self) -> str:
        return f"{self.file}:{self.line}"


def blocks(file: str, *languages: str) -> list[Block]:
    """The blocks of a file below the project's root; of some languages, or of all."""
    text = (ROOT / file).read_text()
    found = [
        Block(file, text.count("\n", 0, match.start(2)) + 1, match.group(1), match.group(2))
        for match in FENCE.finditer(text)
    ]
    return [block for block in found if not languages or block.language in languages]


def commands(block: Block) -> list[tuple[str, str]]:
    """Command and expected output; a line that ends in a backslash goes on."""
    found: list[tuple[str, str]] = []
    for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
        lines = part.splitlines()
        end = 1
        while lines[end - 1].endswith("\\"):
            end += 1
        found.append(("\n".join(lines[:end]), "\n".join(lines[end:])))
    return found


def run(block: Block, url: str, folder: Path = ROOT) -> None:
    """Run a console block in one shell and hold its output against the text. ``msgsim`` alone is not found."""
    told = commands(block)
    script = f"\necho {MARK}\n".join(command for command, _ in told)
    script = script.replace("http://127.0.0.1:8080", url).replace("http://localhost:8080", url)
    done = subprocess.run(
        ["bash", "-c", script],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=folder,
        env=surroundings(folder, MSGSIM_URL=url),
        check=False,
    )
    printed = (done.stdout.replace(url, "http://127.0.0.1:8080")).split(f"{MARK}\n")
    for (command, expected), output in zip(told, printed, strict=True):
        assert fits(expected, output), f"{block.name}\n$ {command}\n{output}\n{done.stderr}\ninstead of\n{expected}"


def surroundings(home: Path, **more: str) -> Mapping[str, str]:
    """The environment of a person who has this environment's programs on no path, and no setting of ours."""
    own = str(Path(sys.executable).parent)
    path = ":".join(folder for folder in os.environ["PATH"].split(":") if folder != own)
    inherited = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "UV_", "SSL_", "HTTP"))}
    packages = os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache"))
    return {**inherited, "PATH": path, "HOME": str(home), "XDG_CACHE_HOME": packages, **more}


def checkout(folder: Path) -> Path:
    """A folder like a checkout after `make`: the project's files, and this environment's programs in ``.venv/bin``."""
    for entry in ROOT.iterdir():
        if not entry.name.startswith(".") and entry.name != "dist":
            (folder / entry.name).symlink_to(entry)
    venv = folder / ".venv"
    venv.mkdir()
    (venv / "bin").symlink_to(Path(sys.executable).parent)
    (venv / "ready").touch()  # Newer than everything, so that make installs nothing into this environment.
    return folder


@contextmanager
def served(command: str, folder: Path, **more: str) -> Iterator[str]:
    """What a command serves, on a free port instead of 8080, while the block runs; its URL."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    environment = surroundings(folder, MSGSIM_PORT=str(port), MSGSIM_STORE="memory", **more)
    with subprocess.Popen(["bash", "-c", command], cwd=folder, env=environment, start_new_session=True) as serving:
        try:
            ready = [sys.executable, "-m", "msgsim", "ready", "--url", url, "--timeout", "120s"]
            assert subprocess.run(ready, check=False).returncode == 0, command
            yield url
        finally:
            os.killpg(serving.pid, signal.SIGTERM)


def fits(expected: str, output: str) -> bool:
    """Whether an output is what the text shows; white space at the ends of lines does not count."""
    wanted = "\n".join(line.rstrip() for line in expected.strip().splitlines())
    printed = "\n".join(line.rstrip() for line in output.strip().splitlines())
    pattern = ".*?".join(re.escape(part) for part in wanted.split("…"))
    return re.fullmatch(pattern, printed, re.DOTALL) is not None
