"""What a test asks the simulator, in both forms of the client."""

import asyncio
import inspect
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from select import select
from typing import Any

import pytest
from msgsim.client import AsyncClient, Client, Problem, TimedOut, Unreachable
from msgsim.client.api import Api
from msgsim.client.errors import SimulatorError
from msgsim.client.request import Call, Request, Wait
from msgsim.testing import Simulator, call

from tests.client.conftest import Send
from tests.receiver import Receiver

TO = "+37255500001"


def test_a_message_is_followed_to_its_end(api: Api[Any], send: Send) -> None:
    id = send(TO, "viber", "sms").json["omnimessage_id"]
    assert [message["id"] for message in api.messages.list(provider="messente", to=TO)] == [id]
    happened = api.clock.advance("1m")
    assert {"kind": "status", "message": id, "channel": "viber", "status": "DELIVRD"}.items() <= happened[-1].items()
    plan = api.messages.get(id)["plan"]
    assert [step["status"] for step in plan if step["past"]][-1] == "DELIVRD"
    assert api.messages.wait(to=TO, status="delivered")["id"] == id


def test_a_channel_fails_because_the_test_says_so(api: Api[Any], send: Send) -> None:
    id = send(TO).json["omnimessage_id"]
    assert api.messages.force(id, "UNDELIV", err=1)["state"] == "failed"
    assert api.messages.list(status="failed", to=TO)[0]["channels"][0]["code"] == 1


def test_what_does_not_come_says_what_came_instead(api: Api[Any], send: Send) -> None:
    send(TO)
    with pytest.raises(TimedOut) as waited:
        api.messages.wait(to=TO, status="seen", timeout="50ms")
    assert waited.value.near
    assert TO in str(waited.value) or "seen" in str(waited.value)


def test_several_are_waited_for(api: Api[Any], send: Send) -> None:
    for _ in range(3):
        send(TO)
    assert len(api.messages.wait(to=TO, count=3)) == 3
    with pytest.raises(TimedOut):
        api.messages.wait(to=TO, count=4, timeout="10ms")


def test_callbacks_are_seen_and_sent_again(api: Api[Any], send: Send, receiver: Receiver) -> None:
    id = send(TO, dlr_url=f"{receiver.url}/dlr").json["omnimessage_id"]
    api.clock.run_until_idle()
    done = api.callbacks.wait(message=id, state="done", count=1)
    assert len(done) == len(receiver.posts)
    again = api.callbacks.replay(done[0]["number"])
    api.clock.advance("1s")
    assert receiver.posts[-1].json == receiver.posts[0].json
    assert api.callbacks.get(again["number"])["attempts"][0]["answered"] == 200


def test_a_sink_takes_the_place_of_a_receiver(api: Api[Any], send: Send) -> None:
    api.configure({"messente": {"retries": ["1s"]}})
    sink = api.sink("reports")
    sink.answer(503)
    send(TO, dlr_url=sink.url)
    api.clock.run_until_idle()
    first, second, *_ = sink.wait(count=2)
    assert first["json"] == second["json"], "the first was refused, so it came again"
    sink.clear()
    assert sink.posts() == []


def test_a_refusal_is_explained(api: Api[Any], send: Send) -> None:
    send("no number")
    refused = api.requests.wait(refused=True)
    assert refused["status"] == 400
    explained = api.requests.explain(refused["number"])
    assert explained["refused_by"][0]["key"] == "invalid_data"
    assert "omnimessage.json" in explained["prose"]


def test_a_scenario_is_chosen_and_told(api: Api[Any], send: Send) -> None:
    api.tell("name: own\nrules:\n  - when: {provider: messente}\n    respond: {error: server_error}\n")
    assert send(TO).status == 500
    api.choose()
    assert send(TO).status == 201
    with pytest.raises(Problem, match="deliverr"):
        api.tell("name: own\nrules:\n  - when: {provider: messente}\n    deliverr: []\n")


def test_the_clock_obeys(api: Api[Any]) -> None:
    assert api.clock.get()["frozen"]
    assert api.clock.speed(60)["rate"] == 60
    assert api.clock.resume()["rate"] == 1
    assert api.clock.freeze()["frozen"]
    assert api.clock.set("2026-05-01T00:00:00Z") == []
    assert api.clock.get()["now"] == "2026-05-01T00:00:00.000Z"


