"""Whichever replica is asked, it is one simulator."""

import socket
import struct
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle

import pytest
from msgsim.model import Json
from msgsim.testing import Answer, Simulator, call

from tests.control.acting import Meanwhile
from tests.receiver import Receiver
from tests.storage.test_postgresql import terminate

ACCOUNT = {"Authorization": "Basic YTpi"}
LIMITED = """
name: limited
rules:
  - times: 137
    respond: {status: 429, body: slower}
"""


def send(sim: Simulator, headers: dict[str, str] = ACCOUNT, **more: Json) -> Answer:
    body = {"to": "+37255000001", "messages": [{"channel": "sms", "text": "Hello"}], **more}
    return call(f"{sim.url}/v1/omnimessage", "POST", body, headers=headers)


def basic(credentials: dict[str, str]) -> dict[str, str]:
    import base64

    pair = f"{credentials['username']}:{credentials['password']}"
    return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}


def test_each_names_itself_and_all_that_are_alive(three: list[Simulator]) -> None:
    healths = [sim.control("GET", "health").json for sim in three]
    names = {health["replica"] for health in healths}
    assert len(names) == 3
    assert all(set(health["replicas"]) == names for health in healths)
    three[1].stop()
    while set(alive := three[0].control("GET", "health").json["replicas"]) == names:
        pass  # PostgreSQL hears of it in a moment.
    assert set(alive) == names - {healths[1]["replica"]}


def test_what_one_has_answered_the_others_say(three: list[Simulator]) -> None:
    for sender, reader in zip(three, (*three[1:], three[0]), strict=True):
        id = send(sender).json["omnimessage_id"]
        assert reader.control("GET", f"messages/{id}").json["id"] == id
        assert reader.control("POST", f"messages/{id}/cancel").status == 200
        assert sender.control("GET", f"messages/{id}").json["state"] == "cancelled"


def test_ids_are_those_of_one_server(three: list[Simulator]) -> None:
    """Byte for byte, but for the time at which it was answered."""
    with Simulator(seed=1, clock="frozen@2026-01-01T00:00:00Z") as alone:
        for sim in [*three, *three]:
            expected, found = send(alone), send(sim)
            assert found.body.replace(sim.url.encode(), b"") == expected.body.replace(alone.url.encode(), b"")
            assert {**found.headers, "date": ""} == {**expected.headers, "date": ""}
            assert list(found.headers) == list(expected.headers)


def test_a_sandbox_is_there_for_all_at_once_by_its_name_and_by_its_credentials(three: list[Simulator]) -> None:
    for number, maker in enumerate(three):
        made = maker.control("POST", "sandboxes", {"name": f"s{number}"}).json
        for sim in three:
            assert send(sim, basic(made["credentials"]["messente"])).status == 201
            assert send(sim, {**ACCOUNT, "X-Sim-Sandbox": f"s{number}"}).status == 201
            listed = sim.control("GET", "sandboxes").json["sandboxes"]
            assert next(shown["messages"] for shown in listed if shown["name"] == f"s{number}") > 0
        assert maker.control("GET", f"messages?sandbox=s{number}").json["total"] == 6
    three[2].control("DELETE", "sandboxes/s0")
    for sim in three:
        assert sim.control("GET", "sandboxes/s0").status == 404
        assert send(sim, basic({"username": "s0", "password": "s0-password"})).status == 201
        assert [shown["name"] for shown in sim.control("GET", "sandboxes").json["sandboxes"]] == ["default", "s1", "s2"]
    assert three[1].control("GET", "messages").json["total"] == 3


def test_a_name_is_given_once_and_a_free_one_to_everybody(three: list[Simulator]) -> None:
    def make(sim: Simulator, name: str | None) -> Answer:
        return sim.control("POST", "sandboxes", {"name": name} if name else {})

    with ThreadPoolExecutor(12) as threads:
        named = list(threads.map(make, [*three, *three, *three, *three], ["same"] * 12))
        free = list(threads.map(make, [*three, *three, *three, *three], [None] * 12))
    assert sorted(answer.status for answer in named) == [201] + [409] * 11
    assert {answer.status for answer in free} == {201}
    assert len({answer.json["name"] for answer in free}) == 12


def test_a_rule_counts_exactly_whoever_is_asked(three: list[Simulator]) -> None:
    assert (
        three[2].control("PUT", "scenario", {"names": ["limited.yaml"], "texts": {"limited.yaml": LIMITED}}).status
        == 200
    )
    turns = cycle(three)
    with ThreadPoolExecutor(64) as clients:
        answers = list(clients.map(send, [next(turns) for _ in range(300)]))
    assert sorted(answer.status for answer in answers) == [201] * 163 + [429] * 137
    assert three[1].control("GET", "messages?limit=1").json["total"] == 163
    exchanges = three[0].control("GET", "requests?limit=1000").json["requests"]
    refused = [line["number"] for line in exchanges if line["status"] == 429]
    assert len(refused) == 137
    assert len({line["number"] for line in exchanges}) == 300


