"""What the traffic as a whole says: coverage of the catalogues, and bad habits of the caller."""

import asyncio
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgsim.callbacks.dispatcher import Dispatcher
from msgsim.callbacks.http import Poster
from msgsim.config import Config
from msgsim.engine.actions import force
from msgsim.engine.coverage import outcomes
from msgsim.engine.receive import Engine
from msgsim.examples.samples import samples
from msgsim.provider import discover
from msgsim.storage.store import store_in
from msgsim.testing import Simulator, call
from msgsim.web.control.findings import coverage
from starlette.datastructures import QueryParams
from starlette.requests import Request

from tests.conftest import START, Advance, Http
from tests.control.acting import BASIC, refuse, send
from tests.control.in_memory import memory
from tests.receiver import Receiver

MESSAGE = {"to": "+37255500001", "messages": [{"channel": "sms", "text": "Hello"}]}


def seen(control: Http, query: str = "") -> tuple[set[str], set[str]]:
    """Errors and outcomes of Messente that were seen."""
    found = control("GET", f"coverage?provider=messente{query}").json["providers"]["messente"]
    errors, reached = ({key for key, times in found[what]["times"].items() if times} for what in ("errors", "outcomes"))
    return errors, reached


def test_what_was_answered_and_what_was_reached_is_covered(sim: Simulator, control: Http, advance: Advance) -> None:
    assert seen(control) == (set(), set())
    send(sim)
    refuse(sim)
    assert seen(control) == ({"invalid_data", "no_messages"}, set())
    advance("500ms")
    assert seen(control)[1] == {"ACK"}
    advance("1m")
    whole = control("GET", "coverage").json
    messente = whole["providers"]["messente"]
    assert (messente["errors"]["seen"], messente["outcomes"]["seen"], messente["seen"]) == (2, 2, 4)
    assert whole["seen"] == 4
    assert whole["percent"] == round(400 / whole["all"], 1)


def test_a_refused_item_of_a_batch_is_covered(sim: Simulator, control: Http) -> None:
    call(f"{sim.url}/v1/omnimessages", "POST", json={"messages": [MESSAGE, {**MESSAGE, "to": "3"}]}, headers=BASIC)
    assert seen(control)[0] == {"invalid_data"}


def test_coverage_is_of_the_whole_run_and_outlives_its_sandboxes(sim: Simulator, control: Http) -> None:
    control("POST", "sandboxes", {"name": "one", "clock": f"frozen@{START}"})
    control("POST", "sandboxes", {"name": "two", "clock": f"frozen@{START}"})
    send(sim, sandbox="one")
    refuse(sim, sandbox="one")
    control("POST", "clock/advance?sandbox=one", {"by": "500ms"})
    assert seen(control, "&sandbox=two") == (set(), set())
    assert seen(control, "&sandbox=one") == seen(control) == ({"invalid_data", "no_messages"}, {"ACK"})
    control("DELETE", "sandboxes/one")
    assert seen(control) == ({"invalid_data", "no_messages"}, {"ACK"})


def test_rows_of_a_sandbox_that_is_gone_are_swept_and_what_they_covered_is_not_forgotten() -> None:
    engine = Engine(Config(store="memory", clock="frozen"), store_in(None), discover())
    old = engine.sandboxes.default
    for one in samples(engine.providers, "default", 200, 1):
        engine.receive(one.example.call())
    old.clock = old.clock.moved(old.now() + 60_000)
    reached = outcomes(engine.store.messages.newest(old.number), 0, old.now())
    fresh = engine.sandboxes.reset(old)
    engine.receive(next(samples(engine.providers, "default", 1, 1)).example.call())
    asyncio.run(_followed(engine))
    assert engine.sandboxes.run.outcomes == reached != {}
    store = engine.store
    for table in (store.messages, store.journal, store.callbacks, store.inbound):
        assert table.highest(old.number) == 0, table.name
    assert engine.store.messages.count(fresh.number) > 0


