"""Reports as a receiver sees them: signed, in order, tried again, and never sent where they must not go."""

import hashlib
import hmac
from typing import Any

import pytest
from msgsim.provider import discover
from msgsim.testing import Simulator, call

from tests.conftest import START, Advance, Http
from tests.receiver import Receiver
from tests.samples import headers

AUTH = headers(discover()["messente"])
VIBER, SMS = {"channel": "viber", "text": "x"}, {"channel": "sms", "text": "x"}


def send(http: Http, url: str, *messages: Any, to: str = "+37255000001") -> str:
    body = {"to": to, "dlr_url": url, "messages": messages or [SMS]}
    id: str = http("POST", "/v1/omnimessage", json=body, headers=AUTH).json["omnimessage_id"]
    return id


def test_one_signed_post_per_status_in_the_documented_shape(http: Http, advance: Advance, receiver: Receiver) -> None:
    id = send(http, f"{receiver.url}/dlr")
    advance("1m")
    assert [post.json["status"] for post in receiver.posts] == ["ACK", "DELIVRD"]
    first = receiver.posts[0]
    assert (first.method, first.path, first.headers["content-type"]) == ("POST", "/dlr", "application/json")
    assert list(first.json) == [
        "status", "sender", "err", "message_id", "to", "channel", "error", "omnimessage_id", "timestamp", "price_info"
    ]  # fmt: skip
    assert first.json["omnimessage_id"] == id
    signature = hmac.new(b"default-password", first.body, hashlib.sha256).hexdigest()
    assert first.headers["x-messente-signature"] == signature


def test_viber_fails_and_sms_takes_over(sim: Simulator, http: Http, advance: Advance, receiver: Receiver) -> None:
    sim.control("PUT", "scenario", body=FALLBACK)
    send(http, receiver.url, VIBER, SMS)
    advance("1m")
    assert [(post.json["channel"], post.json["status"]) for post in receiver.posts] == [
        ("viber", "ACK"), ("viber", "UNDELIV"), ("sms", "ACK"), ("sms", "DELIVRD")
    ]  # fmt: skip


FALLBACK = """
name: fallback
rules:
  - when: {provider: messente, channel: viber}
    deliver: [{after: 200ms, status: ACK}, {after: 2s, status: UNDELIV}]
"""


@pytest.mark.parametrize("status", [200, 204, 302, 399])
def test_anything_from_200_to_399_is_success(
    http: Http, advance: Advance, receiver: Receiver, control: Http, status: int
) -> None:
    receiver.answer(status, headers={"Location": "/elsewhere"}, times=2)
    send(http, receiver.url)
    advance("1h")
    assert [one["state"] for one in control("GET", "callbacks").json["callbacks"]] == ["done", "done"]
    assert len(receiver.posts) == 2


RETRYING = "name: retrying\nrules: [{callbacks: [retry]}]"


def test_a_failed_report_is_tried_again_and_carries_its_own_status(
    http: Http, advance: Advance, receiver: Receiver, control: Http
) -> None:
    control("PUT", "scenario", body=RETRYING)
    receiver.answer(500, b"no", times=2)
    send(http, receiver.url)
    advance("1h")
    assert [post.json["status"] for post in receiver.posts] == ["ACK", "ACK", "ACK", "DELIVRD"]
    first, _ = control("GET", "callbacks").json["callbacks"]
    assert [(attempt["at"][11:], attempt["answered"]) for attempt in first["attempts"]] == [
        ("00:00:00.200Z", 500), ("00:00:01.200Z", 500), ("00:00:06.200Z", 200)
    ]  # fmt: skip
    assert first["attempts"][0]["answer"] == "no"


def test_when_all_tries_are_used_up_the_next_status_is_still_reported(
    http: Http, advance: Advance, receiver: Receiver, control: Http
) -> None:
    control("PUT", "scenario", body=RETRYING)
    receiver.answer(503, times=4)
    send(http, receiver.url)
    advance("1h")
    assert [post.json["status"] for post in receiver.posts] == ["ACK"] * 4 + ["DELIVRD"]
    assert [one["state"] for one in control("GET", "callbacks").json["callbacks"]] == ["failed", "done"]


