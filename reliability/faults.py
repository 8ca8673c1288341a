"""Receivers, disks and store files that misbehave: clear errors, nothing lost, recovery without a restart."""

import asyncio
import contextlib
import os
import resource
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from msgsim.model import Json
from msgsim.testing import Answer, Simulator, call

from reliability.crash import kept, sound
from reliability.figures import Figure, counted
from reliability.receiver import MANNERS, Receiver
from reliability.server import DidNotStart, Server, lines
from reliability.traffic import BASIC, Load, Tally
from tests.ports import free_port

PART = "faults"
RETRIES = ["1s", "5s", "30s"]
MEGABYTE = 1 << 20


def run() -> list[Figure]:
    figures: list[Figure] = []
    for manner in MANNERS:
        if manner != "good":
            figures += recovering(manner)
    figures += down() + starving()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        figures += full_disk(folder) + read_only(folder) + deleted(folder) + replaced(folder) + unusable(folder)
    return figures


def send(url: str, to: str, receiver: str, channel: str = "sms") -> Answer:
    body: Json = {"to": to, "messages": [{"channel": channel, "text": "hello"}]}
    if receiver:
        body["dlr_url"] = receiver
    return call(f"{url}/v1/omnimessage", "POST", body, headers=BASIC)


# Receivers


def recovering(manner: str) -> list[Figure]:
    """The first post of every status meets a receiver that misbehaves, the second a good one."""
    with Receiver(manner, bad=1) as receiver, _simulator() as sim:
        for number in range(3):
            assert send(sim.url, f"+3725550000{number}", receiver.url).status == 201
        sim.control("POST", "clock/advance", {"by": "5m"})
        callbacks = sim.control("GET", "callbacks").json["callbacks"]
    lost = [one for one in callbacks if one["state"] != "done"]
    # A redirection, and the beginning of an endless answer of 200, count as taken by Messente. A connection that was
    # idle and is reset by the next post is no attempt: it goes out on a fresh one at once.
    taken = ("endless", "redirecting", "resetting")
    once = [one for one in callbacks if len(one["attempts"]) == 1 and manner not in taken]
    told = [attempt["error"] for one in callbacks for attempt in one["attempts"] if attempt["error"]]
    clear = all("\n" not in error and len(error) < 200 for error in told)
    held = not lost and not once and clear and len(callbacks) == 6
    return [Figure(PART, f"receiver {manner} once: callbacks lost of {len(callbacks)}", f"{len(lost)}", held)]


def _simulator(**settings: Json) -> Simulator:
    return Simulator(callback_timeout="300ms", providers={"messente": {"retries": RETRIES}}, **settings)


def down() -> list[Figure]:
    """Nobody listens: every try fails, the reason stands in one line, and a replay works once somebody does."""
    port = free_port()
    with _simulator() as sim:
        send(sim.url, "+37255500001", f"http://127.0.0.1:{port}/reports")
        sim.control("POST", "clock/advance", {"by": "1h"})
        callbacks = sim.control("GET", "callbacks").json["callbacks"]
    tries = {len(one["attempts"]) for one in callbacks}
    clear = all(one["state"] == "failed" and one["reason"] and "\n" not in one["reason"] for one in callbacks)
    held = bool(callbacks) and clear and tries == {len(RETRIES) + 1}
    return [Figure(PART, "receiver down: tries before a callback is failed with its reason", str(max(tries)), held)]


def starving() -> list[Figure]:
    """Hundreds of callbacks to a receiver that never answers do not hold up one to a receiver that does."""
    with (
        Receiver("silent") as silent,
        Receiver() as good,
        Simulator(clock="real", callback_timeout="5s", callback_connections_per_host=32) as sim,
    ):
        for number in range(200):
            send(sim.url, f"+37255510{number:03d}", silent.url)
        begun = time.monotonic()
        send(sim.url, "+37255500001", good.url)
        while sum(good.posts.values()) < 2 and time.monotonic() - begun < 20:
            time.sleep(0.01)
        took = time.monotonic() - begun
    return [
        counted(PART, "last report (due after 1 s) beside 200 to a silent receiver, ms", round(took * 1000), took < 3)
    ]