async def _followed(engine: Engine) -> None:
    """Until a dispatcher that has nothing else to do has swept everything."""
    dispatcher = Dispatcher(engine, Poster(engine.config), engine.config)
    following = asyncio.create_task(dispatcher.run())
    async with asyncio.timeout(20):
        while engine.sandboxes.run.closed:  # noqa: ASYNC110 - the sweeper tells nobody
            await asyncio.sleep(0.001)
    following.cancel()
    await dispatcher.close()


def test_rows_an_earlier_run_left_are_swept_too(tmp_path: Path) -> None:
    config = Config(store=str(tmp_path / "store.db"), clock="frozen")
    first = Engine(config, store_in(tmp_path / "store.db"), discover())
    first.receive(next(samples(first.providers, "default", 1, 1)).example.call())
    gone = first.sandboxes.default.number
    first.sandboxes.reset(first.sandboxes.default)
    first.store.close()
    second = Engine(config, store_in(tmp_path / "store.db"), discover())
    assert second.sandboxes.run.closed == {gone: None}
    while second.sandboxes.sweep():
        pass
    assert second.store.strays() == set()
    assert second.sandboxes.run.outcomes == {}
    second.store.close()


# Lint


def findings(control: Http) -> dict[str, Any]:
    return {one["rule"]: one for one in control("GET", "lint").json["findings"]}


def test_a_well_behaved_caller_is_left_in_peace(
    sim: Simulator, control: Http, advance: Advance, receiver: Receiver
) -> None:
    send(sim, dlr_url=receiver.url)
    send(sim, dlr_url=receiver.url)
    advance("1m")
    assert findings(control) == {}


def test_who_comes_back_too_soon_is_told(sim: Simulator, control: Http, advance: Advance) -> None:
    story = "name: x\nrules:\n  - when: {provider: messente}\n    times: 1\n"
    control("PUT", "scenario", body=story + '    respond: {error: too_many_requests, headers: {Retry-After: "5"}}')
    call(f"{sim.url}/v1/omnimessage", "POST", json=MESSAGE, headers=BASIC)
    advance("6s")
    send(sim)
    assert findings(control) == {}
    control("PUT", "scenario", body=story + '    respond: {error: too_many_requests, headers: {Retry-After: "5"}}')
    call(f"{sim.url}/v1/omnimessage", "POST", json=MESSAGE, headers=BASIC)
    advance("4s")
    send(sim)
    found = findings(control)
    assert (set(found), found["retry-after"]["times"]) == ({"retry-after"}, 1)
    assert found["retry-after"]["requests"] == [control("GET", "requests").json["requests"][0]["number"]]


def test_a_refused_request_repeated_unchanged_is_told(sim: Simulator, control: Http) -> None:
    refuse(sim)
    assert findings(control) == {}
    refuse(sim)
    assert findings(control)["repeated-refusal"]["requests"] == [2]


def test_a_message_sent_twice_after_a_lost_answer_is_told(sim: Simulator, control: Http) -> None:
    story = "name: x\nrules:\n  - when: {provider: messente}\n    times: 1\n    fault: {kind: empty, after: accepted}"
    control("PUT", "scenario", body=story)
    with pytest.raises(OSError, match=r"closed|reset|Remote"):
        call(f"{sim.url}/v1/omnimessage", "POST", json=MESSAGE, headers=BASIC)
    assert findings(control) == {}
    call(f"{sim.url}/v1/omnimessage", "POST", json=MESSAGE, headers=BASIC)
    assert set(findings(control)) == {"sent-twice"}


def test_a_token_per_request_is_told(sim: Simulator, control: Http) -> None:
    ask = {"grant_type": "client_credentials", "client_id": "c", "client_secret": "s"}
    for _ in range(3):
        token = call(f"{sim.url}/v2/token", "POST", json=ask).json["access_token"]
        call(f"{sim.url}/ott/v1/registration", "GET", headers={"Authorization": f"Bearer {token}"})
    assert findings(control)["token-per-request"]["text"] == "fetched 3 tokens for 3 other requests"


