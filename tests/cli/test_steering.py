"""What the control API can do, the command line can: sandboxes, scenarios, requests, callbacks, explanations."""

import json
from pathlib import Path

import pytest
from msgsim.client import Client
from msgsim.provider import discover
from msgsim.testing import Answer, Simulator

from tests.cli.conftest import Run
from tests.conftest import Http
from tests.samples import headers

SEND = {"to": "+37255500001", "messages": [{"channel": "sms", "sender": "MyShop", "text": "Hello 🙂"}]}


def omnimessage(http: Http, **more: str) -> Answer:
    return http("POST", "/v1/omnimessage", json={**SEND, **more}, headers=headers(discover()["messente"], "default"))


@pytest.fixture
def send(http: Http) -> str:
    """A message; its id."""
    answer = omnimessage(http)
    assert answer.status == 201
    return str(answer.json["messages"][0]["message_id"])


def test_a_sandbox_is_made_listed_used_and_taken_away(msgsim: Run, sim: Simulator) -> None:
    made = msgsim("sandboxes", "create", "ci-17", "--clock", "frozen", "--seed", "7")
    assert made.returncode == 0, made.stderr
    assert made.stdout.startswith("sandbox ci-17, seed 7, frozen\n")
    assert f"  MSGSIM_URL={sim.url}\n" in made.stdout
    assert "  MESSENTE_USERNAME=ci-17\n" in made.stdout
    assert [line.split()[0] for line in msgsim("sandboxes").stdout.splitlines()] == ["default", "ci-17"]
    assert msgsim("messages", "--sandbox", "ci-17").returncode == 0
    assert msgsim("sandboxes", "delete", "ci-17").stdout == "sandbox ci-17 is gone\n"
    gone = msgsim("sandboxes", "delete", "ci-17")
    assert (gone.returncode, gone.stdout) == (1, "")
    assert "ci-17" in gone.stderr


def test_a_scenario_is_chosen_shown_and_let_go(msgsim: Run, http: Http, tmp_path: Path) -> None:
    used = msgsim("scenario", "use", "viber-falls-back-to-sms")
    assert used.stdout.splitlines()[0] == "scenario  viber-falls-back-to-sms"
    rules = used.stdout.splitlines()[1:]
    assert rules
    assert all("scenarios/viber-falls-back-to-sms.yaml:" in line for line in rules)
    file = tmp_path / "mine.yaml"
    file.write_text("name: mine\nrules: [{when: {provider: messente}, respond: {error: server_error}}]\n")
    assert "decided 0x" in msgsim("scenario", "use", str(file)).stdout
    assert omnimessage(http).status == 500
    assert "decided 1x" in msgsim("scenario").stdout
    assert msgsim("scenario", "use").stdout == "scenario  none: every message is delivered\n"
    assert omnimessage(http).status == 201


def test_choosing_answers_with_what_was_chosen(msgsim: Run, sim: Simulator) -> None:
    chosen = json.loads(msgsim("scenario", "use", "viber-falls-back-to-sms", "--json").stdout)
    assert [rule["chosen"] for rule in chosen["rules"]] == [True] * len(chosen["rules"])
    with Client(sim.url) as client:
        assert len(client.scenario()["rules"]) > len(chosen["rules"])


def test_requests_are_listed_and_one_is_shown_with_its_reason(msgsim: Run, http: Http, send: str) -> None:
    assert omnimessage(http, to="12").status == 400
    listed = msgsim("requests").stdout.splitlines()
    assert [line.split()[3] for line in listed] == ["400", "201"]
    refused = msgsim("requests", "--refused").stdout.split()
    assert refused[-1] == "invalid_data"
    shown = msgsim("requests", refused[0])
    assert "body\n" in shown.stdout
    assert '"to":"12"' in shown.stdout
    assert "Refused with invalid_data at to" in shown.stdout
    assert msgsim("requests", "999").returncode == 1


def test_a_message_shows_its_life_as_explain_does(msgsim: Run, send: str) -> None:
    explained = msgsim("explain", "message", send)
    assert explained.stdout.startswith("Message ")
    assert msgsim("messages", send).stdout.endswith(explained.stdout)


