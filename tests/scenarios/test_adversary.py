"""Callbacks that misbehave, as a real receiver gets them."""

import hmac
from collections.abc import Iterator

import msgspec
import pytest
from msgsim.model import Json
from msgsim.testing import Answer, Simulator, call

from tests.conftest import START
from tests.receiver import Posted, Receiver
from tests.scenarios.conftest import MESSENTE, SINCH, TO, omnimessage

FINAL = {"messente": "DELIVRD", "sinch": "DELIVERED_SUCCESS"}
FIRST = {"messente": "ACK", "sinch": "SENT_SUCCESS"}
OPPOSITE = {"messente": "FAILED", "sinch": "NOT_DELIVERED"}
BOTH = pytest.mark.parametrize("provider", ["messente", "sinch"])


class World:
    """A simulator under one shipped scenario, and an application that listens."""

    def __init__(self, sim: Simulator, receiver: Receiver) -> None:
        self.sim = sim
        self.receiver = receiver

    def play(self, name: str) -> None:
        assert self.sim.control("PUT", "scenario", {"names": [name]}).status == 200

    def send(self, provider: str) -> Answer:
        if provider == "messente":
            body = omnimessage(TO, dlr_url=f"{self.receiver.url}/dlr")
            return call(f"{self.sim.url}/v1/omnimessage", "POST", body, headers=MESSENTE)
        sms = {"destination": "5511900000000", "messageText": "Hello"}
        return call(f"{self.sim.url}/v1/send-sms", "POST", sms, headers=SINCH)

    def advance(self, by: str) -> list[str]:
        self.sim.control("POST", "clock/advance", {"by": by})
        return self.told()

    def told(self) -> list[str]:
        return [status(post) for post in self.receiver.posts]


def status(post: Posted) -> str:
    body: Json = post.json
    told: str = body.get("status") or body.get("deliveredStatus") or body["sentStatus"]
    return told


@pytest.fixture
def world(receiver: Receiver) -> Iterator[World]:
    sinch = {"callback_url": f"{receiver.url}/callback", "dlr_url": f"{receiver.url}/dlr"}
    with Simulator(clock=f"frozen@{START}", providers={"sinch": sinch}) as sim:
        yield World(sim, receiver)


@BOTH
def test_duplicated(world: World, provider: str) -> None:
    world.play("callbacks-duplicated")
    world.send(provider)
    assert world.advance("1m") == [FIRST[provider]] * 2 + [FINAL[provider]] * 2
    assert world.receiver.posts[0].body == world.receiver.posts[1].body


@BOTH
def test_reordered(world: World, provider: str) -> None:
    world.play("callbacks-reordered")
    world.send(provider)
    assert world.advance("1m") == [FINAL[provider], FIRST[provider]]


@BOTH
def test_late(world: World, provider: str) -> None:
    world.play("callbacks-late")
    world.send(provider)
    assert world.advance("59s") == []
    assert world.advance("1m") == [FIRST[provider], FINAL[provider]]


@BOTH
def test_after_terminal(world: World, provider: str) -> None:
    world.play("callbacks-after-terminal")
    world.send(provider)
    assert world.advance("1m") == [FIRST[provider], FINAL[provider], FIRST[provider]]


@BOTH
def test_conflicting(world: World, provider: str) -> None:
    world.play("callbacks-conflicting")
    world.send(provider)
    assert world.advance("1m") == [FIRST[provider], FINAL[provider], OPPOSITE[provider]]


@BOTH
def test_dropped(world: World, provider: str) -> None:
    world.play("callbacks-dropped")
    world.send(provider)
    assert world.advance("1d") == [FIRST[provider]]


@BOTH
def test_before_the_answer(world: World, provider: str) -> None:
    """They have arrived when the answer is there, though the clock stands."""
    world.play("callbacks-before-response")
    assert world.send(provider).status in (200, 201)
    assert world.told() == [FIRST[provider], FINAL[provider]]
    assert world.advance("1m") == [FIRST[provider], FINAL[provider]]


@BOTH
def test_before_the_answer_on_a_running_clock_too_and_only_once(receiver: Receiver, provider: str) -> None:
    sinch = {"callback_url": f"{receiver.url}/callback", "dlr_url": f"{receiver.url}/dlr"}
    with Simulator(clock="real", providers={"sinch": sinch}, scenario=("callbacks-before-response",)) as sim:
        world = World(sim, receiver)
        for sent in range(1, 11):
            world.send(provider)
            assert len(receiver.posts) == 2 * sent
        sim.control("POST", "clock/freeze")
        world.advance("1m")
        assert len(receiver.posts) == 20


@BOTH
def test_corrupt(world: World, provider: str) -> None:
    world.play("callbacks-corrupt")
    world.send(provider)
    world.sim.control("POST", "clock/advance", {"by": "1m"})
    assert len(world.receiver.posts) == 2
    for post in world.receiver.posts:
        with pytest.raises(msgspec.DecodeError):
            msgspec.json.decode(post.body)


def _signed(post: Posted) -> bool:
    expected = hmac.new(b"password", post.body, "sha256").hexdigest()
    return hmac.compare_digest(post.headers["x-messente-signature"], expected)


def test_wrongly_signed(world: World) -> None:
    world.send("messente")
    world.advance("1m")
    assert [_signed(post) for post in world.receiver.posts] == [True, True]
    world.play("callbacks-wrong-signature")
    world.send("messente")
    world.advance("1m")
    assert [_signed(post) for post in world.receiver.posts[2:]] == [False, False]


def test_a_retry_carries_the_same_twisted_callback(world: World) -> None:
    world.play("callbacks-corrupt")
    world.sim.control("PUT", "settings", {"messente": {"retries": ["1s"]}})
    world.receiver.answer(500)
    world.send("messente")
    world.sim.control("POST", "clock/advance", {"by": "1m"})
    first, again, _ = world.receiver.posts
    assert first.body == again.body


def test_only_the_callbacks_of_one_status_are_touched(world: World) -> None:
    rules = "name: some\nrules: [{callbacks: [{duplicate: delivered}, {delay: {by: 10s, status: ACK}}]}]"
    assert world.sim.control("PUT", "scenario", body=rules).status == 200
    world.send("messente")
    assert world.advance("1m") == ["DELIVRD", "DELIVRD", "ACK"]


def test_only_the_callbacks_of_one_channel_are_touched(world: World) -> None:
    rules = """
name: sms-only
rules:
  - {when: {channel: viber}, deliver: [{after: 1s, status: failed}]}
  - {when: {channel: sms}, callbacks: [duplicate]}
"""
    assert world.sim.control("PUT", "scenario", body=rules).status == 200
    body = omnimessage(TO, ("viber", "sms"), dlr_url=f"{world.receiver.url}/dlr")
    call(f"{world.sim.url}/v1/omnimessage", "POST", body, headers=MESSENTE)
    assert world.advance("1m") == ["FAILED", "ACK", "ACK", "DELIVRD", "DELIVRD"]