def test_sandboxes_know_nothing_of_each_other(api: Api[Any], send: Send, sim: Simulator) -> None:
    made = api.sandboxes.create("other", clock="frozen@2026-03-01T00:00:00Z", seed=7)
    assert made["credentials"]["messente"] == {"username": "other", "password": "other-password"}
    assert made["base_urls"]["messente"] == f"{sim.url}/v1"
    send(TO, sandbox="other")
    assert api.messages.list() == []
    with Client(sim.url, "other") as other:
        assert other.clock.get()["now"] == "2026-03-01T00:00:00.000Z"
        assert len(other.messages.list()) == 1
        assert other.credentials("messente")["username"] == "other"
    api.sandboxes.delete("other")
    assert [one["name"] for one in api.sandboxes.list()] == ["default"]


def test_settings_hold_for_a_sandbox(api: Api[Any]) -> None:
    api.configure({"messente": {"accounts": [{"username": "shop", "password": "pass"}]}})
    assert api.settings()["messente"]["accounts"][0]["username"] == "shop"


def test_a_phone_writes(api: Api[Any]) -> None:
    assert api.inbound("sinch", "5511999990000", "28000", "STOP")["text"] == "STOP"
    assert [one["text"] for one in api.inbox()] == ["STOP"]


def test_sample_traffic_is_the_same_for_a_seed(api: Api[Any]) -> None:
    first = [one["curl"] for one in api.sample("messente", count=2, seed=7)]
    assert first == [one["curl"] for one in api.sample("messente", count=2, seed=7)]
    assert len(api.requests.list(provider="messente")) == 4


def test_everything_is_forgotten(api: Api[Any], send: Send) -> None:
    send(TO)
    api.reset()
    assert api.messages.list() == []


def test_the_journal_comes_in_order(api: Api[Any], send: Send) -> None:
    send(TO)
    api.clock.freeze()
    assert [entry["kind"] for entry in api.journal()] == ["exchange", "control"]
    assert api.har()["log"]["entries"][0]["request"]["url"].endswith("/v1/omnimessage")


def test_unknown_names_are_told(api: Api[Any]) -> None:
    with pytest.raises(Problem, match="there is no message nothing") as wrong:
        api.messages.get("nothing")
    assert wrong.value.status == 404
    with pytest.raises(LookupError, match="there is no provider 'acme'"):
        api.base_url("acme")
    with pytest.raises(LookupError, match="did you mean 'messente'"):
        api.credentials("mesente")


@pytest.mark.parametrize(
    "given", [5, 0.5, -1, None, True, timedelta(minutes=5), "7", "5 minutes", "²s", "-5s", "1.5.5s"]
)
def test_what_is_no_duration_is_told(api: Api[Any], given: Any) -> None:
    for wait in (api.messages.wait, api.requests.wait, api.callbacks.wait, api.sink().wait):
        with pytest.raises(ValueError, match=r"^timeout: .* is not a duration; write 250ms, 5s, 10m"):
            wait(timeout=given)
    with pytest.raises(Problem, match="is not a duration; write 250ms, 5s, 10m"):
        api.clock.advance(given)


def test_a_time_may_be_that_of_python(api: Api[Any]) -> None:
    api.clock.freeze()
    api.clock.set(datetime(2036, 5, 1, 9, tzinfo=UTC))
    assert api.clock.get()["now"] == "2036-05-01T09:00:00.000Z"


def test_no_server_is_one_clear_line() -> None:
    with Client("http://127.0.0.1:9") as client, pytest.raises(Unreachable, match="start one with: msgsim serve"):
        client.health()


async def _nobody() -> None:
    async with AsyncClient("http://127.0.0.1:9") as client:
        await client.health()


def test_no_server_is_one_clear_line_when_awaited() -> None:
    with pytest.raises(Unreachable, match="start one with: msgsim serve"):
        asyncio.run(_nobody())


def test_outside_of_asyncio_the_awaited_client_says_what_to_do(sim: Simulator) -> None:
    """As under Trio, where anyio runs its tests too; a coroutine is begun there without a loop of asyncio."""
    with pytest.raises(SimulatorError, match=r"needs an event loop of asyncio.*trio\.to_thread\.run_sync"):
        AsyncClient(sim.url).health().send(None)