def test_who_polls_statistics_is_told(sim: Simulator, control: Http, advance: Advance) -> None:
    def report() -> None:
        body = {"start_date": "2026-01-01", "end_date": "2026-01-01", "message_types": ["sms"]}
        assert call(f"{sim.url}/v1/statistics/reports", "POST", json=body, headers=BASIC).status == 200

    for _ in range(20):
        send(sim)
    for _ in range(3):
        report()
        advance("1m")
    assert findings(control) == {}
    report()
    report()
    report()
    found = findings(control)
    assert (set(found), found["polled"]["times"]) == ({"polled"}, 1)
    assert "once a day" in found["polled"]["advice"]


def test_who_looks_every_number_up_is_told(sim: Simulator, control: Http) -> None:
    for number in range(3):
        to = f"+3725100000{number}"
        call(f"{sim.url}/v1/hlr/sync", "POST", json={"numbers": [to]}, headers=BASIC)
        call(f"{sim.url}/v1/omnimessage", "POST", json={**MESSAGE, "to": to}, headers=BASIC)
    found = findings(control)
    assert (set(found), found["asked-per-send"]["times"]) == ({"asked-per-send"}, 3)
    assert found["asked-per-send"]["text"] == "asked number-lookup 3 times for 3 sends"
    for _ in range(3):
        send(sim)
    assert findings(control) == {}


def test_credentials_in_a_query_string_are_told(sim: Simulator, control: Http) -> None:
    call(f"{sim.url}/v1/send-sms?username=u&authenticationToken=t&destination=5511900000000&messageText=hi", "GET")
    assert findings(control)["credentials-in-query"]["provider"] == "sinch"


def test_credentials_in_a_query_string_are_none_of_ours_where_the_document_asks_for_them(
    sim: Simulator, control: Http
) -> None:
    assert call(f"{sim.url}/get_balance?username=user&password=secret", "GET").body == b"OK 100.00"
    assert "credentials-in-query" not in findings(control)


def test_a_receiver_that_fails_or_is_slow_is_told(
    sim: Simulator, control: Http, advance: Advance, monkeypatch: pytest.MonkeyPatch
) -> None:
    control("PUT", "settings", {"messente": {"retries": ["1s"]}})
    send(sim, dlr_url=f"{sim.url}/__sim/sink/x")
    control("PUT", "sinks/x", {"answers": [{"status": 500}, {"delay": "1s"}]})
    monkeypatch.setattr("msgsim.engine.habits.SLOW", 500)
    advance("1m")
    found = findings(control)
    assert (found["callback-failed"]["callbacks"], found["callback-failed"]["text"]) == (
        [1],
        "did not take 1 callbacks: answered 500",
    )
    assert found["callback-slow"]["callbacks"] == [1]


@given(st.lists(st.sampled_from(["send", "refuse", "advance", "force", "back"]), max_size=12))
def test_coverage_of_a_sandbox_is_what_its_journal_and_plans_say(acts: list[str]) -> None:
    """Counted on from time to time, it is as if everything was read again."""
    query = QueryParams("provider=messente&sandbox=default")
    request = cast("Request", SimpleNamespace(query_params=query, headers={}))
    with memory() as room:
        store, number = room.store, room.sandbox.number
        for act in acts:
            newest = next(store.messages.newest(number), None)
            if act == "send":
                room.send()
            elif act == "refuse":
                room.call("POST", "/v1/omnimessage", {"to": "3", "messages": []})
            elif act == "force" and newest is not None:
                force(room.engine, room.sandbox, newest, "REJECTD")
            else:
                room.move(-300 if act == "back" else 400)
            covered = asyncio.run(coverage(room.context, request))["providers"]["messente"]
            requests = store.journal.between(number, kind="exchange")
            keys = Counter(refusal.key for entry in requests if entry.exchange for refusal in entry.exchange.refusals)
            reached = outcomes(store.messages.newest(number), 0, room.sandbox.now())
            assert Counter(covered["errors"]["times"]) == keys
            assert Counter(covered["outcomes"]["times"]) == Counter(
                {word: count for (_, word), count in reached.items()}
            )


def test_coverage_outlives_a_restart(tmp_path: Path) -> None:
    for _ in range(2):
        with Simulator(clock="frozen", store=str(tmp_path / "store")) as sim:
            refuse(sim)
            found = sim.control("GET", "coverage?provider=messente&sandbox=default").json
    assert found["providers"]["messente"]["errors"]["times"]["no_messages"] == 2
