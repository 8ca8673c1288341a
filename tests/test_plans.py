"""Plans, as properties: states only move forward, and how the clock is cut makes no difference."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgsim.contract import FAILURES, SUCCESSES
from msgsim.model import Beat, Channel, Draft, Message, Step
from msgsim.plan import cut, ends, state, unfold, word
from msgsim.provider import discover
from msgsim.testing import Simulator, call

from tests.conftest import START
from tests.samples import headers

PROVIDERS = discover()
CONTRACT = PROVIDERS["messente"].contract
NOW = 1_767_225_600_000

statuses = st.sampled_from(sorted(CONTRACT.statuses))
beats = st.lists(st.builds(Beat, st.integers(0, 100_000), statuses), max_size=6).map(
    lambda found: tuple(sorted(found, key=lambda beat: beat.after))
)
channels = st.builds(
    Channel, name=st.sampled_from(["sms", "viber", "whatsapp"]), id=st.just("x"), ttl=st.none() | st.integers(1, 50_000)
)


@st.composite
def planned(draw: st.DrawFn) -> Message:
    chosen = tuple(draw(st.lists(channels, min_size=1, max_size=3)))
    start = draw(st.none() | st.integers(NOW - 10_000, NOW + 100_000))
    expires = draw(st.none() | st.integers(NOW - 10_000, NOW + 100_000))
    draft = Draft("id", "+37255000001", chosen, start=start, expires=expires)
    begin, steps = unfold(draft, [draw(beats) for _ in chosen], CONTRACT, NOW)
    return Message(1, "id", "messente", "send", draft.to, chosen, steps, NOW, begin)


def kind(step: Step | None) -> str:
    return "queued" if step is None else CONTRACT.statuses[step.status].kind


@given(planned(), st.lists(st.integers(0, 1_000_000), min_size=2, max_size=8).map(sorted))
def test_states_only_move_forward(message: Message, moments: list[int]) -> None:
    before: list[str] = ["queued"] * len(message.channels)
    for moment in moments:
        after = [kind(step) for step in state(message, NOW + moment)]
        for old, new in zip(before, after, strict=True):
            assert old == new or old not in FAILURES
            assert old not in SUCCESSES or new in SUCCESSES
            assert old != "seen" or new == "seen"
        before = after


@given(planned())
def test_a_plan_is_in_order_and_channels_take_turns(message: Message) -> None:
    assert [step.at for step in message.steps] == sorted(step.at for step in message.steps)
    assert [step.channel for step in message.steps] == sorted(step.channel for step in message.steps)
    assert all(step.at >= NOW for step in message.steps)
    assert ends(message) == (message.steps[-1].at if message.steps else message.start)
    delivered = {step.channel for step in message.steps if kind(step) in SUCCESSES}
    assert len(delivered) <= 1
    assert not delivered or max(step.channel for step in message.steps) in delivered


@given(planned(), st.integers(0, 200_000))
def test_cutting_a_plan_keeps_its_past(message: Message, moment: int) -> None:
    now = NOW + moment
    deleted = Step(now, 0, "DELETED", 1)
    after = cut(message, now, deleted)
    assert state(cut(message, now), now) == state(message, now)
    assert after.steps[-1] == deleted
    assert word(after, CONTRACT, now) == "cancelled"


STORY = """
name: story
rules:
  - when: {provider: messente, channel: viber, chance: 50%}
    deliver: [{after: 300ms, status: ACK}, {after: 7s, status: UNDELIV}]
  - when: {provider: messente, nth: 2}
    callbacks: [duplicate, reorder]
"""


def journal(pieces: list[int], dlr_url: str) -> Any:
    """Everything the simulator says after a minute that was cut into pieces (milliseconds)."""
    with Simulator(clock=f"frozen@{START}", seed=7, providers={"messente": {"retries": ["3s", "20s"]}}) as sim:
        sim.control("PUT", "scenario", body=STORY)
        messages = [{"channel": "viber", "text": "x", "ttl": 30}, {"channel": "sms", "text": "x"}]
        body = {"to": "+37255000001", "dlr_url": dlr_url, "messages": messages}
        for _ in range(4):
            call(
                f"{sim.url}/v1/omnimessage",
                "POST",
                body,
                headers={**headers(PROVIDERS["messente"]), "Host": "localhost"},
            )
        for piece in pieces:
            sim.control("POST", "clock/advance", {"by": f"{piece}ms"})
        sim.control("POST", "clock/set", {"to": "2026-01-01T00:01:00Z"})
        return [sim.control("GET", path).json for path in ("messages", "callbacks", "requests")]


@settings(max_examples=6, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.integers(1, 9_000), max_size=6))
def test_advancing_in_pieces_gives_the_same_journal(pieces: list[int]) -> None:
    closed = "http://127.0.0.1:9/nobody-listens"
    assert journal(pieces, closed) == journal([], closed)
