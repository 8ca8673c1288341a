"""What was answered 2xx outlives the process: a real one, killed for real."""

import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

from msgsim.provider import discover
from msgsim.testing import call

from tests.receiver import Receiver
from tests.samples import headers

AUTH = headers(discover()["messente"])


class Process:
    """``msgsim serve`` in a process of its own."""

    def __init__(self, store: Path, *flags: str, stderr: int | None = None) -> None:
        command = [sys.executable, "-m", "msgsim", "serve", "--port", "0", "--store", str(store), *flags]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr, text=True)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        self.url = next(word for word in line.split() if word.startswith("http://"))

    def send(self, dlr_url: str) -> Any:
        body = {"to": "+37255000001", "dlr_url": dlr_url, "messages": [{"channel": "sms", "text": "x"}]}
        answer = call(f"{self.url}/v1/omnimessage", "POST", body, headers=AUTH)
        assert answer.status == 201
        return answer.json["omnimessage_id"]

    def control(self, method: str, path: str, json: Any = None) -> Any:
        return call(f"{self.url}/__sim/v1/{path}", method, json).json

    def said(self) -> str:
        """What it complained of, once it has ended."""
        return self.process.communicate(timeout=10)[1]

    def end(self, how: signal.Signals) -> int:
        self.process.send_signal(how)
        code = self.process.wait(10)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code


def test_messages_survive_kill_9_and_their_callbacks_go_out_after_the_restart(
    tmp_path: Path, receiver: Receiver
) -> None:
    store = tmp_path / "store.db"
    first = Process(store, "--clock", "frozen@2026-01-01T00:00:00Z")
    ids = [first.send(receiver.url) for _ in range(5)]
    assert first.end(signal.SIGKILL) == -signal.SIGKILL
    assert receiver.posts == []

    second = Process(store, "--clock", "frozen@2026-01-01T00:00:00Z")
    assert [message["id"] for message in second.control("GET", "messages")["messages"]] == ids[::-1]
    moved = second.control("POST", "clock/advance", {"by": "1m"})
    assert moved["now"] == "2026-01-01T00:01:00.000Z"
    assert sorted(post.json["status"] for post in receiver.posts) == ["ACK"] * 5 + ["DELIVRD"] * 5
    assert second.send(receiver.url) not in ids
    second.end(signal.SIGTERM)


def test_a_running_clock_catches_up_after_the_restart(tmp_path: Path, receiver: Receiver) -> None:
    store = tmp_path / "store.db"
    first = Process(store)
    first.send(receiver.url)
    first.end(signal.SIGKILL)
    second = Process(store)
    assert {post.json["status"] for post in receiver.wait(2)} >= {"DELIVRD"}
    second.end(signal.SIGTERM)


def test_a_moved_clock_and_a_chosen_scenario_survive(tmp_path: Path) -> None:
    store = tmp_path / "store.db"
    first = Process(store, "--clock", "frozen@2026-01-01T00:00:00Z")
    first.control("POST", "clock/advance", {"by": "1d"})
    first.control("PUT", "scenario", {"names": ["viber-falls-back-to-sms"]})
    first.end(signal.SIGKILL)
    second = Process(store, "--clock", "frozen@2026-01-01T00:00:00Z")
    assert second.control("GET", "clock")["now"] == "2026-01-02T00:00:00.000Z"
    assert second.control("GET", "scenario")["names"] == ["viber-falls-back-to-sms"]
    second.end(signal.SIGTERM)
    other = Process(store, "--clock", "frozen@2030-01-01T00:00:00Z")
    assert other.control("GET", "clock")["now"] == "2030-01-01T00:00:00.000Z"
    other.end(signal.SIGTERM)


def test_sigterm_ends_it_cleanly_and_leaves_no_log_behind(tmp_path: Path) -> None:
    store = tmp_path / "store.db"
    server = Process(store)
    server.send("http://127.0.0.1:9/nobody")
    assert server.end(signal.SIGTERM) == 0
    assert sorted(file.name for file in tmp_path.iterdir()) == ["store.db"]


def listens(url: str) -> bool:
    host, _, port = url.removeprefix("http://").rstrip("/").partition(":")
    try:
        socket.create_connection((host, int(port)), 1).close()
    except OSError:
        return False
    return True


def test_a_stop_records_what_is_under_way_and_posts_nothing_twice(tmp_path: Path, receiver: Receiver) -> None:
    """All posts wait for their answers when the server is told to stop; they get them once it has begun to."""
    store = tmp_path / "store.db"
    first = Process(store, stderr=subprocess.PIPE)
    receiver.hold = True
    ids = [first.send(receiver.url) for _ in range(8)]
    assert len(receiver.wait(8)) == 8
    first.process.send_signal(signal.SIGTERM)
    while listens(first.url):
        pass
    receiver.release()
    assert first.process.wait(10) == 0
    assert first.said() == ""
    second = Process(store)
    posts = receiver.wait(16)
    second.end(signal.SIGTERM)
    assert sorted((post.json["omnimessage_id"], post.json["status"]) for post in posts) == sorted(
        (id, status) for id in ids for status in ("ACK", "DELIVRD")
    )


def test_a_stop_does_not_wait_for_a_receiver_that_never_answers(tmp_path: Path, receiver: Receiver) -> None:
    store = tmp_path / "store.db"
    first = Process(store, stderr=subprocess.PIPE)
    receiver.hold = True
    first.send(receiver.url)
    receiver.wait(1)
    first.process.send_signal(signal.SIGTERM)
    assert first.process.wait(5) == 0
    assert first.said() == ""
    receiver.release()
    second = Process(store)
    assert [post.json["status"] for post in receiver.wait(3)] == ["ACK", "ACK", "DELIVRD"]
    second.end(signal.SIGTERM)


def test_the_store_is_for_its_owner_only(tmp_path: Path) -> None:
    server = Process(tmp_path / "store.db")
    assert (tmp_path / "store.db").stat().st_mode & 0o077 == 0
    server.end(signal.SIGTERM)
