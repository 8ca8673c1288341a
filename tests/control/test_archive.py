"""The journal as an HTTP archive: it is HAR 1.2, and has what the importers of browsers read."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft6Validator, FormatChecker
from msgsim.testing import Simulator, call

from tests.conftest import START, Advance, Http
from tests.control.acting import BASIC, refuse, send
from tests.receiver import Receiver

HAR = Draft6Validator(
    json.loads(Path(__file__).with_name("har-1.2.json").read_text()), format_checker=FormatChecker(["date-time"])
)
TIMINGS = ("blocked", "dns", "connect", "ssl", "send", "wait", "receive")
"""All that Firefox adds up."""


def archive(control: Http) -> dict[str, Any]:
    """That of the sandbox; it is checked."""
    found = control("GET", "journal.har").json
    assert [f"{error.json_path}: {error.message}" for error in HAR.iter_errors(found)] == []
    log: dict[str, Any] = found["log"]
    (page,) = log["pages"]
    for entry in log["entries"]:
        assert entry["pageref"] == page["id"]
        assert entry["timings"].keys() == set(TIMINGS)
        assert entry["time"] == sum(time for time in entry["timings"].values() if time != -1)
        parts = urlsplit(entry["request"]["url"])
        assert parts.scheme in ("http", "https")
        assert parts.hostname
        asked = [(pair["name"], pair["value"]) for pair in entry["request"]["queryString"]]
        assert asked == parse_qsl(parts.query, keep_blank_values=True)
    return log


def test_an_archive_of_nothing_is_one(control: Http) -> None:
    log = archive(control)
    assert (log["entries"], log["pages"][0]["id"], log["pages"][0]["startedDateTime"]) == (
        [],
        "default",
        f"{START[:-1]}.000Z",
    )


def test_requests_refusals_and_callbacks_are_entries_of_one_page(
    sim: Simulator, control: Http, advance: Advance, receiver: Receiver
) -> None:
    advance("1h")
    receiver.answer(503, b"later")
    send(sim, dlr_url=receiver.url)
    refuse(sim)
    advance("500ms")
    log = archive(control)
    sent, refused, attempt = log["entries"]
    assert log["pages"][0]["startedDateTime"] == sent["startedDateTime"] == "2026-01-01T01:00:00.000Z"
    assert sent["response"]["content"]["mimeType"] == "application/json"
    assert "refused: " in refused["comment"]
    assert attempt["response"]["content"] == {"size": 5, "mimeType": "text/plain", "text": "later"}
    assert "_error" not in attempt["response"]


def test_what_never_came_is_an_error_and_no_answer(sim: Simulator, control: Http, advance: Advance) -> None:
    send(sim, dlr_url="http://127.0.0.1:1/")
    advance("500ms")
    response = archive(control)["entries"][1]["response"]
    assert (response["status"], response["content"]["mimeType"]) == (0, "x-unknown")
    assert response["_error"]


PARTS = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x2FF, exclude_characters="/"), min_size=1, max_size=12)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(PARTS, st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters="#"), max_size=20))
def test_any_address_is_one_again(sim: Simulator, control: Http, part: str, query: str) -> None:
    sent = quote(part, safe="")
    call(f"{sim.url}/v1/omnimessage/{sent}/status?{query}", "GET", headers=BASIC)
    url = urlsplit(archive(control)["entries"][-1]["request"]["url"])
    assert unquote(url.path) == f"/v1/omnimessage/{part}/status"
    assert url.fragment == ""


def test_the_archive_of_a_sandbox_is_its_own(sim: Simulator, control: Http) -> None:
    control("POST", "sandboxes", {"name": "ci"})
    refuse(sim, "ci")

    def of_ci(method: str, path: str) -> Any:
        return control(method, path, headers={"X-Sim-Sandbox": "ci"})

    log = archive(of_ci)
    assert (log["pages"][0]["title"], len(log["entries"])) == ("messaging-simulator, sandbox ci", 1)
