"""Many callbacks: filtered by where they go and what they report, newest first, and replayed together."""

from msgsim.model import Json
from msgsim.testing import Simulator

from tests.conftest import Http
from tests.control.acting import send
from tests.receiver import Receiver

GIVES_UP: Json = {"messente": {"retries": []}}


def given_up(sim: Simulator, control: Http, receiver: Receiver, count: int = 3) -> list[str]:
    """Ids of messages whose reports were answered 500, and given up."""
    control("PUT", "settings", GIVES_UP)
    ids = [send(sim, dlr_url=f"{receiver.url}/dlr") for _ in range(count)]
    receiver.answer(500, times=2 * count)
    control("POST", "clock/run-until-idle")
    return ids


def numbers(control: Http, **query: str) -> list[int]:
    return [row["number"] for row in control("GET", "callbacks", query=query).json["callbacks"]]


def states(control: Http) -> list[str]:
    return [row["state"] for row in control("GET", "callbacks").json["callbacks"]]


def test_callbacks_are_filtered_by_host_and_by_what_they_report(
    sim: Simulator, control: Http, receiver: Receiver
) -> None:
    given_up(sim, control, receiver)
    host = receiver.url.removeprefix("http://")
    assert len(numbers(control, host=host)) == 6
    assert numbers(control, host="elsewhere.example.com") == []
    delivered = control("GET", "callbacks", query={"status": "DELIVRD"}).json["callbacks"]
    assert [row["status"] for row in delivered] == ["DELIVRD"] * 3


def test_the_newest_come_first_where_that_is_asked(sim: Simulator, control: Http, receiver: Receiver) -> None:
    given_up(sim, control, receiver)
    first = control("GET", "callbacks", query={"order": "newest", "limit": "4", "total": "false"}).json
    rest = control("GET", "callbacks", query={"order": "newest", "before": str(first["next"])}).json
    assert [row["number"] for row in first["callbacks"]] == [6, 5, 4, 3]
    assert [row["number"] for row in rest["callbacks"]] == [2, 1]
    assert (first["total"], rest["total"]) == (4, 6)


def test_a_callback_that_is_tried_again_is_failing_too(sim: Simulator, control: Http, receiver: Receiver) -> None:
    control("PUT", "settings", {"messente": {"retries": ["1h"]}})
    send(sim, dlr_url=f"{receiver.url}/dlr")
    receiver.answer(500)
    control("POST", "clock/advance", {"by": "1m"})
    found = control("GET", "callbacks", query={"state": "failing"}).json["callbacks"]
    assert [(row["state"], row["reason"]) for row in found] == [("pending", "answered 500")]
    control("POST", "clock/run-until-idle")
    assert numbers(control, state="failing") == []


def test_all_that_fit_are_replayed_together(sim: Simulator, control: Http, receiver: Receiver) -> None:
    given_up(sim, control, receiver)
    assert set(states(control)) == {"failed"}
    again = control("POST", "callbacks/replay", query={"state": "failed", "status": "DELIVRD"}).json
    assert [(row["status"], row["state"]) for row in again["callbacks"]] == [("DELIVRD", "done")] * 3
    assert sorted(states(control)) == ["done"] * 3 + ["failed"] * 3 + ["replayed"] * 3
    again = control("POST", "callbacks/replay", query={"state": "failing"}).json
    assert (again["total"], again["next"]) == (3, None)
    assert control("POST", "callbacks/replay", query={"state": "failing"}).json["callbacks"] == []


def test_a_replay_goes_on_from_its_cursor(sim: Simulator, control: Http, receiver: Receiver) -> None:
    given_up(sim, control, receiver)
    after: int | None = 0
    replayed = 0
    while after is not None:
        page = control("POST", "callbacks/replay", query={"state": "failed", "limit": "4", "after": str(after)}).json
        after, replayed = page["next"], replayed + len(page["callbacks"])
    assert replayed == 6
    assert len(receiver.posts) == 12


def test_a_replayed_callback_says_what_became_of_it(sim: Simulator, control: Http, receiver: Receiver) -> None:
    given_up(sim, control, receiver, 1)
    control("POST", "callbacks/1/replay")
    explained: Json = control("GET", "callbacks/1/explain").json
    assert "replayed as another callback" in explained["prose"]
    assert control("GET", "callbacks/1").json["reason"] == "answered 500"


def test_a_replay_of_what_cannot_be_is_refused(control: Http) -> None:
    assert (
        control("POST", "callbacks/replay", query={"state": "faled"}).json["detail"].endswith("did you mean 'failed'?")
    )
    assert control("GET", "callbacks", query={"total": "maybe"}).status == 400
