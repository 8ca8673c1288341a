"""Long polls: answered as soon as what was asked for is there, and with the nearest misses when it is not."""

import pytest
from msgsim.testing import Simulator

from tests.conftest import START, Advance, Http
from tests.control.acting import Meanwhile, refuse, send


def test_what_is_there_already_is_not_waited_for(sim: Simulator, control: Http) -> None:
    id = send(sim)
    answer = control("GET", "messages?to=37255500001&wait=60s")
    assert [one["id"] for one in answer.json["messages"]] == [id]


def test_a_message_is_waited_for(sim: Simulator, control: Http) -> None:
    with Meanwhile(lambda: control("GET", "messages?to=%2B37255500002&wait=60s")) as waiting:
        send(sim)
        id = send(sim, "+37255500002")
        assert [one["id"] for one in waiting.result().json["messages"]] == [id]


def test_several_are_waited_for(sim: Simulator, control: Http) -> None:
    with Meanwhile(lambda: control("GET", "messages?count=3&wait=60s")) as waiting:
        ids = [send(sim) for _ in range(3)]
        assert [one["id"] for one in waiting.result().json["messages"]] == ids[::-1]


@pytest.mark.parametrize("status", ["DELIVRD", "delivered"])
def test_a_status_is_waited_for_while_the_clock_is_advanced(
    sim: Simulator, control: Http, advance: Advance, status: str
) -> None:
    id = send(sim)
    with Meanwhile(lambda: control("GET", f"messages?status={status}&wait=60s")) as waiting:
        advance("100ms")
        advance("5s")
        assert [one["id"] for one in waiting.result().json["messages"]] == [id]


def test_a_status_is_waited_for_while_the_clock_runs() -> None:
    """Nothing is written when a status falls due: only the moment on the clock can end the waiting."""
    with Simulator(clock="2x") as sim:
        send(sim)
        sim.control("GET", "messages?wait=1ms")
        id = send(sim, "+37255500002")
        answer = sim.control("GET", "messages?to=37255500002&status=DELIVRD&wait=60s")
        assert [one["id"] for one in answer.json["messages"]] == [id]


def test_a_clock_that_is_set_free_reaches_the_status(sim: Simulator, control: Http) -> None:
    send(sim)
    with Meanwhile(lambda: control("GET", "messages?status=DELIVRD&wait=60s")) as waiting:
        control("POST", "clock/speed", {"rate": 1000})
        assert waiting.result().status == 200


def test_a_forced_status_ends_the_waiting(sim: Simulator, control: Http) -> None:
    id = send(sim)
    with Meanwhile(lambda: control("GET", "messages?status=REJECTD&wait=60s")) as waiting:
        control("POST", f"messages/{id}/status", {"status": "rejected"})
        assert waiting.result().status == 200


def test_a_reset_does_not_end_the_waiting(sim: Simulator, control: Http) -> None:
    with Meanwhile(lambda: control("GET", "messages?to=37255500009&wait=60s")) as waiting:
        control("POST", "reset")
        id = send(sim, "+37255500009")
        assert [one["id"] for one in waiting.result().json["messages"]] == [id]


def test_a_sandbox_that_is_deleted_ends_it(control: Http) -> None:
    control("POST", "sandboxes", {"name": "short-lived"})
    with Meanwhile(lambda: control("GET", "messages?sandbox=short-lived&wait=60s")) as waiting:
        _until_somebody_waits(control)
        control("DELETE", "sandboxes/short-lived")
        assert waiting.result().status == 404


def _until_somebody_waits(control: Http) -> None:
    """A long poll that times out has let every earlier one begin."""
    control("GET", "messages?wait=50ms")


def test_a_server_that_stops_lets_everybody_go() -> None:
    with Simulator() as sim, Meanwhile(lambda: sim.control("GET", "messages?wait=60s")) as waiting:
        _until_somebody_waits(sim.control)
        sim.stop()
        assert waiting.result().status == 408


def test_requests_are_waited_for(sim: Simulator, control: Http) -> None:
    with Meanwhile(lambda: control("GET", "requests?refused=true&wait=60s")) as waiting:
        send(sim)
        refuse(sim)
        (found,) = waiting.result().json["requests"]
        assert (found["status"], found["provider"]) == (400, "messente")


def test_callbacks_are_waited_for(sim: Simulator, control: Http, advance: Advance) -> None:
    id = send(sim, dlr_url=f"{sim.url}/__sim/sink/here")
    with Meanwhile(lambda: control("GET", f"callbacks?message={id}&state=done&count=2&wait=60s")) as waiting:
        advance("5s")
        assert [one["status"] for one in waiting.result().json["callbacks"]] == ["ACK", "DELIVRD"]


# Nothing fits in time


def near(control: Http, path: str) -> list[str]:
    answer = control("GET", path)
    assert (answer.status, answer.headers["content-type"]) == (408, "application/problem+json")
    return [one["text"] for one in answer.json["near"]]


def test_the_nearest_miss_says_what_is_still_to_come(sim: Simulator, control: Http) -> None:
    id = send(sim)
    send(sim, "+37255500002")
    first, second = near(control, "messages?to=37255500001&status=DELIVRD&wait=10ms")
    assert first.startswith(f"message {id} to +37255500001 (messente): its status is queued, and DELIVRD follows at")
    assert first.endswith("in 1 s (the clock is frozen: advance it by 1000ms)")
    assert "it goes to +37255500002" in second


