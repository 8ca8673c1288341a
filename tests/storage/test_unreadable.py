"""A row that cannot be decoded concerns itself only: it is shown as what it is, swept, and gone after a reset."""

from pathlib import Path
from typing import Any

import pytest
from msgsim import server
from msgsim.config import Config
from msgsim.engine.receive import Engine
from msgsim.provider import discover
from msgsim.testing import Simulator, call

from reliability.reading import failures, things
from tests.samples import first_send, headers, sample

CLOCK = "frozen@2026-01-01T00:00:00Z"
DOCS: dict[str, bytes] = {
    "no JSON": b"\x00\xff garbage",
    "cut off": b'[1099511627777,"id",',
    "another shape": b'{"key": 1}',
    "too deep": b"[" * 100_000 + b"]" * 100_000,
    "a number with a fraction": b'[1.5,"x","messente","send","+1",[["sms","x","","","",null,1800.5]],[],0.5,0.5]',
}
TABLES = ("messages", "inbound", "callbacks", "journal", "records", "sandboxes")
WHOLE = ("another shape", "a number with a fraction")
"""Documents that are JSON, as a record may be."""
SETTINGS: dict[str, Any] = {
    "clock": CLOCK,
    "seed": 1,
    "providers": {"sinch": {"callback_url": "http://127.0.0.1:1/", "mo_url": "http://127.0.0.1:1/"}},
}


def send_all(sim: Simulator) -> None:
    """One message at each provider, with a callback where there is one."""
    for provider in discover().values():
        endpoint = first_send(provider)
        body = sample(provider)
        answer = call(f"{sim.url}{endpoint.path}", endpoint.method, body, headers=headers(provider))
        assert answer.status in (200, 201), answer.body
    inbound = {"provider": "sinch", "from": "5519997712322", "to": "27277", "text": "hello"}
    assert sim.control("POST", "inbound", inbound).status == 200


def spoil(path: Path, table: str, doc: bytes) -> int:
    """Put another document into every row; how many there were."""
    store = server.store_of(Config(store=str(path)))
    count = store._database.write(table, f"UPDATE {table} SET doc = ?", (doc,))
    store.close()
    return count


@pytest.mark.parametrize(
    ("table", "doc"), [(table, doc) for table in TABLES for doc in DOCS if table != "records" or doc not in WHOLE]
)
def test_every_route_goes_on_beside_rows_that_cannot_be_read(tmp_path: Path, table: str, doc: str) -> None:
    path = tmp_path / "store.db"
    with Simulator(store=str(path), **SETTINGS) as sim:
        send_all(sim)
        assert failures(sim.url) == []
    assert spoil(path, table, DOCS[doc]) > 0
    with Simulator(store=str(path), **SETTINGS) as sim:
        before = things(sim.url)
        found = failures(sim.url, before)
        if table == "records":  # What the sandbox began with is one, and nothing can be done again without it.
            found = [failure for failure in found if '"The beginning is gone"' not in failure]
        assert found == []
        send_all(sim)
        moved = sim.control("POST", "clock/advance", {"by": "1m"})
        assert (moved.status, moved.json["total"] > 0) == (200, True)
        assert len(things(sim.url).id) == len(before.id) + len(discover())
        assert sim.control("POST", "reset").status == 200
        assert things(sim.url).id == []
        assert failures(sim.url) == []


def shown(sim: Simulator, name: str) -> list[Any]:
    listed: list[Any] = sim.control("GET", name).json[name]
    return listed


def test_what_cannot_be_read_is_shown_as_that(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with Simulator(store=str(path), **SETTINGS) as sim:
        send_all(sim)
        ids = [message["id"] for message in shown(sim, "messages")]
        recipients = [message["to"] for message in shown(sim, "messages")]
    for table in ("messages", "inbound", "callbacks", "journal"):
        spoil(path, table, DOCS["no JSON"])
    with Simulator(store=str(path), **SETTINGS) as sim:
        messages = shown(sim, "messages")
        assert [message["id"] for message in messages] == ids
        assert [message["to"] for message in messages] == recipients
        for message in messages:
            assert message["channels"][0]["text"].startswith("the row cannot be read: ")
        for callback in shown(sim, "callbacks"):
            assert (callback["state"], callback["reason"][:23]) == ("failed", "the row cannot be read:")
        assert {entry["notes"][0][:23] for entry in shown(sim, "requests")} == {"the row cannot be read:"}
        assert [one["text"][:23] for one in shown(sim, "inbound")] == ["the row cannot be read:"]
        forced = sim.control("POST", f"messages/{ids[0]}/status", {"status": "delivered"})
        assert (forced.status, forced.json["detail"][:23]) == (400, "the row cannot be read:")
        assert sim.control("POST", f"messages/{ids[0]}/cancel").status in (400, 409)


def test_a_callback_that_cannot_be_read_is_failed_once_and_not_posted_again_by_hand(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with Simulator(store=str(path), **SETTINGS) as sim:
        send_all(sim)
        number = shown(sim, "callbacks")[0]["number"]
    spoil(path, "callbacks", DOCS["no JSON"])
    with Simulator(store=str(path), **SETTINGS) as sim:
        assert sim.control("POST", "clock/run-until-idle").status == 200
        assert sim.control("GET", "callbacks", query={"state": "pending"}).json["total"] == 0
        assert sim.control("POST", f"callbacks/{number}/replay").status == 400


def test_the_sweep_removes_what_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with Simulator(store=str(path), **SETTINGS) as sim:
        send_all(sim)
    for table in TABLES[:4]:
        assert spoil(path, table, DOCS["no JSON"]) > 0
    store = server.store_of(Config(store=str(path)))
    engine = Engine(Config(clock=CLOCK), store, discover())
    gone = engine.sandboxes.default
    engine.sandboxes.reset(gone)
    while engine.sandboxes.sweep():
        pass
    tables = (store.messages, store.callbacks, store.inbound, store.journal)
    assert [table.highest(gone.number) for table in tables] == [0, 0, 0, 0]
    store.close()
