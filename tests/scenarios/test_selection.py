"""Which scenario decides: flags in order, the control API, a header on one request."""

from pathlib import Path

import pytest
from msgsim.scenarios.yaml import BadFile
from msgsim.testing import Answer, Simulator, call

from tests.conftest import START, Http
from tests.scenarios.conftest import MESSENTE, Send, omnimessage


def send(sim: Simulator, to: str = "+37255500001", **headers: str) -> Answer:
    more = {name.replace("_", "-"): value for name, value in headers.items()}
    return call(f"{sim.url}/v1/omnimessage", "POST", omnimessage(to), headers={**MESSENTE, **more})


def test_files_are_tried_in_the_order_of_the_flags(tmp_path: Path) -> None:
    first, second = tmp_path / "first.yaml", tmp_path / "second.yaml"
    first.write_text('name: first\nrules: [{when: {to: "+37255500001"}, respond: {error: forbidden}}]')
    second.write_text("name: second\nrules: [{respond: {error: server_error}}]")
    for files, answers in (((first, second), (403, 500)), ((second, first), (500, 500))):
        with Simulator(clock=f"frozen@{START}", scenario=tuple(map(str, files))) as sim:
            assert (send(sim).status, send(sim, "+37255500002").status) == answers
            assert sim.control("GET", "health").json["scenario"] == [file.stem for file in files]


def test_a_broken_file_stops_the_start_with_all_its_mistakes(tmp_path: Path) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text("name: broken\nrules:\n  - {respond: {error: forbiden}}\n  - {deliver: [], times: 0}\n")
    with pytest.raises(BadFile) as wrong:
        Simulator(scenario=(str(broken), "maintenence"))
    assert "maintenence:1:1: no such file, and no scenario of that name ships; did you mean 'maintenance'?" in str(
        wrong.value
    )


def test_a_request_names_its_own_scenario(sim: Simulator, http: Http, control: Http) -> None:
    assert send(sim, X_Sim_Scenario="maintenance").status == 503
    assert send(sim).status == 201
    control("POST", "clock/advance", {"by": "10m"})
    assert send(sim, X_Sim_Scenario="maintenance").status == 201, "its time began with the first request"
    assert [send(sim, X_Sim_Scenario="rate-limit-then-recovery").status for _ in range(4)] == [429, 429, 429, 201]


def test_a_file_of_the_server_can_be_named_too(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("name: mine\nrules: [{respond: {error: forbidden}}]")
    with Simulator(scenario=(str(file),)) as sim:
        sim.control("PUT", "scenario", {"names": ["delivered"]})
        assert send(sim).status == 201
        assert send(sim, X_Sim_Scenario="mine").status == 403


@pytest.mark.parametrize("name", ["maintenence", "/etc/passwd", "../scenarios/maintenance.yaml", "", "a\tb"])
def test_an_unknown_scenario_is_told_in_our_voice(sim: Simulator, control: Http, name: str) -> None:
    answer = send(sim, X_Sim_Scenario=name)
    assert answer.status == 404
    assert answer.headers["x-sim-error"] == "Not found by the simulator"
    assert answer.json["detail"].startswith("X-Sim-Scenario: ")
    assert ("did you mean 'maintenance'?" in answer.json["detail"]) is (name == "maintenence")
    assert control("GET", "messages").json["total"] == 0


def test_a_request_names_its_own_outcome(sim: Simulator, send: Send, control: Http) -> None:
    assert send(headers={"X-Sim-Outcome": "too_many_requests"}).status == 429
    for outcome, status in (("failed", "FAILED"), ("UNDELIV", "UNDELIV"), ("delivered", "DELIVRD")):
        id = send(headers={"X-Sim-Outcome": outcome}).json["omnimessage_id"]
        control("POST", "clock/advance", {"by": "1m"})
        assert control("GET", f"messages/{id}").json["channels"][0]["status"] == status


def test_an_outcome_holds_for_the_channels_that_have_it(send: Send, control: Http) -> None:
    id = send(channels=("sms", "viber"), headers={"X-Sim-Outcome": "SEEN"}).json["omnimessage_id"]
    control("POST", "clock/advance", {"by": "1m"})
    assert control("GET", f"messages/{id}").json["channels"][0]["status"] == "DELIVRD"
    answer = send(headers={"X-Sim-Outcome": "SEEN"})
    assert (answer.status, answer.json["detail"]) == (404, "X-Sim-Outcome: SEEN does not exist on sms")


def test_an_unknown_outcome_is_told_in_our_voice(sim: Simulator, http: Http, send: Send) -> None:
    answer = send(headers={"X-Sim-Outcome": "forbiden"})
    assert answer.status == 404
    assert "did you mean 'forbidden'?" in answer.json["detail"]
    asked = http("GET", "/v1/omnimessage/x/status", headers={**MESSENTE, "X-Sim-Outcome": "DELIVRD"})
    assert asked.status == 404
    assert "takes none on" in asked.json["detail"]
    refused = http("GET", "/v1/omnimessage/x/status", headers={**MESSENTE, "X-Sim-Outcome": "server_error"})
    assert refused.status == 500


def test_the_scenario_of_a_sandbox_is_its_own(sim: Simulator, control: Http) -> None:
    control("POST", "sandboxes", {"name": "other"})
    control("PUT", "scenario", {"names": ["maintenance"]}, headers={"X-Sim-Sandbox": "other"})
    assert send(sim).status == 201
    assert send(sim, X_Sim_Sandbox="other").status == 503


def test_everything_accepted_keeps_its_plan_when_the_scenario_changes(sim: Simulator, control: Http) -> None:
    control("PUT", "scenario", {"names": ["delivered-late"]})
    id = send(sim).json["omnimessage_id"]
    control("PUT", "scenario", {"names": ["delivered"]})
    control("POST", "clock/advance", {"by": "1h"})
    assert control("GET", f"messages/{id}").json["channels"][0]["status"] == "ACK"
