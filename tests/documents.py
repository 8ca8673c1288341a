"""Code blocks of the documents, executed as a reader would.

A ``console`` block holds commands after ``$ `` and below each what it prints, where ``…`` stands for
anything. The port 8080 of the text is replaced by the one the simulator under test has.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

from msgspec import Struct

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


def run(block: Block, url: str) -> None:
    """Run a console block in one shell and hold its output against the text."""
    told = commands(block)
    script = f"\necho {MARK}\n".join(command for command, _ in told)
    script = script.replace("http://127.0.0.1:8080", url).replace("http://localhost:8080", url)
    environment = {**os.environ, "MSGSIM_URL": url, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-c", script],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=ROOT,
        env=environment,
        check=False,
    )
    printed = (done.stdout.replace(url, "http://127.0.0.1:8080")).split(f"{MARK}\n")
    for (command, expected), output in zip(told, printed, strict=True):
        assert fits(expected, output), f"{block.name}\n$ {command}\n{output}\n{done.stderr}\ninstead of\n{expected}"


def fits(expected: str, output: str) -> bool:
    """Whether an output is what the text shows; white space at the ends of lines does not count."""
    wanted = "\n".join(line.rstrip() for line in expected.strip().splitlines())
    printed = "\n".join(line.rstrip() for line in output.strip().splitlines())
    pattern = ".*?".join(re.escape(part) for part in wanted.split("…"))
    return re.fullmatch(pattern, printed, re.DOTALL) is not None
