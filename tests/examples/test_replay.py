"""What happened is done again from its bundle: byte by byte the same, and without the secrets."""

import contextlib
import gzip
import json
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgsim.cli import main
from msgsim.examples.bundle import BadBundle, read
from msgsim.examples.dry_run import call_of
from msgsim.examples.replay import ReplayOutcome, replay
from msgsim.examples.samples import headers_of
from msgsim.provider import discover
from msgsim.scenarios.library import read as scenario_file
from msgsim.scenarios.library import shipped
from msgsim.testing import Simulator, call

from tests.control.acting import refuse, send
from tests.receiver import Receiver
from tests.scenarios.test_reload import Edited

Lines = list[dict[str, Any]]
CHANCE = "name: c\nrules:\n- when: {chance: 50%}\n  respond: {error: server_error}\n"
PASSWORD = "Tr0ub4dor&3-hush"
BASIC = {"Authorization": f"Basic {b64encode(f'shop:{PASSWORD}'.encode()).decode()}"}


def asked(sim: Simulator, *what: Any, **more: Any) -> None:
    answer = sim.control(*what, **more)
    assert answer.status < 300, answer.body


def bundle_of(sim: Simulator, sandbox: str = "default") -> bytes:
    answer = sim.control("GET", "bundle", headers={"X-Sim-Sandbox": sandbox})
    assert answer.status == 200, answer.body
    return answer.body


def replayed(data: bytes, folder: Path) -> ReplayOutcome:
    file = folder / "bug.msgsim"
    file.write_bytes(data)
    return replay(read(file))


def assert_replays(sim: Simulator, folder: Path, sandbox: str = "default") -> ReplayOutcome:
    outcome = replayed(bundle_of(sim, sandbox), folder)
    assert outcome.difference is None, outcome.difference
    return outcome


def tampered(data: bytes, change: Callable[[Lines], None]) -> bytes:
    lines = [json.loads(line) for line in data.splitlines()]
    change(lines)
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


def messente(sim: Simulator, path: str = "/v1/omnimessage", headers: dict[str, str] = BASIC, **more: Any) -> Any:
    body = {"to": "+37255500001", "messages": [{"channel": "sms", "text": "Hello"}], **more}
    return call(f"{sim.url}{path}", "POST", json=body, headers=headers)


def test_answers_callbacks_and_retries(sim: Simulator, receiver: Receiver, tmp_path: Path) -> None:
    receiver.answer(503, b"later")
    id = send(sim, dlr_url=receiver.url)
    refuse(sim)
    asked(sim, "POST", "clock/advance", {"by": "1h"})
    asked(sim, "POST", f"messages/{id}/status", {"status": "UNDELIV", "err": 9})
    later = send(sim, dlr_url=receiver.url, time_to_send="2026-01-02T00:00")
    asked(sim, "POST", f"messages/{later}/cancel")
    asked(sim, "POST", "callbacks/1/replay")
    asked(sim, "POST", "clock/run-until-idle")
    outcome = assert_replays(sim, tmp_path)
    assert (outcome.requests, outcome.actions) == (3, 5)
    assert outcome.callbacks == len(receiver.posts) > 4


def test_phones_that_write_back(sim: Simulator, receiver: Receiver, tmp_path: Path) -> None:
    asked(sim, "PUT", "settings", {"sinch": {"mo_url": receiver.url}})
    asked(sim, "POST", "inbound", {"provider": "sinch", "from": "5511999990000", "to": "27000", "text": "Oi"})
    answer = call(f"{sim.url}/v1/sms/receive/list", "GET", headers=headers_of(discover()["sinch"]))
    assert answer.status == 200
    assert_replays(sim, tmp_path)


