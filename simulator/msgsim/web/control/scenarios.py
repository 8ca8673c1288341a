"""Which rules decide in a sandbox, and which are shipped."""

from functools import cache
from pathlib import Path

from msgspec import Struct
from starlette.requests import Request

from msgsim.config import data_folder
from msgsim.engine.sandbox import Choice, Sandbox
from msgsim.model import Json
from msgsim.scenarios.scenario import find
from msgsim.scenarios.yaml import Wrong
from msgsim.web.control import view
from msgsim.web.control.context import Context, body

ALWAYS_ON = ("magic", "default")


class Names(Struct, forbid_unknown_fields=True):
    names: tuple[str, ...]


async def shipped(context: Context, request: Request) -> Json:
    return {"scenarios": list(_shipped())}


@cache
def _shipped() -> tuple[Json, ...]:
    files = sorted(data_folder("scenarios").glob("*.yaml"))
    return tuple(
        {"name": file.stem, "title": title(file.read_text()), "file": f"scenarios/{file.name}"}
        for file in files
        if file.stem not in ALWAYS_ON
    )


def title(text: str) -> str:
    """What a scenario teaches: its first comment that is not meant for an editor."""
    for line in text.splitlines():
        if not line.startswith("#"):
            break
        if not line.startswith("# yaml-language-server"):
            return line.lstrip("# ").strip()
    return ""


async def show(context: Context, request: Request) -> Json:
    return _shown(context.sandbox(request))


async def choose(context: Context, request: Request) -> Json:
    sandbox = context.sandbox(request)
    text = await request.body()
    if text.lstrip()[:1] == b"{":
        choice = Choice(names=(await body(request, Names)).names)
    else:
        choice = Choice(text=text.decode())
    context.engine.choose(sandbox, choice)
    return _shown(sandbox)


def _shown(sandbox: Sandbox) -> Json:
    choice = sandbox.kept.scenario
    files = [{"file": "scenario", "text": choice.text}] if choice.text else [_file(name) for name in choice.names]
    return {**view.scenario(sandbox), "files": files}


def _file(name: str) -> Json:
    """As it is on the disk now; the rules that hold may be those of its last good version."""
    try:
        path = find(name)
        return {"file": _place(path), "text": path.read_text(errors="replace")}
    except (Wrong, OSError) as wrong:
        return {"file": name, "text": None, "reason": str(wrong)}


def _place(path: Path) -> str:
    return f"scenarios/{path.name}" if path.parent == data_folder("scenarios") else str(path)
