"""What was accepted can be read: by every route, for ever; before and after its whole life, and after a kill."""

import tempfile
from pathlib import Path
from random import Random

from msgsim.examples.samples import headers_of
from msgsim.provider import discover
from msgsim.testing import Answer, call

from reliability.bodies import Attack, attack
from reliability.figures import Figure, counted
from reliability.reading import Things, failures, read, things
from reliability.server import Server

PART = "accepted"
SHORT, LONG = 40, 720
"""Requests to each provider."""
AT_ONCE = 40
"""Requests to each provider between two readings: each message has routes of its own."""
SETTINGS = """
providers:
  messente: {dlr_url: "http://127.0.0.1:1/dlr"}
  sinch:
    callback_url: "http://127.0.0.1:1/callback"
    dlr_url: "http://127.0.0.1:1/dlr"
    whatsapp_callback_url: "http://127.0.0.1:1/status"
"""


def run(count: int, seed: int = 1) -> list[Figure]:
    chance = Random(seed)
    sent = accepted = reads = 0
    failed: list[str] = []
    with tempfile.TemporaryDirectory() as name:
        settings = Path(name) / "settings.yaml"
        settings.write_text(SETTINGS)
        for number in range(0, count, AT_ONCE):
            store = Path(name) / f"{number}.db"
            server = Server("--store", str(store), "--clock", "frozen", "--seed", "1", "--config", str(settings))
            server.start()
            statuses = [send(server.url, provider, chance).status for provider in discover() for _ in range(AT_ONCE)]
            failed += [f"a send was answered {status}" for status in statuses if status >= 500]
            sent += len(statuses)
            accepted += sum(status < 300 for status in statuses)
            failed += lived(server.url)
            server.kill()
            server.start()
            known = things(server.url)
            failed += unread(server.url, known)
            reads += 3 * sum(1 for _ in read(server.url, known))
            server.stop()
    return [
        counted(PART, "hostile requests that their provider may take", sent),
        counted(PART, "of these accepted", accepted, accepted > sent // 20),
        counted(PART, "readings by every route, before and after their lives and a kill", reads),
        Figure(PART, "accepted and not to be read", _some(failed), not failed),
    ]


def send(url: str, provider: str, chance: Random) -> Answer:
    return asked(url, provider, attack(discover()[provider], chance))


def asked(url: str, provider: str, what: Attack) -> Answer:
    headers = headers_of(discover()[provider])
    return call(f"{url}{what.path}", what.method, body=what.body or None, query=what.query, headers=headers)


def lived(url: str) -> list[str]:
    """What cannot be read before the clock is moved, and when all plans are over."""
    failed = unread(url, things(url))
    moved = call(f"{url}/__sim/v1/clock/run-until-idle", "POST")
    if moved.status != 200:
        failed.append(f"the clock cannot be moved: {moved.body!r}")
    return failed + unread(url, things(url))


def unread(url: str, known: Things) -> list[str]:
    return [*(f"message {id} cannot be read" for id in known.unreadable), *failures(url, known)]


def _some(found: list[str]) -> str:
    return f"{len(found)}: {'; '.join(found[:3])}" if found else "0"