def test_events_are_told_as_they_happen(sim: Simulator, send: Send) -> None:
    with Client(sim.url) as client:
        events, heard = client.events(), threading.Event()

        def keep_sending() -> None:
            """What is sent before the stream is open is not told in it."""
            while not heard.is_set():
                send(TO)

        sending = threading.Thread(target=keep_sending)
        sending.start()
        try:
            first = next(events)
        finally:
            heard.set()
        sending.join()
        events.close()
    assert (first.name, first.data["status"]) == ("exchange", 201)


async def _first_event(url: str, send: Send) -> str:
    async with AsyncClient(url) as client:
        heard = asyncio.Event()

        async def keep_sending() -> None:
            while not heard.is_set():
                await asyncio.to_thread(send, TO)

        sending = asyncio.create_task(keep_sending())
        events = client.events()
        first = await anext(events)
        heard.set()
        await events.aclose()
        await sending
    return first.name


def test_events_are_told_as_they_happen_when_awaited(sim: Simulator, send: Send) -> None:
    assert asyncio.run(_first_event(sim.url, send)) == "exchange"


def test_connections_are_kept_and_replaced_when_the_server_hung_up() -> None:
    opened = []

    class Impatient(BaseHTTPRequestHandler):
        """Promises to keep the connection, and hangs up."""

        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            opened.append(self.client_address)
            body = b'{"status": "ok"}'
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            self.close_connection = len(opened) == 2

        def log_message(self, format: str, *args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Impatient) as server, Client(f"http://127.0.0.1:{server.server_port}") as client:
        served = threading.Thread(target=server.serve_forever, args=(0.01,))
        served.start()
        for _ in range(2):
            client.health()
        while client._idle and not _hung_up(client):
            pass
        client.health()
        client.close()
        server.shutdown()
        served.join()
    assert opened[0] == opened[1] != opened[2]


def _hung_up(client: Client) -> bool:
    return bool(select([client._idle[0].sock], [], [], 0.01)[0])


def test_threads_may_share_a_client(sim: Simulator) -> None:
    with Client(sim.url) as client:
        answers: list[str] = []
        threads = [threading.Thread(target=lambda: answers.append(client.health()["status"])) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert answers == ["ok"] * 8


def test_importing_the_client_imports_nothing_heavy() -> None:
    told = "import sys, msgsim.client; print([m for m in ('aiohttp', 'msgspec', 'yaml', 'click') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_every_method_is_a_route_and_every_route_has_a_method(sim: Simulator) -> None:
    recorded: list[Request[Any]] = []
    record: Any = recorded.append
    api: Api[Any] = Api(record, sim.url, "default")
    for part in (api.messages, api.requests, api.callbacks, api.clock, api.sandboxes, api.sink("s"), api):
        for name, method in vars(type(part)).items():
            if isinstance(method, Call | Wait):
                _call(getattr(part, name))
    asked = {(request.method, _template(request.path)) for request in recorded}
    paths = call(f"{sim.url}/__sim/openapi.json", "GET").json["paths"]
    routes = {
        (method.upper(), _template(path[1:]))
        for path, operations in paths.items()
        for method in operations
        if method in ("get", "post", "put", "delete")
    }
    assert asked - routes == set()
    assert routes - asked - {("GET", "events")} == set()


def _call(method: Any) -> None:
    """With the least that it takes."""
    kinds = {int: 1, float: 1.0, str: "x", dict: {}}
    parameters = [one for one in inspect.signature(method).parameters.values() if one.default is one.empty]
    given = [kinds.get(one.annotation, {}) for one in parameters if one.kind is one.POSITIONAL_OR_KEYWORD]
    method(*given)


def _template(path: str) -> str:
    known = ("messages", "requests", "callbacks", "sandboxes", "sinks")
    parts = path.split("/")
    if len(parts) > 1 and parts[0] in known:
        parts[1] = "*"
    return "/".join(parts)


def test_a_sandbox_of_a_simulator_is_gone_however_its_block_ends(sim: Simulator) -> None:
    with pytest.raises(Problem, match="there is no message"), sim.sandbox("short") as made:
        made.messages.get("unknown")
    with Client(sim.url) as client:
        assert [sandbox["name"] for sandbox in client.sandboxes.list()] == ["default"]
