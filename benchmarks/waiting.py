"""What long polls and event streams cost everybody else, and how soon they are told.

ROUNDS and SECONDS_EACH come from the environment.
"""

import contextlib
import socket
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks import processes
from benchmarks.bulk import bulk
from benchmarks.client import Asking
from benchmarks.filled import BULK, bulks
from benchmarks.run import BASIC, ROUNDS, SECONDS, SEND, Server, request
from benchmarks.turns import Watched

MANY, FEW = 100_000, 20_000
POLLS, CROWD = 16, 200
SEARCHED = 5
"""Seconds until all long polls have looked through everything."""
STREAMS = (1, 5)
RESUMED = 100
"""Bulks that a stream has missed."""
BASIC_AUTH = {"Authorization": f"Basic {BASIC}"}
SENDING = request("/v1/omnimessage", SEND, BASIC_AUTH)


def served(store: Path) -> Server:
    return Server(sys.executable, "-m", "msgsim", "serve", "--port", "PORT", "--store", str(store))


def asked(port: int, wire: bytes) -> None:
    """Returns when the answer begins. Exits when it is no 2xx."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(wire)
        status = connection.recv(12)
    if status[9:10] != b"2":
        raise SystemExit(f"the answer was {status!r}")


def poll(query: str) -> bytes:
    return request(f"/__sim/v1/messages?{query}&wait=60s", b"", {}, "GET")


def stream(last: str = "") -> bytes:
    return request("/__sim/v1/events", b"", {"Last-Event-ID": last} if last else {}, "GET")


def told(port: int, filter: str, places: Sequence[int]) -> float:
    """The longest time in seconds from a send to the answer of the long poll that waits for its message."""
    sent: dict[int, float] = {}
    late: dict[int, float] = {}

    def wait(place: int) -> None:
        asked(port, poll(filter % place))
        late[place] = time.perf_counter() - sent[place]

    waiting = [threading.Thread(target=wait, args=(place,)) for place in places]
    for thread in waiting:
        thread.start()
    time.sleep(SEARCHED)
    for place in places:
        body = SEND.replace(b"+37255000001", b"+37259%06d" % place).replace(b"Your order", b"Order X%06d" % place)
        sent[place] = time.perf_counter()
        asked(port, request("/v1/omnimessage", body, BASIC_AUTH))
    for thread in waiting:
        thread.join()
    return max(late.values())


@contextmanager
def left_open(port: int, wires: Sequence[bytes]) -> Iterator[None]:
    """Clients that ask, and read whatever comes."""
    connections = [socket.create_connection(("127.0.0.1", port)) for _ in wires]
    for connection, wire in zip(connections, wires, strict=True):
        connection.sendall(wire)

    def drain(connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while connection.recv(1 << 20):
                pass

    draining = [threading.Thread(target=drain, args=(connection,)) for connection in connections]
    for thread in draining:
        thread.start()
    time.sleep(1)
    try:
        yield
    finally:
        for connection in connections:
            connection.shutdown(socket.SHUT_RDWR)
        for thread in draining:
            thread.join()
            time.sleep(0)


def rate(port: int, wire: bytes, connections: int, beside: Sequence[bytes] = ()) -> float:
    with left_open(port, beside):
        return Asking(port, wire, SECONDS, connections).load.rate


def resumed(store: Path) -> float:
    """The longest turn of the loop in milliseconds while a stream is told what it has missed."""
    server = Watched(store)
    for _ in range(RESUMED):
        asked(server.port, bulk(BULK))
    asked(server.port, poll("count=0"))  # The first question to the control API imports it.
    server.longest()
    with left_open(server.port, [stream("1.1")]):
        asked(server.port, SENDING)
        time.sleep(3)
    longest = server.longest()
    server.stop()
    return longest


def main() -> None:
    ratios: dict[str, list[float]] = {}
    late: dict[str, list[float]] = {"to": [], "text": []}
    with tempfile.TemporaryDirectory() as folder:
        for name, count in (("many", MANY), ("few", FEW)):
            bulks(Path(folder) / f"{name}.db", count)
        many, few = (served(Path(folder) / f"{name}.db") for name in ("many", "few"))
        for turn in range(ROUNDS):
            first = 2 * POLLS * turn
            late["to"].append(told(many.port, "to=%%2B37259%06d", range(first, first + POLLS)))
            late["text"].append(told(many.port, "text=X%06d", range(first + POLLS, first + 2 * POLLS)))
            alone = rate(few.port, SENDING, 16)
            polls = [poll(f"to=%2B37258{place:06}") for place in range(CROWD)]
            ratios.setdefault(f"{CROWD} long polls", []).append(rate(few.port, SENDING, 16, polls) / alone)
            alone = rate(few.port, bulk(BULK), 2)
            for count in STREAMS:
                beside = rate(few.port, bulk(BULK), 2, [stream()] * count)
                ratios.setdefault(f"{count} event streams", []).append(beside / alone)
        for server in (many, few):
            server.stop()
        longest = [resumed(Path(folder) / f"missed-{place}.db") for place in range(ROUNDS)]
    budgets = [
        (
            f"{POLLS} long polls for a recipient among {MANY:,} messages: the latest answer, s",
            _median(late["to"]),
            0.2,
            False,
        ),
        ("the same for a text", _median(late["text"]), 0.2, False),
        (f"sends/s beside {CROWD} long polls on {FEW:,} messages", _median(ratios[f"{CROWD} long polls"]), 0.8, True),
        ("Sinch bulks/s beside one event stream", _median(ratios["1 event streams"]), 0.7, True),
        ("Sinch bulks/s beside five event streams", _median(ratios["5 event streams"]), 0.5, True),
        (f"longest turn of the loop while a stream is told {RESUMED} bulks of {BULK}, ms", _median(longest), 50, False),
    ]
    sys.exit(not processes.judged(budgets))


_median = statistics.median


if __name__ == "__main__":
    main()