def test_the_nearest_miss_may_have_been_there_before(sim: Simulator, control: Http, advance: Advance) -> None:
    send(sim)
    advance("1m")
    (only,) = near(control, "messages?status=ACK&wait=10ms")
    assert "its status is DELIVRD or delivered, it was that before" in only


def test_the_nearest_miss_may_be_a_refusal(sim: Simulator, control: Http) -> None:
    refuse(sim)
    assert near(control, "messages?wait=10ms") == [
        "request 1, POST /v1/omnimessage, was refused: invalid_data (to), no_messages (messages)"
    ]


def test_an_empty_sandbox_says_so(sim: Simulator, control: Http) -> None:
    for name in ("messages", "requests", "callbacks"):
        (text,) = near(control, f"{name}?wait=10ms")
        assert text.startswith("nothing has asked this server")
    refuse(sim)
    assert near(control, "callbacks?wait=10ms") == ["the sandbox has no callbacks"]


def test_a_callback_that_is_not_due_yet_is_near(sim: Simulator, control: Http) -> None:
    send(sim, dlr_url=f"{sim.url}/__sim/sink/here")
    first, _ = near(control, "callbacks?state=done&wait=10ms")
    assert "it is pending, due in" in first


def test_how_many_there_were_is_told(sim: Simulator, control: Http) -> None:
    send(sim)
    answer = control("GET", "messages?provider=messente&count=2&wait=10ms")
    assert answer.json["detail"] == "1 of 2 messages with provider=messente within 10ms"
    assert answer.json["found"] == 1


@pytest.mark.parametrize(
    "query", ["wait=5", "wait=5s&count=x", "limit=-1", "since=yesterday", "stauts=ACK", "provider=x"]
)
def test_a_mistake_in_the_query_is_told(control: Http, query: str) -> None:
    assert control("GET", f"messages?{query}").status == 400


# Filters and pages


def test_messages_are_filtered(sim: Simulator, control: Http, advance: Advance) -> None:
    first = send(sim)
    advance("1m")
    channels = [{"channel": "viber", "sender": "Shop", "text": "Big SALE today"}]
    second = send(sim, "+37255500002", messages=channels)
    since = "2026-01-01T00:00:30%2B00:00"
    for query, ids in (
        ("status=DELIVRD", [first]),
        ("status=delivered", [first]),
        ("status=queued", [second]),
        ("to=*0001", [first]),
        ("to=/2$/", [second]),
        ("to=%2B37255500002", [second]),
        ("from=Shop", [second]),
        ("channel=viber", [second]),
        ("text=sale", [second]),
        ("text=Big*", [second]),
        ("text=/(?i)big.sale/", [second]),
        (f"since={since}", [second]),
        ("provider=sinch", []),
        ("channel=viber&to=37255500001", []),
        ("", [second, first]),
    ):
        found = control("GET", f"messages?{query}").json
        assert ([one["id"] for one in found["messages"]], found["total"]) == (ids, len(ids)), query


@pytest.mark.parametrize(("what", "query"), [("messages", ""), ("messages", "text=Hello&"), ("requests", "")])
def test_a_list_is_read_page_by_page(sim: Simulator, control: Http, what: str, query: str) -> None:
    for _ in range(7):
        send(sim)
    numbers: list[int] = []
    before = ""
    while True:
        page = control("GET", f"{what}?{query}limit=3{before}").json
        assert page["total"] == 7
        numbers += [one["number"] for one in page[what]]
        if page["next"] is None:
            break
        before = f"&before={page['next']}"
    assert len(numbers) == 7
    assert numbers == sorted(set(numbers), reverse=True)


def test_callbacks_are_read_page_by_page(sim: Simulator, control: Http) -> None:
    send(sim, dlr_url=f"{sim.url}/__sim/sink/here")
    send(sim, dlr_url=f"{sim.url}/__sim/sink/here")
    first = control("GET", "callbacks?limit=3&state=pending").json
    assert ([one["number"] for one in first["callbacks"]], first["total"], first["next"]) == ([1, 2, 3], 4, 3)
    second = control("GET", f"callbacks?limit=3&state=pending&after={first['next']}").json
    assert ([one["number"] for one in second["callbacks"]], second["next"]) == ([4], None)


def test_messages_from_phones_are_read_page_by_page(control: Http) -> None:
    for number in range(3):
        told = {"provider": "messente", "from": f"+372555000{number}", "to": "1", "text": "hi"}
        control("POST", "inbound", told)
    first = control("GET", "inbound?limit=2").json
    assert ([one["number"] for one in first["inbound"]], first["total"], first["next"]) == ([1, 2], 3, 2)
    second = control("GET", f"inbound?limit=2&after={first['next']}").json
    assert ([one["number"] for one in second["inbound"]], second["next"]) == ([3], None)


def test_a_poll_of_a_frozen_sandbox_costs_nothing_while_nothing_happens(control: Http) -> None:
    """Somebody else's traffic wakes nobody up, and neither does a clock that stands still."""
    control("POST", "sandboxes", {"name": "quiet", "clock": f"frozen@{START}"})
    with Meanwhile(lambda: control("GET", "messages?sandbox=quiet&wait=300ms")) as waiting:
        assert waiting.result().status == 408
