"""The table of clients: what failed is shown, and no sample or script is forgotten. Clients run elsewhere."""

from collections import Counter
from pathlib import Path

import msgspec

from conformance import table
from conformance.catalogue import Documented, providers
from conformance.client import Absent, Check, Client, Report
from conformance.families import FAMILIES
from conformance.install import HERE
from conformance.samples import BARE, LANGUAGES, SAMPLES, Language
from conformance.samples import run as run_samples

CLIENT = Client("messente", "messente-api", "2.7.0", "Python", "messente.py", "option `host`")
GOOD = Report(
    CLIENT,
    "Python 3.11",
    (Check("send"), Check("report")),
    answered=Counter({("POST", "/v1/omnimessage", 201): 1, ("GET", "/v1/omnimessage/1/status", 404): 1}),
    errors=frozenset({"message_not_found"}),
)
BAD = Report(CLIENT, "", (Check("send"), Check("report", "got 1 instead of 2")), failure="exit code 1: KeyError: 'to'")
ERROR = Documented("message_not_found", 404, "101", "Message | not found", "seed", "request", "")


def page(*reports: Report, error: Documented = ERROR) -> list[str]:
    """The lines of the page of Messente alone."""
    tried = {"messente": [error]}
    absent = [Absent("messente", "SDK for Ruby", "Ruby", "only on RubyGems")]
    return table.page(
        "2026-01-01", "versions", {"messente": providers()["messente"]}, reports, absent, tried
    ).splitlines()


def test_a_client_that_passes_is_counted_and_named_by_number_where_it_was() -> None:
    lines = page(GOOD)
    assert "| 1 | messente | messente-api | 2.7.0 | Python 3.11 | 2 of 2 | option `host` |" in lines
    assert "| `POST /v1/omnimessage` | send | 201 | 1 |" in lines
    assert "| `GET /v1/omnimessage/{id}/status` | status | 404 | 1 |" in lines
    assert "| `DELETE /v1/omnimessage/{id}` | cancel | – | – |" in lines
    assert "| `message_not_found` | 404 | 101 | Message \\| not found | seed | request | 1 |" in lines
    assert "## Failing" not in lines


def test_a_client_that_fails_is_shown_with_every_reason() -> None:
    lines = page(GOOD, BAD)
    assert "| 2 | messente | messente-api | 2.7.0 | Python | 1 of 2 **fails** | option `host` |" in lines
    failing = lines[lines.index("## Failing") :]
    name = "- messente-api 2.7.0 (messente, Python)"
    assert f"{name}: report: got 1 instead of 2" in failing
    assert f"{name}: exit code 1: KeyError: 'to'" in failing
    summary = next(line for line in lines if line.startswith("**"))
    assert summary.startswith("**1 of 2 clients pass, 3 of 4 checks. Of 1 documented errors 1 are brought about by")


def test_a_runner_that_checks_nothing_fails() -> None:
    assert Report(CLIENT, "Python 3.11").failed == ["its runner made no check"]


def test_an_example_that_brings_about_something_else_fails() -> None:
    lines = page(GOOD, error=msgspec.structs.replace(ERROR, failure="was answered 429"))
    assert "- messente, example of `message_not_found`: was answered 429" in lines
    assert any("| **was answered 429** |" in line for line in lines)


def test_what_is_left_out_says_why() -> None:
    assert "| – | messente | SDK for Ruby |  | Ruby | left out | only on RubyGems |" in page()


def test_a_language_that_is_missing_is_left_out() -> None:
    language = Language("COBOL", ".py", "no-such-cobol", lambda file: ["no-such-cobol", str(file)])
    left_out = Absent("sinch", "2 samples of the documents", "COBOL", "no-such-cobol not on this machine")
    assert run_samples("sinch", language) == left_out


def test_every_sample_is_run() -> None:
    for provider, samples in SAMPLES.items():
        files = {path.name for path in (HERE / "samples" / provider).iterdir()}
        assert {sample.file for sample in samples} == files
        assert {Path(file).suffix for file in files} <= {language.ending for language in LANGUAGES} | BARE.keys()


def test_every_client_has_its_script() -> None:
    clients = [client for family in FAMILIES for client in family.CLIENTS]
    assert {client.script for client in clients} <= {path.name for path in (HERE / "clients").iterdir()}
    assert {client.provider for client in clients} <= providers().keys()