def test_a_running_clock_posts_by_itself(receiver: Receiver) -> None:
    with Simulator(clock="100x") as sim:
        send(lambda method, path, **more: call(f"{sim.url}{path}", method, **more), receiver.url)
        assert [post.json["status"] for post in receiver.wait(2)] == ["ACK", "DELIVRD"]


def test_a_cancelled_message_reports_nothing(http: Http, advance: Advance, receiver: Receiver) -> None:
    body = {"to": "+37255000001", "dlr_url": receiver.url, "messages": [SMS], "time_to_send": "2026-01-01T09:00"}
    id = http("POST", "/v1/omnimessage", json=body, headers=AUTH).json["omnimessage_id"]
    http("DELETE", f"/v1/omnimessage/{id}", headers=AUTH)
    advance("1d")
    assert receiver.posts == []


def test_a_forced_status_cuts_the_plan_and_is_reported(
    http: Http, advance: Advance, receiver: Receiver, control: Http
) -> None:
    id = send(http, receiver.url)
    advance("500ms")
    assert control("POST", f"messages/{id}/status", {"status": "failed", "err": 3}).json["state"] == "failed"
    advance("1h")
    assert [(post.json["status"], post.json["err"]) for post in receiver.posts] == [("ACK", 0), ("FAILED", 3)]


def test_an_inbound_message_is_pushed_and_signed_with_the_shared_secret(receiver: Receiver) -> None:
    with Simulator(clock=f"frozen@{START}", providers={"messente": {"inbound_url": f"{receiver.url}/mo"}}) as sim:
        asked = {"provider": "messente", "from": "+44000000000", "to": "1234", "text": "STOP"}
        sim.control("POST", "inbound", asked)
        sim.control("POST", "clock/advance", {"by": "1s"})
        (post,) = receiver.posts
        assert (post.path, post.json["text"], post.json["recipient"]) == ("/mo", "STOP", "1234")
        signature = hmac.new(b"inbound-secret", post.body, hashlib.sha256).hexdigest()
        assert post.headers["x-messente-signature"] == signature


def test_an_inbound_number_has_a_url_and_a_secret_of_its_own(receiver: Receiver) -> None:
    settings = {
        "inbound_url": f"{receiver.url}/any",
        "inbound_numbers": {
            "+37256789012": {"url": f"{receiver.url}/own", "secret": "own-secret"},
            "1234": {"url": f"{receiver.url}/short"},
        },
    }
    with Simulator(clock=f"frozen@{START}", providers={"messente": settings}) as sim:
        for to in ("+37256789012", "1234", "+37256789013"):
            sim.control("POST", "inbound", {"provider": "messente", "from": "+44000000000", "to": to, "text": to})
        sim.control("POST", "clock/advance", {"by": "1s"})
        posts = {post.json["text"]: post for post in receiver.wait(3)}
        signed = {
            to: (post.path, post.headers["x-messente-signature"])
            for to, post in posts.items()
        }  # fmt: skip
        assert signed == {
            to: (path, hmac.new(secret, posts[to].body, hashlib.sha256).hexdigest())
            for to, path, secret in (
                ("+37256789012", "/own", b"own-secret"),
                ("1234", "/short", b"inbound-secret"),
                ("+37256789013", "/any", b"inbound-secret"),
            )
        }
        shown = sim.control("GET", "settings").json["messente"]["inbound_numbers"]
        assert shown["+37256789012"]["secret"] == "***"


def test_a_slow_receiver_delays_nobody_else(receiver: Receiver) -> None:
    """The slow one takes all connections it may have, and keeps them."""
    with Receiver() as slow, Simulator(clock="100x", callback_connections_per_host=2) as sim:
        slow.hold = True

        def request(method: str, path: str, **more: Any) -> Any:
            return call(f"{sim.url}{path}", method, **more)

        for _ in range(6):
            send(request, slow.url)
        send(request, receiver.url)
        assert [post.json["status"] for post in receiver.wait(2)] == ["ACK", "DELIVRD"]
        slow.release()


def test_a_host_that_is_not_allowed_is_recorded_with_the_reason(http: Http, advance: Advance, control: Http) -> None:
    send(http, "http://198.51.100.7/dlr")
    advance("1h")
    first, _ = control("GET", "callbacks").json["callbacks"]
    assert (first["state"], len(first["attempts"])) == ("refused", 1)
    assert "--callback-host 198.51.100.7" in first["reason"]
