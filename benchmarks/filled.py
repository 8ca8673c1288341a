"""Stores with many messages in them, written past the server: what one accepted send leaves behind, many times over."""

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from msgsim.config import Config
from msgsim.engine.receive import Engine
from msgsim.model import Call, Callback, Message, Step
from msgsim.provider import discover
from msgsim.server import store_of
from msgsim.storage.store import Store
from msgspec.structs import replace

from benchmarks.run import BASIC, SEND

MONTH = 30 * 24 * 3_600_000
BATCH = 10_000
BULK = 1000
CALLBACK_URL = "http://127.0.0.1:9/reports"
KEY = {"UserName": "bench", "AuthenticationToken": "token"}


def message(place: int) -> dict[str, str]:
    return {"destination": f"55119{place:08d}", "messageText": f"Order {place} is on its way"}


def accepted(path: Path, body: bytes = SEND, clock: str = "real") -> tuple[Store, Message, list[Callback]]:
    """A new store with one Messente send in it, its message and the callbacks it owes."""
    config = Config(store=str(path), clock=clock)
    store = store_of(config)
    engine = Engine(config, store, discover())
    headers = {"authorization": f"Basic {BASIC}", "content-type": "application/json"}
    reply = engine.receive(Call("POST", "/v1/omnimessage", "", headers, body))
    assert reply.status == 201
    (message,) = store.messages.newest(engine.sandboxes.default.number)
    return store, message, store.callbacks.between(engine.sandboxes.default.number)


def pending(path: Path, count: int) -> list[str]:
    """Fill a store with messages whose plans go on for a month. Their ids."""
    store, message, _ = accepted(path)
    waiting = replace(message, steps=(*message.steps, Step(message.accepted + MONTH, 0, "DELIVRD", 0)))
    ids = []
    copies = _copies(waiting, count)
    while batch := list(islice(copies, BATCH)):
        store.messages.add(batch)
        store.commit()
        ids += [one.id for one in batch]
    store.close()
    return ids


def owing(path: Path, url: str, count: int, clock: str) -> None:
    """Fill a store with messages that owe one callback each, all due when they were accepted."""
    body = SEND.replace(b'{"to"', b'{"dlr_url": "' + url.encode() + b'", "to"', 1)
    store, message, (callback, *_) = accepted(path, body, clock)
    for other in store.callbacks.between(message.key >> 40):
        store.callbacks.rewrite(replace(other, state="done"))
    first = max(other.key for other in store.callbacks.between(message.key >> 40)) + 1
    copies = list(_copies(message, count))
    store.messages.add(copies)
    store.callbacks.add(
        [
            replace(callback, key=first + place, subject=one.key, due=message.accepted)
            for place, one in enumerate(copies)
        ]
    )
    store.close()


def _copies(message: Message, count: int) -> Iterator[Message]:
    """With ids that count up as the server's do."""
    start = int(message.id[:13].replace("-", ""), 16)
    for place in range(1, count + 1):
        head = f"{start + place:012x}"
        channels = tuple([replace(one, id=f"{head[:8]}-{head[8:]}-{one.id[14:]}") for one in message.channels])
        id = f"{head[:8]}-{head[8:]}-{message.id[14:]}"
        yield replace(message, key=message.key + place, id=id, channels=channels)


def bulks(path: Path, count: int, clock: str = "real", **settings: int) -> None:
    """Fill a store with messages of Sinch bulks, as many as bulks of a thousand have."""
    store = store_of(config := Config(store=str(path), clock=clock, **settings))
    engine = Engine(config, store, discover())
    headers = {name.lower(): value for name, value in KEY.items()} | {"content-type": "application/json"}
    for first in range(0, count, BULK):
        messages = [message(place) for place in range(first, first + BULK)]
        reply = engine.receive(
            Call("POST", "/v1/send-bulk-sms", "", headers, json.dumps({"messages": messages}).encode())
        )
        assert reply.status == 200
        store.commit()
    store.close()


def sends(path: Path, count: int, clock: str) -> None:
    """Fill a store with Messente sends, each a request of its own that owes callbacks; every tenth more is refused."""
    store = store_of(config := Config(store=str(path), clock=clock))
    engine = Engine(config, store, discover())
    headers = {"authorization": f"Basic {BASIC}", "content-type": "application/json"}
    for place in range(count):
        text = f"Order {place} is on its way"
        body = {"to": f"+3725{place:07d}", "messages": [{"channel": "sms", "text": text}], "dlr_url": CALLBACK_URL}
        assert engine.receive(Call("POST", "/v1/omnimessage", "", headers, json.dumps(body).encode())).status == 201
        if place % 10 == 0:
            assert engine.receive(Call("POST", "/v1/omnimessage", "", headers, b'{"to": "1"}')).status == 400
        if place % BULK == 0:
            store.commit()
    store.commit()
    store.close()
