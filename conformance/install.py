"""Brings clients from PyPI and npm into folders of their own below ``.conformance/``, once per version."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
CACHE = Path(os.environ.get("CONFORMANCE_CACHE", ROOT / ".conformance"))
SECONDS = 300


class NotInstalled(Exception):
    """The registry has no such package, or it does not build here; the text is the installer's last line."""


def python(*packages: str) -> Path:
    """The interpreter of an environment that has these packages. Raises NotInstalled."""
    folder = _folder("pypi", *packages)
    interpreter = folder / "bin/python"
    if not _ready(folder):
        _run([sys.executable, "-m", "venv", "--clear", str(folder)], folder)
        pip = [str(interpreter), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        _run([*pip, *packages], folder)
        _done(folder)
    return interpreter


def node(*packages: str) -> Path:
    """The folder whose ``node_modules`` has these packages. Raises NotInstalled."""
    folder = _folder("npm", *packages)
    if not _ready(folder):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "package.json").write_text('{"private": true}\n')
        # No client needs its install scripts, and strangers' code is run no more than it has to be.
        _run(["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", *packages], folder)
        _done(folder)
    return folder


def version(*command: str) -> str:
    """The first line in which a program says its version; empty when there is no such program."""
    if shutil.which(command[0]) is None:
        return ""
    said = subprocess.run(command, capture_output=True, check=True, text=True)
    return (said.stdout or said.stderr).splitlines()[0].strip()


def _folder(registry: str, *packages: str) -> Path:
    CACHE.mkdir(parents=True, exist_ok=True)
    (CACHE / ".gitignore").write_text("*\n")
    return CACHE / "-".join([registry, *(package.replace("/", "+") for package in packages)])


def _ready(folder: Path) -> bool:
    return (folder / ".installed").exists()


def _done(folder: Path) -> None:
    (folder / ".installed").touch()


def _run(command: list[str], folder: Path) -> None:
    cwd = folder if folder.exists() else CACHE
    try:
        subprocess.run(command, cwd=cwd, check=True, capture_output=True, text=True, timeout=SECONDS)
    except (OSError, subprocess.SubprocessError) as error:
        said = getattr(error, "stderr", None) or str(error)
        lines = [line.strip() for line in said.splitlines() if "error" in line.lower()] or [said.strip()]
        raise NotInstalled(lines[-1]) from error
