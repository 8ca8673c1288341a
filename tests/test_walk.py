"""`docs/architecture.md` names the modules that a send walks through: a real one is followed, so it cannot drift."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import msgsim
from msgsim.client import Client
from msgsim.testing import Simulator, call

from tests.receiver import Receiver

ROOT = Path(__file__).parent.parent
PACKAGE = Path(msgsim.__file__).parent
PAGE = (ROOT / "docs" / "architecture.md").read_text()


def tables() -> tuple[list[str], list[str]]:
    """The modules of the walk of a send, and of its callback."""
    walk, later = PAGE.split("## The walk of a send")[1].split("## Where things stand")[0].split("And later,")
    send, callback = (re.findall(r"^\| [\w ]+ \| `([\w/]+)` \|", part, re.MULTILINE) for part in (walk, later))
    return send, callback


@contextmanager
def followed() -> Iterator[list[str]]:
    """The modules of ours in which something is called by threads that start inside, each as often as it is entered."""
    entered: list[str] = []

    def note(frame: FrameType, event: str, _: Any) -> None:
        file = Path(frame.f_code.co_filename)
        if event == "call" and file.is_relative_to(PACKAGE):
            module = file.relative_to(PACKAGE).with_suffix("").as_posix()
            if not entered or entered[-1] != module:
                entered.append(module)

    threading.setprofile(note)
    try:
        yield entered
    finally:
        threading.setprofile(None)


def test_a_send_and_its_callback_walk_as_the_page_says(receiver: Receiver) -> None:
    body: dict[str, Any] = {"to": "+37255000001", "messages": [{"channel": "sms", "text": "Hello"}]}
    account = {"Authorization": "Basic YTpi"}
    with followed() as entered, Simulator(clock="60x") as sim:
        assert call(f"{sim.url}/v1/omnimessage", "POST", body, headers=account).status == 201
        entered.clear()  # What is done once only is no part of the walk.
        body["dlr_url"] = receiver.url
        assert call(f"{sim.url}/v1/omnimessage", "POST", body, headers=account).status == 201
        answered = len(entered)
        with Client(sim.url) as client:
            client.callbacks.wait(state="done", count=2, timeout="20s")
    send, callback = tables()
    assert in_order(send, entered[: answered + 50])
    assert in_order(callback, entered)


def in_order(modules: list[str], entered: list[str]) -> bool:
    """Whether each module is entered for the first time after the one before it. Fails with the two lists."""
    firsts = [entered.index(module) if module in entered else -1 for module in modules]
    assert -1 not in firsts, f"{[module for module in modules if module not in entered]} were not entered"
    assert firsts == sorted(firsts), list(dict.fromkeys(entered))
    return True


def test_the_rooms_of_the_page_are_those_that_there_are() -> None:
    rooms = PAGE.split("## Where things stand")[1].split("## Where to look")[0]
    named = {
        name.split("/")[0]
        for name in re.findall(r"`([\w/<>]+)`", "".join(re.findall(r"^\|[^|]+\|", rooms, re.MULTILINE)))
    }
    there = {path.stem for path in PACKAGE.iterdir() if path.suffix != ".typed" and not path.name.startswith("_")}
    assert there == named
    assert len(there) <= 22


def test_the_files_that_the_page_names_exist() -> None:
    """They are written from the root of the repository; ``<name>`` stands for any provider's."""
    guide = PAGE.split("## Where to begin reading")[1].split("## Where to look")[0]
    named = {name for name in re.findall(r"`([\w/.<>-]+)`", guide) if "/" in name}
    assert len(named) > 40
    assert [name for name in named if not any(ROOT.glob(name.rstrip("/").replace("<name>", "*")))] == []


def test_every_page_is_linked_from_the_index() -> None:
    index = (ROOT / "docs" / "index.md").read_text()
    linked = {(ROOT / "docs" / link).resolve() for link in re.findall(r"\]\(([^)#]+)", index)}
    assert all(path.exists() for path in linked)
    assert {path.resolve() for path in (ROOT / "docs").rglob("*.md")} - {(ROOT / "docs/index.md").resolve()} <= linked