def test_callbacks_are_listed_shown_and_posted_again(msgsim: Run, http: Http, sim: Simulator) -> None:
    with Client(sim.url) as client:
        sink = client.sink("reports")
        assert omnimessage(http, dlr_url=sink.url).status == 201
        client.clock.run_until_idle()
        before = len(sink.posts())
    listed = msgsim("callbacks").stdout.splitlines()
    number = listed[0].split()[0]
    assert "done" in listed[0]
    assert "attempt" in msgsim("callbacks", "show", number).stdout
    assert "done" in msgsim("callbacks", "replay", number).stdout
    sinks = msgsim("sinks").stdout
    assert f"{before + 1} posts" in sinks
    assert "/__sim/sink/reports?" in sinks
    assert len(msgsim("sinks", "reports").stdout.splitlines()) == before + 2


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("callbacks", "--state", "failed"), "msgsim: no callbacks"),
        (("messages",), "msgsim: no messages"),
        (("requests",), "msgsim: no requests"),
        (("inbound",), "msgsim: no messages from phones"),
        (("sinks",), "msgsim: no sinks"),
    ],
)
def test_an_empty_list_says_so_beside_the_output(msgsim: Run, command: tuple[str, ...], said: str) -> None:
    empty = msgsim(*command)
    assert (empty.returncode, empty.stdout) == (0, "")
    assert empty.stderr.strip() == said
    assert json.loads(msgsim(*command, "--json").stdout) == []


def test_a_phone_writes(msgsim: Run) -> None:
    wrote = msgsim("inbound", "sinch", "--from", "5511999998888", "--to", "27000", "--text", "STOP")
    assert wrote.returncode == 0, wrote.stderr
    assert "no callback: the settings name no URL for it" in wrote.stdout
    assert msgsim("inbound").stdout.split()[1:][-1] == "STOP"
    missing = msgsim("inbound", "sinch", "--from", "5511999998888")
    assert missing.returncode == 64
    assert "--to, --text is missing" in missing.stderr


@pytest.mark.parametrize("encoding", ["cp1252", "utf-8"])
def test_what_an_output_cannot_show_is_replaced_and_never_lost(msgsim: Run, send: str, encoding: str) -> None:
    shown = msgsim("messages", PYTHONIOENCODING=encoding)
    assert shown.returncode == 0
    assert ("🙂" if encoding == "utf-8" else "\\U0001f642") in shown.stdout
    assert (
        json.loads(msgsim("messages", "--json", PYTHONIOENCODING=encoding).stdout)[0]["channels"][0]["text"]
        == "Hello 🙂"
    )


def test_a_command_that_is_misspelled_is_suggested(msgsim: Run) -> None:
    done = msgsim("serv")
    assert (done.returncode, "there is no command 'serv'; did you mean 'serve'?" in done.stderr) == (64, True)


def test_a_token_is_given_by_flag_or_variable_and_its_lack_is_told(msgsim: Run) -> None:
    with Simulator(host="0.0.0.0", token="s3cret") as guarded:
        url = f"http://127.0.0.1:{guarded.port}"
        without = msgsim("messages", MSGSIM_URL=url)
        assert without.returncode == 1
        assert without.stderr == (
            "msgsim: this server wants its token, which it printed at start: set MSGSIM_TOKEN, or give --token\n"
        )
        wrong = msgsim("messages", "--token", "wrong", MSGSIM_URL=url)
        assert (wrong.returncode, wrong.stderr.partition(",")[0]) == (1, "msgsim: the token is not that of this server")
        assert msgsim("messages", "--token", "s3cret", MSGSIM_URL=url).returncode == 0
        assert msgsim("messages", MSGSIM_URL=url, MSGSIM_TOKEN="s3cret").returncode == 0


@pytest.mark.parametrize(
    ("command", "filter", "nearest"),
    [
        ("messages", ("--status", "deliverd"), "delivered"),
        ("messages", ("--status", "DELIVERD"), "DELIVERED"),
        ("messages", ("--channel", "vibre"), "viber"),
        ("messages", ("--provider", "mesente"), "messente"),
        ("requests", ("--endpoint", "send-ot"), "send-ott"),
        ("callbacks", ("--state", "pendign"), "pending"),
        ("wait", ("--status", "deliverd"), "delivered"),
    ],
)
def test_a_filter_that_fits_nothing_there_is_is_a_mistake(
    msgsim: Run, command: str, filter: tuple[str, str], nearest: str
) -> None:
    done = msgsim(command, *filter)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"did you mean {nearest!r}?" in done.stderr


def test_samples_take_turns_among_providers(msgsim: Run) -> None:
    sent = json.loads(msgsim("send", "--count", "5", "--json").stdout)
    assert [sample["provider"] for sample in sent] == ["cima360", "messente", "salesforce", "sinch", "cima360"]
