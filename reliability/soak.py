"""Mixed traffic of all providers with faults on, and at the end every counter has to say the same."""

import asyncio
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

import msgspec

from reliability.crash import kept, owed, sound
from reliability.figures import Figure, counted
from reliability.losses import drained, expected, pending
from reliability.receiver import Receiver
from reliability.server import Server
from reliability.traffic import Load, Tally

PART = "soak"
SHORT, LONG = 8, 600
"""Seconds."""
CLIENTS = 8
SCENARIO = """\
# Everything at once: lost answers, refusals, latency, callbacks that are dropped, doubled and late.
name: soak
rules:
  - when: {chance: 2%}
    fault: {kind: reset, after: accepted}
  - when: {chance: 2%}
    fault: {kind: truncate, after: accepted}
  - when: {chance: 2%}
    fault: {kind: latency, delay: 50ms}
  - when: {provider: messente, chance: 3%}
    respond: {error: too_many_requests}
  - when: {provider: sinch, chance: 3%}
    respond: {error: server_error}
  - when: {provider: messente, chance: 5%}
    callbacks: [drop]
  - when: {provider: messente, chance: 5%}
    callbacks: [duplicate]
  - when: {provider: sinch, chance: 5%}
    callbacks: [{delay: 500ms}]
  - when: {provider: messente, chance: 10%}
    deliver:
      - {after: 100ms, status: failed}
"""


def run(seconds: int) -> list[Figure]:
    tally = Tally()
    memory: list[int] = []
    with tempfile.TemporaryDirectory() as name, Receiver("failing", bad=1) as receiver:
        folder = Path(name)
        store = folder / "store.db"
        server = Server("--store", str(store), "--config", str(_settings(folder, receiver.url)))
        with server:
            load = Load(server.url, receiver.url, tally, CLIENTS)
            running = threading.Thread(target=lambda: asyncio.run(load.run(seconds)))
            running.start()
            while running.is_alive():
                running.join(max(seconds / 10, 0.5))
                memory.append(server.memory())
            left = drained(lambda: pending(server), receiver)
            # Counted after the last commit of what was recorded.
            time.sleep(0.2)
            total = server.control("GET", "messages?limit=1").json["total"]
            posts = receiver.posts.copy()
        messages, callbacks = list(kept(store)), list(owed(store))
        whole = sound(store)
    found = {message.id for message in messages}
    states = Counter(one.state for one in callbacks)
    planned = sum(1 for _ in expected(messages))
    doubled = sum("duplicate" in one.twists for one in callbacks)
    missing = [id for id in tally.accepted if id not in found]
    dropped_steps = {(one.subject, one.step) for one in callbacks if one.state == "dropped"}
    silent = len(set(expected(messages)) - set(posts)) - len(dropped_steps)
    tried = sum(one.tries for one in callbacks)
    settled = states["done"] + states["dropped"] + states["failed"]
    grown = (memory[-1] - memory[len(memory) // 2]) >> 20
    return [
        counted(PART, f"seconds of mixed traffic, {CLIENTS} clients, faults on", seconds),
        counted(PART, "answers", tally.answered, tally.answered > 0),
        Figure(PART, "statuses", " ".join(f"{one}:{count}" for one, count in sorted(tally.statuses.items()))),
        counted(PART, "answers lost by scenario (reset, truncated)", tally.broken, tally.broken > 0),
        counted(PART, "messages answered 2xx", len(tally.accepted)),
        counted(PART, "of them not stored", len(missing), not missing),
        counted(PART, "messages stored (the control API says the same)", len(found), total == len(messages) == len(found)),
        counted(PART, "reports planned", planned),
        Figure(PART, "callbacks: done + dropped + failed = kept = planned + duplicates", f"{states['done']} + {states['dropped']} + {states['failed']} = {len(callbacks)} = {planned} + {len(callbacks) - planned}", settled == len(callbacks) and len(callbacks) - planned == doubled),
        counted(PART, "callbacks neither posted nor dropped", silent + left, silent == 0 and left == 0),
        counted(PART, "attempts recorded, as many as posts received", tried, tried == receiver_total(posts)),
        counted(PART, "memory the server grew by in the second half, MiB", grown, grown < 40),
        Figure(PART, "store", "sound" if whole else "corrupt", whole),
    ]  # fmt: skip


def receiver_total(posts: "Counter[tuple[str, str, str]]") -> int:
    return sum(posts.values())


RETRIES = ["200ms", "1s", "2s", "5s"]


def _settings(folder: Path, receiver: str) -> Path:
    scenario = folder / "soak.yaml"
    scenario.write_text(SCENARIO)
    file = folder / "settings.yaml"
    settings = {
        "scenario": [str(scenario)],
        "providers": {
            "messente": {"retries": RETRIES},
            "sinch": {"callback_url": f"{receiver}/sinch", "dlr_url": f"{receiver}/sinch", "retries": RETRIES},
        },
    }
    file.write_bytes(msgspec.yaml.encode(settings))
    return file