# Disks and store files


def full_disk(folder: Path) -> list[Figure]:
    """Load until the disk is full, and on; then there is room again."""
    with _small_disk(folder / "small") as (disk, grow), Receiver() as receiver:
        store = disk / "store.db"
        tally = Tally()
        with Server("--store", str(store)) as server:
            if grow is None:
                server.limit_files(3 * MEGABYTE)
            load = Load(server.url, receiver.url, tally)
            asyncio.run(_until_refused(load))
            refused = _first_refused(server, receiver.url, tally)
            posts = sum(receiver.posts.values())
            time.sleep(1.5)
            again = sum(receiver.posts.values()) - posts
            alive = server.control("GET", "health").status == 200
            if grow is None:
                server.limit_files(None)
            else:
                grow()
            deadline = time.monotonic() + 5
            while (
                after := send(server.url, "+37255500002", receiver.url)
            ).status != 201 and time.monotonic() < deadline:
                time.sleep(0.1)
            _count(after, tally)
            server.kill()
        found = {message.id for message in kept(store)}
        whole = sound(store)
    missing = [id for id in tally.accepted if id not in found]
    others = set(tally.statuses) - {200, 201, 202, 503}
    ours = refused.status == 503 and refused.headers.get("x-sim-error") == "The store cannot be written"
    how = "a tmpfs of 3 MB" if grow is not None else "RLIMIT_FSIZE"
    return [
        counted(PART, f"disk full ({how}): requests answered 503 by ours", tally.statuses.get(503, 0), ours),
        counted(PART, "disk full: answers other than accepted and 503", len(others), not others),
        counted(PART, "disk full: messages answered 2xx", len(tally.accepted), len(tally.accepted) > 100),
        counted(PART, "disk full: messages answered 2xx and missing after kill -9", len(missing), not missing),
        counted(PART, "disk full: callbacks posted while they could not be recorded", again, again == 0),
        Figure(PART, "disk full: health answers, and sends are accepted again with room", str(after.status), alive and after.status == 201 and whole),
    ]  # fmt: skip


def _first_refused(server: Server, receiver: str, tally: Tally) -> Answer:
    """Where a batch did not fit, a few sends by themselves may."""
    for _ in range(200):
        answer = send(server.url, "+37255500001", receiver)
        _count(answer, tally)
        if answer.status != 201:
            break
    return answer


def _count(answer: Answer, tally: Tally) -> None:
    if answer.status == 201:
        tally.accepted[answer.json["omnimessage_id"]] = "messente"


async def _until_refused(load: Load) -> None:
    load.enough = lambda: load.tally.statuses.get(503, 0) >= 200
    await load.run(30)


@contextlib.contextmanager
def _small_disk(folder: Path) -> Iterator[tuple[Path, Callable[[], object] | None]]:
    """A folder on a disk of its own, and how to make it larger; None where only root may have one."""
    folder.mkdir()
    if os.geteuid() != 0 or not _mount("-t", "tmpfs", "-o", "size=3m", "tmpfs", str(folder)):
        yield folder, None
        return
    try:
        yield folder, lambda: _mount("-o", "remount,size=200m", str(folder))
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=False)


def _mount(*arguments: str) -> bool:
    return subprocess.run(["mount", *arguments], capture_output=True, check=False).returncode == 0


def read_only(folder: Path) -> list[Figure]:
    """A file that cannot be written from some moment on, and one that could not be from the start."""
    store = folder / "read-only.db"
    with Server("--store", str(store)) as server:
        first = send(server.url, "+37255500001", "")
        server.limit_files(0)
        refused = send(server.url, "+37255500002", "")
        listed = server.control("GET", "messages").status
        server.limit_files(None)
        after = send(server.url, "+37255500003", "")
    said = _start_of(store, before=_no_writing)
    held = [first.status, refused.status, after.status] == [201, 503, 201] and listed == 200
    return [
        Figure(PART, "store read-only for a while: before, meanwhile, after", f"{first.status} {refused.status} {after.status}", held),
        _refused_to_start("store read-only at start", said),
    ]  # fmt: skip