def test_a_clock_that_runs(receiver: Receiver, tmp_path: Path) -> None:
    with Simulator(clock="10000x", seed=3) as sim:
        sim.control(
            "PUT", "scenario", body="name: c\nrules:\n- when: {chance: 50%}\n  respond: {error: server_error}\n"
        )
        for _ in range(12):
            messente(sim, dlr_url=receiver.url)
        asked(sim, "POST", "clock/freeze")
        for _ in range(1000):  # What follows an attempt that was under way is owed once that is recorded.
            asked(sim, "POST", "clock/run-until-idle")
            if not sim.control("GET", "callbacks", query={"state": "pending"}).json["total"]:
                break
        outcome = assert_replays(sim, tmp_path)
    assert outcome.callbacks == len(receiver.posts) > 0


def test_the_password_is_not_in_it_and_signatures_are_not_held_against_it(
    sim: Simulator, receiver: Receiver, tmp_path: Path
) -> None:
    accounts = [{"username": "shop", "password": PASSWORD}]
    asked(sim, "PUT", "settings", {"messente": {"accounts": accounts, "dlr_url": receiver.url}})
    wrong = {"Authorization": f"Basic {b64encode(b'shop:another-password').decode()}"}
    answers = [
        messente(sim).status,
        messente(sim, headers=wrong).status,
        messente(sim, text=f"it is {PASSWORD}").status,
    ]
    assert answers[:2] == [201, 401]
    asked(sim, "POST", "clock/advance", {"by": "1m"})
    data = bundle_of(sim).decode()
    assert PASSWORD not in data
    assert b64encode(f"shop:{PASSWORD}".encode()).decode() not in data
    assert receiver.posts[0].headers["x-messente-signature"] in data
    assert_replays(sim, tmp_path)


def test_tokens_that_were_given_are_given_again(sim: Simulator, tmp_path: Path) -> None:
    given = {"grant_type": "client_credentials", "client_id": "an-app", "client_secret": PASSWORD}
    token = call(f"{sim.url}/v2/token", "POST", json=given).json["access_token"]
    wrong = call(f"{sim.url}/ott/v1/send", "POST", json={}, headers={"Authorization": "Bearer an-app.nothing"})
    sent = call(f"{sim.url}/ott/v1/send", "POST", json={}, headers={"Authorization": f"Bearer {token}"})
    assert (wrong.status, sent.status) == (401, 400)
    assert token not in bundle_of(sim).decode()
    assert_replays(sim, tmp_path)


def test_keys_whose_names_are_the_secrets(sim: Simulator, tmp_path: Path) -> None:
    asked(sim, "PUT", "settings", {"cima360": {"keys": {PASSWORD: ["send_sms"]}}})
    for key in (PASSWORD, "another", "cima360-default"):
        for path in ("sms", "ott"):
            call(f"{sim.url}/{path}/v1/deliver", "POST", json={"campaignName": "c"}, headers={"X-API-KEY": key})
    assert PASSWORD not in bundle_of(sim).decode()
    assert_replays(sim, tmp_path)


@pytest.mark.parametrize("provider", sorted(discover()))
def test_samples_of_each_provider_in_a_sandbox_of_their_own(provider: str, tmp_path: Path) -> None:
    with Simulator(seed=4) as sim:
        asked(sim, "POST", "sandboxes", {"name": "ci-17", "clock": "frozen"})
        headers = {"X-Sim-Sandbox": "ci-17"}
        asked(sim, "POST", "sample", {"provider": provider, "count": 25, "seed": 2}, headers=headers)
        asked(sim, "POST", "clock/run-until-idle", headers=headers)
        assert assert_replays(sim, tmp_path, "ci-17").requests == 25


@pytest.mark.parametrize("name", sorted(shipped()))
def test_each_story_of_the_shipped_scenarios(name: str, tmp_path: Path) -> None:
    providers, document = discover(), scenario_file(name)
    with Simulator(seed=1, scenario=(name,)) as sim:
        for story in document.value.get("expect", []):
            wanted = call_of(story["send"], providers)
            for _ in range(int(story.get("times", 1))):
                with contextlib.suppress(OSError):  # The scenario breaks the connection.
                    call(f"{sim.url}{wanted.path}", wanted.method, body=wanted.body, headers=wanted.headers)
            if "advance" in story:
                asked(sim, "POST", "clock/advance", {"by": story["advance"]})
        asked(sim, "POST", "clock/run-until-idle")
        assert_replays(sim, tmp_path)