def test_a_clock_has_one_mover(three: list[Simulator]) -> None:
    with Receiver() as receiver:
        receiver.hold = True
        send(three[0], dlr_url=receiver.url)
        with Meanwhile(lambda: three[1].control("POST", "clock/advance", {"by": "1h"})) as moving:
            receiver.wait(1)
            assert three[2].control("POST", "clock/advance", {"by": "1h"}).status == 409
            receiver.release()
            now = moving.result().json["now"]
        assert three[2].control("GET", "clock").json["now"] == now == "2026-01-01T01:00:00.000Z"


def test_callbacks_come_once_and_in_order(three: list[Simulator]) -> None:
    turns = cycle(three)
    with Receiver() as receiver:
        ids = [send(next(turns), dlr_url=receiver.url).json["omnimessage_id"] for _ in range(30)]
        three[2].control("POST", "clock/run-until-idle")
        posts = [(post.json["omnimessage_id"], post.json["status"]) for post in receiver.posts]
    for id in ids:
        assert [status for of, status in posts if of == id] == ["ACK", "DELIVRD"]
    assert len(posts) == 60


@pytest.mark.parametrize("gone", [0, 1])
def test_what_a_replica_had_that_ends_another_goes_on_with(three: list[Simulator], gone: int) -> None:
    three[1].control("POST", "sandboxes", {"name": "own", "clock": "frozen"})
    sandbox = {"X-Sim-Sandbox": ["default", "own"][gone]}
    ids = [send(sim, {**ACCOUNT, **sandbox}).json["omnimessage_id"] for sim in three]
    three[0].control("POST", "clock/advance", {"by": "1h"}, headers=sandbox)
    now = three[0].control("GET", "clock", headers=sandbox).json["now"]
    three[gone].stop()
    for sim in [sim for sim in three if sim is not three[gone]]:
        assert sim.control("GET", "clock", headers=sandbox).json["now"] == now
        for id in ids:
            assert sim.control("GET", f"messages/{id}", headers=sandbox).json["state"] == "delivered"
        assert send(sim, {**ACCOUNT, **sandbox}).json["omnimessage_id"] not in ids


def test_what_nobody_asks_for_is_taken_over_too(three: list[Simulator]) -> None:
    """Its clock runs: callbacks are owed."""
    with Receiver() as receiver:
        three[1].control("POST", "sandboxes", {"name": "own", "clock": "real"})
        send(three[0], {**ACCOUNT, "X-Sim-Sandbox": "own"}, dlr_url=receiver.url)
        three[1].stop()
        receiver.wait(2)
        assert [post.json["status"] for post in receiver.posts][-1] == "DELIVRD"


def test_sessions_that_are_cut_cost_nothing_that_was_accepted(three: list[Simulator], url: str) -> None:
    three[1].control("POST", "sandboxes", {"name": "own"})
    names = ["default", "own"]
    accepted: list[tuple[str, str]] = []
    for _ in range(5):
        terminate(url)
        done: set[tuple[str, int]] = set()
        for _ in range(20_000):
            for place, sim in enumerate(three):
                for name in names:
                    answer = send(sim, {**ACCOUNT, "X-Sim-Sandbox": name})
                    assert answer.status in (201, 503), answer.body
                    if answer.status == 201:
                        accepted.append((name, answer.json["omnimessage_id"]))
                        done.add((name, place))
            if len(done) == 6:
                break
        assert len(done) == 6
    for name in names:
        ids = [id for of, id in accepted if of == name]
        assert len(set(ids)) == len(ids)
        for sim in three:
            kept = {
                shown["id"] for shown in sim.control("GET", f"messages?sandbox={name}&limit=10000").json["messages"]
            }
            assert kept >= set(ids)


def test_a_stream_of_events_comes_through(three: list[Simulator]) -> None:
    host, _, port = three[1].url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=20) as stream:
        stream.sendall(b"GET /__sim/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        said = b""
        while b"here is what happens" not in said:
            said += stream.recv(65536)
        id = send(three[2]).json["omnimessage_id"]
        while id.encode() not in said:
            said += stream.recv(65536)
    assert b"event: message" in said


def test_a_stranger_is_not_listened_to(three: list[Simulator], url: str) -> None:
    import psycopg

    with psycopg.connect(url) as connection:
        rows = connection.execute("SELECT address FROM msgsim.replicas").fetchall()
    assert len(rows) == 3
    for (address,) in rows:
        host, _, port = address.partition(":")
        with socket.create_connection((host, int(port)), timeout=20) as stranger:
            stranger.sendall(struct.pack(">IIc", 32, 0, b"h") + bytes(32) + struct.pack(">IIc", 0, 1, b"n"))
            assert stranger.recv(100) == b""


def test_a_page_is_that_of_its_sandbox(three: list[Simulator]) -> None:
    send(three[0], text="unmistakable")
    pages = [call(f"{sim.url}/__sim/", "GET", headers={"Accept": "text/html"}) for sim in three]
    assert {page.status for page in pages} == {200}
    assert all(b"37255000001" in page.body for page in pages)
    assert {call(f"{sim.url}/__sim/?sandbox=nowhere", "GET").status for sim in three} == {404}
