"""A clock is moved: what falls due happens in order, even when the receiver calls back meanwhile."""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from msgsim.testing import Simulator

from tests.conftest import Advance, Http
from tests.control.acting import send
from tests.receiver import Receiver

React = Callable[[dict[str, Any]], None]


class Application:
    """A receiver that does something of its own before it takes a callback."""

    def __init__(self) -> None:
        self.react: React = lambda body: None
        self.failed: list[BaseException] = []
        application = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                import json

                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                try:
                    application.react(body)
                except BaseException as wrong:
                    application.failed.append(wrong)
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def application() -> Iterator[Application]:
    one = Application()
    yield one
    one.close()
    assert one.failed == []


def test_what_happened_is_listed_in_order(sim: Simulator, advance: Advance, receiver: Receiver) -> None:
    sim.control("PUT", "settings", {"messente": {"retries": ["1s"]}})
    id = send(sim, dlr_url=receiver.url)
    receiver.answer(500)
    happened = [(one["at"][14:23], one["kind"], one.get("status") or one["answered"]) for one in advance("1m")]
    assert happened == [
        ("00:00.200", "status", "ACK"),
        ("00:00.200", "callback", 500),
        ("00:01.000", "status", "DELIVRD"),
        ("00:01.200", "callback", 200),
        ("00:01.200", "callback", 200),
    ]
    assert [one.json["omnimessage_id"] for one in receiver.posts] == [id] * 3


def test_a_receiver_asks_for_the_status_while_the_clock_is_advanced(
    sim: Simulator, http: Http, advance: Advance, application: Application
) -> None:
    asked: list[tuple[str, str]] = []
    basic = {"Authorization": "Basic YXBpOnBhc3N3b3Jk"}

    def ask(body: dict[str, Any]) -> None:
        answer = http("GET", f"/v1/omnimessage/{body['omnimessage_id']}/status", headers=basic)
        asked.append((body["status"], answer.json["statuses"][0]["status"]))

    application.react = ask
    send(sim, dlr_url=application.url)
    advance("1m")
    assert asked == [("ACK", "ACK"), ("DELIVRD", "DELIVRD")]


def test_a_receiver_that_sends_again_is_served_within_the_same_advance(
    sim: Simulator, control: Http, advance: Advance, application: Application
) -> None:
    def again(body: dict[str, Any]) -> None:
        if body["status"] == "DELIVRD" and body["to"] == "+37255500001":
            send(sim, "+37255500002", dlr_url=application.url)

    application.react = again
    send(sim, dlr_url=application.url)
    statuses = [(one["at"][14:23], one["status"]) for one in advance("1m") if one["kind"] == "status"]
    assert statuses == [("00:00.200", "ACK"), ("00:01.000", "DELIVRD"), ("00:01.200", "ACK"), ("00:02.000", "DELIVRD")]
    assert control("GET", "callbacks", query={"state": "done"}).json["total"] == 4


def test_a_receiver_cannot_advance_the_clock_that_waits_for_it(
    sim: Simulator, control: Http, advance: Advance, application: Application
) -> None:
    statuses: list[int] = []

    def advance_too(body: dict[str, Any]) -> None:
        statuses.append(control("POST", "clock/advance", {"by": "1h"}).status)

    application.react = advance_too
    send(sim, dlr_url=application.url)
    advance("1m")
    assert statuses == [409, 409]
    assert control("GET", "clock").json["now"] == "2026-01-01T00:01:00.000Z"
    assert control("POST", "clock/advance", {"by": "1s"}).status == 200


def test_a_receiver_may_reset_the_sandbox_that_waits_for_it(
    sim: Simulator, control: Http, advance: Advance, application: Application
) -> None:
    application.react = lambda body: None if control("POST", "reset").status == 200 else pytest.fail("not reset")
    send(sim, dlr_url=application.url)
    send(sim, dlr_url=application.url)
    advance("1m")
    assert control("GET", "messages").json["total"] == 0
    assert control("GET", "callbacks").json["total"] == 0
    application.react = lambda body: None
    send(sim, dlr_url=application.url)
    advance("1m")
    assert control("GET", "callbacks", query={"state": "done"}).json["total"] == 2


def test_a_receiver_that_is_answered_for_ever_does_not_keep_it_busy_for_ever(
    sim: Simulator, control: Http, application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two applications that answer each other are never idle; after so many rounds it is enough."""
    monkeypatch.setattr("msgsim.callbacks.driver.MOST_ROUNDS", 5)

    def again(body: dict[str, Any]) -> None:
        if body["status"] == "DELIVRD":
            send(sim, dlr_url=application.url)

    application.react = again
    send(sim, dlr_url=application.url)
    assert control("POST", "clock/run-until-idle").status == 200
    assert control("GET", "messages").json["total"] == 6


def test_it_runs_until_idle(sim: Simulator, control: Http, receiver: Receiver) -> None:
    send(sim, dlr_url=receiver.url, time_to_send="2026-01-02T00:00:00Z")
    answer = control("POST", "clock/run-until-idle").json
    assert (answer["now"], answer["total"]) == ("2026-01-02T00:00:01.000Z", 4)
    assert control("POST", "clock/run-until-idle").json["happened"] == []


def test_a_clock_is_set_frozen_and_set_free(control: Http) -> None:
    assert control("POST", "clock/set", {"to": "2026-05-01T12:00:00Z"}).json["now"] == "2026-05-01T12:00:00.000Z"
    assert control("POST", "clock/set", {"to": "2026-01-01T00:00:00Z"}).json["now"] == "2026-01-01T00:00:00.000Z"
    assert control("POST", "clock/speed", {"rate": 60}).json["rate"] == 60
    assert control("POST", "clock/freeze").json["frozen"] is True
    assert control("POST", "clock/resume").json["rate"] == 1
    for path, body in (("advance", {"by": "soon"}), ("set", {"to": "x"}), ("speed", {"rate": -1}), ("advance", {})):
        assert control("POST", f"clock/{path}", body).status == 400, path


def test_a_clock_ends_with_the_year_9999(control: Http) -> None:
    for by in ("100000000000d", "9" * 400 + "d", "999y"):
        assert control("POST", "clock/advance", json={"by": by}).status == 400
    assert control("POST", "clock/advance", json={"by": "365000d"}).status == 200
    for _ in range(7):
        control("POST", "clock/advance", json={"by": "365000d"})
    last = control("POST", "clock/advance", json={"by": "365000d"})
    assert (last.status, last.json["detail"]) == (400, "a clock ends with the year 9999")
    assert control("GET", "health").status == 200


def test_a_callback_under_way_is_not_posted_again_by_an_advance(application: Application) -> None:
    """The clock runs, the receiver is slow, and the test moves the clock meanwhile."""
    begun, go_on = threading.Event(), threading.Event()
    seen: list[str] = []

    def slowly(body: dict[str, Any]) -> None:
        seen.append(body["status"])
        begun.set()
        go_on.wait(10)

    application.react = slowly
    with Simulator(clock="100x") as sim:
        send(sim, dlr_url=application.url)
        assert begun.wait(10)
        sim.control("POST", "clock/freeze")
        sim.control("POST", "clock/advance", {"by": "100ms"})
        go_on.set()
        assert sim.control("GET", "callbacks?state=done&wait=10s").status == 200
        assert seen == ["ACK"]
