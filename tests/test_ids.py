"""No id is given twice: not after a restart, a reset or a kill, not by two sandboxes, not by two servers."""

import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgsim.config import Config
from msgsim.engine.receive import Engine
from msgsim.model import Call, Inbound
from msgsim.provider import discover
from msgsim.seed import MOST, Seed, drawn, following
from msgsim.storage.database import StoreError
from msgsim.storage.store import store_in
from msgsim.testing import Simulator, call

from tests.samples import first_send, headers, sample
from tests.storage.test_durability import Process

CLOCK = "frozen@2026-01-01T00:00:00Z"
PROVIDERS = discover()
BULK = {"messages": [{"destination": f"551999771231{n}"} for n in range(3)], "defaultValues": {"messageText": "x"}}
NOWHERE = "http://127.0.0.1:1/"
TOKEN = {"grant_type": "client_credentials", "client_id": "me", "client_secret": "x"}


class Ids:
    """Everything with an id that one server gives away, asked for by whatever gives ids."""

    def __init__(self, url: str, sandbox: str = "default") -> None:
        self._url = url
        self._sandbox = sandbox

    def _ask(self, provider: str, method: str, path: str, body: Any = None) -> Any:
        sent = {**headers(PROVIDERS[provider], self._sandbox), "X-Sim-Sandbox": self._sandbox}
        answer = call(f"{self._url}{path}", method, body, headers=sent)
        assert answer.status < 300, answer.body
        self.exchange = f"exchange {self._sandbox} {answer.headers['x-sim-exchange']}"
        return answer.json

    def _control(self, method: str, path: str, body: Any = None) -> Any:
        answer = call(f"{self._url}/__sim/v1/{path}", method, body, headers={"X-Sim-Sandbox": self._sandbox})
        assert answer.status < 300, answer.body
        return answer.json

    def all(self) -> list[str]:
        return [id for kind in (self.messente, self.sinch, self.others, self.inbound, self.tokens) for id in kind()]

    def messente(self) -> Iterator[str]:
        messages = [{"channel": "viber", "text": "x"}, {"channel": "sms", "text": "x"}]
        body = {"to": "+37255000001", "messages": messages, "dlr_url": NOWHERE}
        answer = self._ask("messente", "POST", "/v1/omnimessage", body)
        yield answer["omnimessage_id"]
        yield from (message["message_id"] for message in answer["messages"])
        yield self.exchange

    def sinch(self) -> Iterator[str]:
        answer = self._ask("sinch", "POST", "/v1/send-bulk-sms", BULK)
        yield answer["id"]
        yield from (message["id"] for message in answer["messages"])
        yield self._ask("sinch", "POST", "/v1/carrier/lookup", {"destinations": ["5519997712322"]})["id"]

    def others(self) -> Iterator[str]:
        for name in ("cima360", "salesforce"):
            endpoint = first_send(PROVIDERS[name])
            answer = self._ask(name, endpoint.method, endpoint.path, sample(PROVIDERS[name]))
            yield answer["ottRequestId"] if name == "salesforce" else answer[0]["messageId"]

    def inbound(self) -> Iterator[str]:
        for provider in ("messente", "sinch"):
            body = {"provider": provider, "from": "+5519997712322", "to": "27277", "text": "hello"}
            yield self._control("POST", "inbound", body)["id"]
        callbacks = self._control("GET", "callbacks?limit=10000")["callbacks"]
        yield f"callback {self._sandbox} {callbacks[-1]['number']}"

    def tokens(self) -> Iterator[str]:
        yield self._ask("salesforce", "POST", "/v2/token", TOKEN)["access_token"]

    def reset(self) -> None:
        self._control("POST", "reset")

    def back(self) -> None:
        self._control("POST", "clock/set", {"to": "2020-01-01T00:00:00Z"})


def twice(ids: list[str]) -> list[str]:
    return sorted({id for id in ids if ids.count(id) > 1})


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL], ids=["stopped", "killed"])
@pytest.mark.parametrize("flags", [(), ("--seed", "7")], ids=["drawn", "given"])
def test_a_restart_repeats_no_id_on_a_clock_that_stands_or_was_set_back(
    tmp_path: Path, end: signal.Signals, flags: tuple[str, ...]
) -> None:
    found: list[str] = []
    for run in range(3):
        server = Process(tmp_path / "store.db", "--clock", CLOCK, *flags)
        ids = Ids(server.url)
        found += ids.all()
        if run == 1:
            ids.back()
            found += ids.all()
        server.end(end)
    assert twice(found) == []