def test_scenarios_seeds_and_settings_that_change_meanwhile(sim: Simulator, receiver: Receiver, tmp_path: Path) -> None:
    asked(sim, "PUT", "scenario", {"names": ["viber-falls-back-to-sms"]})
    messente(sim)
    asked(sim, "POST", "seed", {"seed": 99})
    messente(sim)
    rule = "name: mine\nrules:\n- when: {provider: messente}\n  times: 1\n  respond: {error: server_error}\n"
    asked(sim, "PUT", "scenario", {"names": ["mine", "delivered-late"], "texts": {"mine": rule}})
    for _ in range(2):
        messente(sim)
    asked(sim, "PUT", "settings", {"messente": {"dlr_url": f"{receiver.url}?a=1"}})
    messente(sim)
    call(f"{sim.url}/v1/omnimessage", "POST", json={}, headers={**BASIC, "X-Sim-Scenario": "flaky-network"})
    asked(sim, "POST", "clock/run-until-idle")
    assert_replays(sim, tmp_path)


def test_a_file_that_is_saved_meanwhile(tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text("name: rules\nrules: []\n")
    with Simulator(seed=1, scenario=(str(file),)) as sim:
        edited = Edited(sim, file)
        statuses = [messente(sim).status]
        edited.save("name: rules\nrules:\n- when: {provider: messente}\n  respond: {error: server_error}\n")
        statuses += [messente(sim).status, messente(sim, headers={**BASIC, "X-Sim-Scenario": "rules"}).status]
        edited.save("name: rules\nrules: 7\n")
        statuses += [messente(sim).status]
        assert statuses == [201, 500, 500, 500]
        data = bundle_of(sim)
    file.unlink()
    assert replayed(data, tmp_path).difference is None


def test_a_server_that_was_started_again(tmp_path: Path, receiver: Receiver) -> None:
    store = str(tmp_path / "store.db")
    with Simulator(store=store, clock="frozen") as sim:
        messente(sim, dlr_url=receiver.url)
        refuse(sim)
    with Simulator(store=store, clock="frozen", strict=True, scenario=("expired",)) as sim:
        messente(sim, dlr_url=receiver.url, more=1)
        asked(sim, "PUT", "scenario", {"names": []})
        messente(sim)
        asked(sim, "POST", "clock/run-until-idle")
        assert_replays(sim, tmp_path)


@pytest.mark.parametrize("settings", [{"seed": 1}, {}])
def test_after_a_reset(settings: dict[str, Any], tmp_path: Path) -> None:
    """Where no seed was given, ids and the numbers of the journal go on."""
    with Simulator(**settings) as sim:
        messente(sim)
        asked(sim, "POST", "clock/advance", {"by": "1h"})
        asked(sim, "POST", "reset")
        messente(sim)
        asked(sim, "PUT", "scenario", {"names": ["expired"]})
        messente(sim)
        assert assert_replays(sim, tmp_path).requests == 2


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe{",
        b'{"to": "\xe9"}',
        '{"to": "é"}'.encode("utf-16"),
        '{"to": "\ud800"}'.encode("utf-8", "surrogatepass"),
    ],
)
def test_bodies_that_are_no_text(body: bytes, sim: Simulator, tmp_path: Path) -> None:
    for headers in ({**BASIC, "Content-Type": "application/json"}, {"Authorization": "Basic é"}, {}):
        call(f"{sim.url}//v1//omnimessage", "POST", body=body, headers=headers)
    assert_replays(sim, tmp_path)