def _no_writing() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))


def deleted(folder: Path) -> list[Figure]:
    """The file goes while it is in use: nothing more is accepted, because it would be lost; a new start begins anew."""
    store = folder / "deleted.db"
    with Server("--store", str(store)) as server:
        send(server.url, "+37255500001", "")
        store.unlink()
        answers = [send(server.url, f"+3725550001{number}", "") for number in range(5)]
        server.kill()
    clear = all(answer.status == 503 and "was deleted" in answer.json["detail"] for answer in answers)
    with Server("--store", str(store)) as server:
        after = send(server.url, "+37255500002", "").status
    accepted = sum(answer.status == 201 for answer in answers)
    return [
        counted(PART, "store deleted while in use: messages accepted and lost", accepted, clear),
        counted(PART, "store deleted while in use: sends after a new start", after, after == 201),
    ]


def replaced(folder: Path) -> list[Figure]:
    """Another file stands there: it is left alone, and so says the answer."""
    store = folder / "replaced.db"
    with Server("--store", str(store)) as server:
        send(server.url, "+37255500001", "")
        store.unlink()
        store.write_bytes(b"somebody else's")
        answer = send(server.url, "+37255500002", "")
    untouched = store.read_bytes() == b"somebody else's"
    held = answer.status == 503 and "replaced" in answer.json["detail"] and untouched
    return [
        Figure(PART, "store replaced while in use: answered, and the other file left alone", str(answer.status), held)
    ]


def unusable(folder: Path) -> list[Figure]:
    """What a start says of a store that it cannot use: one line, exit code 3."""
    figures = []
    for name, make in UNUSABLE.items():
        store = folder / f"{name.replace(' ', '-')}.db"
        make(store)
        before = store.read_bytes() if store.is_file() else b""
        figures.append(_refused_to_start(f"store {name}", _start_of(store)))
        if store.is_file() and store.read_bytes() != before:
            figures.append(Figure(PART, f"store {name}: was changed", "yes", False))
    store = folder / "locked.db"
    with Server("--store", str(store)) as server:
        figures.append(_refused_to_start("store locked by a second server", _start_of(store)))
        still = send(server.url, "+37255500001", "").status
    figures.append(counted(PART, "store locked by a second server: the first goes on answering", still, still == 201))
    return figures


def _newer(store: Path) -> None:
    _of_version(store, 99)


def _older(store: Path) -> None:
    _of_version(store, 1)


def _of_version(store: Path, number: int) -> None:
    with contextlib.closing(sqlite3.connect(store)) as database:
        database.execute(f"PRAGMA user_version = {number}")


def _foreign(store: Path) -> None:
    with contextlib.closing(sqlite3.connect(store)) as database:
        database.execute("CREATE TABLE messages (theirs TEXT)")


def _damaged(store: Path) -> None:
    with Server("--store", str(store)) as server:
        send(server.url, "+37255500001", "")
    whole = bytearray(store.read_bytes())
    whole[:64] = b"\xff" * 64
    store.write_bytes(whole)


def _below_a_file(store: Path) -> None:
    store.with_suffix("").write_text("")
    store.symlink_to(store.with_suffix("") / "x")


UNUSABLE: dict[str, Callable[[Path], object]] = {
    "of a newer version": _newer,
    "of an older version": _older,
    "of another program": _foreign,
    "no database": lambda store: store.write_bytes(os.urandom(8192)),
    "damaged": _damaged,
    "that is a folder": Path.mkdir,
    "below a file": _below_a_file,
}


def _start_of(store: Path, before: Callable[[], None] | None = None) -> DidNotStart | None:
    server = Server("--store", str(store), before=before)
    try:
        server.start(seconds=10)
    except DidNotStart as wrong:
        return wrong
    server.stop()
    return None


def _refused_to_start(name: str, said: DidNotStart | None) -> Figure:
    if said is None:
        return Figure(PART, name, "it started", False)
    clear = said.code == 3 and len(lines(said.said)) == 1 and "Traceback" not in said.said
    return Figure(PART, f"{name}: exit code and lines said", f"{said.code}, {len(lines(said.said))}", clear)
