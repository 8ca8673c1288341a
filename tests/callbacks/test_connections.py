"""Connections to receivers: kept open, closed by the other side at the worst moment, and told apart from attempts."""

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from msgsim.provider import discover
from msgsim.testing import Simulator, call

from tests.conftest import START
from tests.samples import headers

AUTH = headers(discover()["messente"])
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


def _closes(connection: socket.socket) -> None:
    connection.close()


def _resets(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


class Impatient:
    """Answers ``good`` posts of a connection, and ends it when the next one comes, without a word."""

    def __init__(self, good: int, ends: Callable[[socket.socket], None]) -> None:
        self._good, self._ends = good, ends
        self.answered = self.ended = 0
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}/"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        for _ in range(self._good):
            if not self._read(connection):
                return
            self.answered += 1
            connection.sendall(OK)
        if connection.recv(1):
            self.ended += 1
            self._ends(connection)

    def _read(self, connection: socket.socket) -> bool:
        data = b""
        while b"\r\n\r\n" not in data:
            if not (part := connection.recv(65536)):
                return False
            data += part
        head, _, body = data.partition(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        while len(body) < length:
            body += connection.recv(65536)
        return True

    def close(self) -> None:
        self._listening.close()


@pytest.fixture(params=[_closes, _resets])
def make(request: pytest.FixtureRequest) -> Iterator[Callable[[int], Impatient]]:
    made: list[Impatient] = []

    def impatient(good: int) -> Impatient:
        made.append(Impatient(good, request.param))
        return made[-1]

    yield impatient
    for one in made:
        one.close()


def callbacks(url: str, by: str) -> list[Any]:
    """What became of the two reports of a message, one after the other."""
    with Simulator(clock=f"frozen@{START}") as sim:
        body: Any = {"to": "+37255000001", "dlr_url": url, "messages": [{"channel": "sms", "text": "x"}]}
        assert call(f"{sim.url}/v1/omnimessage", "POST", body, headers=AUTH).status == 201
        sim.control("POST", "clock/advance", {"by": by})
        found: list[Any] = sim.control("GET", "callbacks").json["callbacks"]
        return found


def test_a_connection_that_ends_when_the_next_post_comes_is_no_attempt(make: Callable[[int], Impatient]) -> None:
    receiver = make(1)
    found = callbacks(receiver.url, "1m")
    assert [[attempt["answered"] for attempt in one["attempts"]] for one in found] == [[200], [200]]
    assert (receiver.answered, receiver.ended) == (2, 1)


def test_a_fresh_connection_that_ends_is_one(make: Callable[[int], Impatient]) -> None:
    receiver = make(0)
    first, _ = callbacks(receiver.url, "300ms")
    assert [(attempt["answered"], bool(attempt["error"])) for attempt in first["attempts"]] == [(None, True)]
    assert receiver.ended == 1