def test_the_first_difference_is_told(sim: Simulator, receiver: Receiver, tmp_path: Path) -> None:
    messente(sim, dlr_url=receiver.url)
    messente(sim, dlr_url=receiver.url)
    asked(sim, "POST", "clock/run-until-idle")
    data = bundle_of(sim)

    def other_answer(lines: Lines) -> None:
        line = next(line for line in lines if line["kind"] == "exchange" and line["number"] == 2)
        line["answer"] = line["answer"].replace("+37255500001", "+37255500009")

    def other_callback(lines: Lines) -> None:
        line = next(line for line in lines if line["kind"] == "attempt")
        line["body"] = line["body"].replace("ACK", "NAK")

    def other_plan(lines: Lines) -> None:
        next(line for line in lines if line["kind"] == "message")["plan"][-1][2] = "UNDELIV"

    def fewer_callbacks(lines: Lines) -> None:
        lines.remove(next(line for line in lines if line["kind"] == "attempt"))
        lines[-1]["lines"] -= 1

    def seen(change: Callable[[Lines], None]) -> tuple[str, str]:
        difference = replayed(tampered(data, change), tmp_path).difference
        assert difference is not None
        return difference.what.split(",")[0], difference.part

    assert seen(other_answer) == ("request 2", "answer")
    assert seen(other_callback)[1] == "body"
    assert seen(other_plan)[1] == "plan"
    assert seen(fewer_callbacks)[0].startswith("callback 1")


def run(*arguments: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    with pytest.raises(SystemExit) as ended:
        main([*arguments])
    printed = capsys.readouterr()
    assert isinstance(ended.value.code, int)
    return ended.value.code, printed.out + printed.err


def test_on_the_command_line(sim: Simulator, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    messente(sim)
    file = tmp_path / "bug.msgsim"
    code, text = run("export", "--url", sim.url, str(file), capsys=capsys)
    assert (code, f"msgsim replay {file}" in text) == (0, True)
    assert run("replay", str(file), capsys=capsys) == (
        0, "1 request, 0 callback attempts, 0 control actions done again: nothing differs\n")  # fmt: skip
    data = gzip.decompress(file.read_bytes())
    file.write_bytes(data.replace(b'"status":201', b'"status":202'))
    code, text = run("replay", str(file), capsys=capsys)
    assert code == 1
    assert "request 1, POST /v1/omnimessage" in text
    assert ("expected  202" in text, "got       201" in text) == (True, True)
    code, text = run("replay", str(file), "--json", capsys=capsys)
    assert (code, json.loads(text)["difference"]["part"]) == (1, "status")


@pytest.mark.parametrize(
    "data",
    [b"", b"{}\n", b"no json", b"\x1f\x8b\x08 broken", b'{"kind":"bundle","format":99,"version":"9"}\n', b"[1]\n"],
)
def test_a_file_that_is_no_bundle(data: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "bug.msgsim"
    file.write_bytes(data)
    code, text = run("replay", str(file), capsys=capsys)
    assert code == 2
    assert "Traceback" not in text


def test_a_bundle_that_is_cut_off_or_put_together_wrongly(sim: Simulator, tmp_path: Path) -> None:
    messente(sim)
    data = bundle_of(sim)
    lines = data.splitlines(keepends=True)
    for broken in (lines[:-1], lines[:1], lines[:1] + lines[2:], lines[1:], [*lines[:3], lines[2], *lines[3:]]):
        with pytest.raises(BadBundle):
            replayed(b"".join(broken), tmp_path)
    packed = gzip.compress(data)
    with pytest.raises(BadBundle):
        replayed(packed[: len(packed) // 2], tmp_path)


def test_a_journal_whose_beginning_is_gone_has_no_bundle(tmp_path: Path) -> None:
    with Simulator(journal_limit=1) as sim:
        for _ in range(1001):
            asked(sim, "POST", "clock/freeze")
        answer = sim.control("GET", "bundle")
    assert (answer.status, answer.json["title"]) == (409, "The beginning is gone")


def test_chance_follows_from_requests_alone(receiver: Receiver) -> None:
    """Attempts and control actions stand between requests in the journal; they draw nothing."""

    def statuses(quiet: bool) -> list[int]:
        with Simulator(seed=5) as sim:
            asked(sim, "PUT", "scenario", body=CHANCE)
            found = []
            for _ in range(20):
                found.append(messente(sim, dlr_url=receiver.url).status)
                if not quiet:
                    asked(sim, "POST", "clock/advance", {"by": "1m"})
            return found

    assert statuses(quiet=True) == statuses(quiet=False)