def test_a_clean_end_gives_back_what_was_reserved(tmp_path: Path) -> None:
    """The same seed and the same requests bring the same ids, whether the server was restarted in between or not."""
    found: list[list[str]] = []
    for restarts in (1, 3):
        path, ids = str(tmp_path / f"{restarts}.db"), []
        for _ in range(restarts):
            with Simulator(clock=CLOCK, store=path, seed=1) as sim:
                for _ in range(3 // restarts):
                    ids += Ids(sim.url).all()
        found.append(ids)
    assert found[0] == found[1]


def test_ids_go_on_after_a_reset_and_begin_anew_where_a_seed_was_given() -> None:
    with Simulator(clock=CLOCK) as sim:
        ids = Ids(sim.url)
        found = ids.all()
        ids.reset()
        ids.back()
        found += ids.all()
        assert twice(found) == []
        sim.control("POST", "seed", {"seed": 3})
        ids.reset()
        first = ids.all()
        ids.reset()
        assert ids.all() == first
    with Simulator(clock=CLOCK, seed=3) as sim:
        ids = Ids(sim.url)
        ids.back()
        assert ids.all() == first
        ids.reset()
        assert ids.all() == first


def test_a_sandbox_that_is_made_again_goes_on_and_no_two_have_an_id_in_common() -> None:
    found: list[str] = []
    with Simulator(clock=CLOCK) as sim:
        for name in ("one", "two", "one", "default", "one"):
            if name != "default":
                assert sim.control("POST", "sandboxes", {"name": name}).status == 201
            found += Ids(sim.url, name).all()
            if name == "one":
                sim.control("POST", "seed", {"seed": 5}, headers={"X-Sim-Sandbox": "one"})
                Ids(sim.url, "one").all()
                assert sim.control("DELETE", "sandboxes/one").status == 204
    with Simulator(clock=CLOCK) as sim:
        found += [id for id in Ids(sim.url).all() if not id.startswith(("exchange", "callback"))]
    assert twice(found) == []


def test_the_same_seed_gives_every_sandbox_the_same_ids_again() -> None:
    def play() -> list[str]:
        with Simulator(clock=CLOCK, seed=11) as sim:
            for name in ("one", "two"):
                sim.control("POST", "sandboxes", {"name": name})
            return [id for name in ("two", "default", "one") for id in Ids(sim.url, name).all()]

    assert play() == play()


def test_a_text_that_the_seed_follows_from_gives_the_same_ids_on_every_server() -> None:
    found = []
    for _ in range(2):
        with Simulator(clock=CLOCK) as sim:
            sim.control("POST", "sandboxes", {"name": "mine", "seed_from": "tests/test_shop.py::test_sent"})
            first = Ids(sim.url, "mine").all()
            Ids(sim.url, "mine").reset()
            assert twice(first + Ids(sim.url, "mine").all()) == []
            found.append(first)
            both = sim.control("POST", "sandboxes", {"name": "no", "seed": 1, "seed_from": "x"})
            assert (both.status, both.json["detail"]) == (400, "seed, seed_from: only one of them")
    assert found[0] == found[1]


def test_a_store_keeps_the_seed_that_was_drawn_when_it_was_made(tmp_path: Path) -> None:
    path = str(tmp_path / "store.db")
    seeds = []
    for given_seed in (None, None, 5, None):
        with Simulator(clock=CLOCK, store=path, seed=given_seed) as sim:
            seeds.append(sim.seed)
            assert sim.control("GET", "sandboxes/default").json["seed"] == sim.seed
    assert seeds == [seeds[0], seeds[0], 5, 5]
    with Simulator(clock=CLOCK) as sim:
        assert sim.seed != seeds[0]


@pytest.mark.parametrize("before", [0, 2])
@pytest.mark.parametrize("after", [0, 3])
def test_what_was_reserved_in_a_transaction_that_is_lost_is_reserved_again(
    tmp_path: Path, before: int, after: int
) -> None:
    """Tokens have no row of a message: only the marks say how far they have come."""
    config = Config(clock=CLOCK)
    store = store_in(tmp_path / "store.db")
    engine = Engine(config, store, PROVIDERS)
    asked = Call("POST", "/v2/token", "", {}, msgspec.json.encode(TOKEN))

    def tokens(engine: Engine, count: int) -> list[Any]:
        found = [msgspec.json.decode(engine.receive(asked).body)["access_token"] for _ in range(count)]
        engine.commits.now()
        return found

    found = tokens(engine, before)
    engine.receive(asked)
    for _ in range(2):
        store.inbound.add(Inbound(1, "id", "messente", "+1", "+2", "the same key twice", 0))
    with pytest.raises(StoreError):
        engine.commits.now()
    engine.sandboxes.configure(engine.sandboxes.default, {})
    found += tokens(engine, after)
    for file in tmp_path.glob("store.db*"):
        shutil.copy(file, tmp_path / file.name.replace("store", "copy"))
    store.close()
    copy = store_in(tmp_path / "copy.db")
    again = Engine(config, copy, PROVIDERS)
    assert twice(found + tokens(again, 5)) == [], "as after kill -9: the copy was made before the end"
    copy.close()


@given(st.lists(st.text(max_size=20), unique=True, min_size=2, max_size=50), st.integers(0, MOST))
@settings(max_examples=50)
def test_seeds_that_follow_from_different_names_differ(names: list[str], server: int) -> None:
    seeds = [following(server, name) for name in names]
    assert len(set(seeds)) == len(names)
    assert all(0 <= seed <= MOST for seed in [*seeds, drawn()])
    assert seeds == [following(server, name) for name in names]


@given(st.integers(-62_135_596_800_000, 253_402_300_799_000), st.integers(0, MOST))
def test_ids_of_every_year_a_clock_can_show_have_the_shape_of_a_uuid(moment: int, value: int) -> None:
    seed = Seed(value)
    ids = [seed.uuid1(moment * 10_000 + tick) for tick in range(3)]
    ids.append(seed.uuid1(moment * 10_000 + (1 << 60)))
    assert len(set(ids)) == 4
    for id in ids:
        assert [len(part) for part in id.split("-")] == [8, 4, 4, 4, 12]
        assert int(id.replace("-", ""), 16) >= 0
        assert (id[14], id[19] in "89ab") == ("1", True)
