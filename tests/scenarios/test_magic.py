"""Each documented error and outcome, brought about by the very curl that ``msgsim errors`` prints."""

from collections.abc import Iterator
from typing import Any

import pytest
from msgsim.cli.errors import entries
from msgsim.clock import instant
from msgsim.contract import Status
from msgsim.examples.catalogue import by_recipient, neutrals, of_neutral
from msgsim.examples.request import Example
from msgsim.provider import Provider, discover
from msgsim.scenarios.reserved import magic_id, magic_recipients, terms_of
from msgsim.testing import Answer, Simulator, call

from tests.conftest import START
from tests.shell import by_curl, needs_curl

PROVIDERS = discover()
ROOT = "http://127.0.0.1:8080"
LISTED = [(provider, entry) for provider in PROVIDERS.values() for entry in entries(provider, ROOT)]
ERRORS = [(provider, error) for provider in PROVIDERS.values() for error in provider.contract.errors.values()]
REACHED = [(provider, status) for provider in PROVIDERS.values() for status in provider.contract.statuses.values()]


def of(value: Any) -> str:
    if isinstance(value, dict):
        return f"{value['kind']}-{value['key']}"
    return str(getattr(value, "key", None) or getattr(value, "word", None) or value.name)


@pytest.fixture(scope="module")
def shared() -> Iterator[Simulator]:
    """One simulator for all of them: what one brings about does not touch the next."""
    with Simulator(clock=f"frozen@{START}", seed=1, journal_limit=10) as simulator:
        yield simulator


def ask(example: Example, sim: Simulator) -> Answer:
    given: dict[str, Any] = {"headers": example.headers, "query": example.query or None}
    return call(f"{sim.url}{example.path}", example.method, body=example.body, **given)


def refusals(sim: Simulator, answer: Answer) -> list[str]:
    number = answer.headers["x-sim-exchange"]
    return [one["key"] for one in sim.control("GET", f"requests/{number}").json["refusals"]]


def states(sim: Simulator) -> list[str]:
    """The statuses of the newest message within an hour, in time."""
    newest = sim.control("GET", "messages", query={"limit": "1"}).json["messages"][0]
    plan = sim.control("GET", f"messages/{newest['id']}").json["plan"]
    return [step["status"] for step in plan if instant(step["at"]) < instant(newest["accepted"]) + 3_600_000]


@needs_curl
@pytest.mark.parametrize(("provider", "entry"), LISTED, ids=of)
def test_a_curl_brings_about_what_it_is_listed_for(
    shared: Simulator, provider: Provider, entry: dict[str, Any]
) -> None:
    shared.control("POST", "clock/advance", {"by": "1m"})  # past any limit of requests
    answer = by_curl(entry["curl"].replace(ROOT, shared.url))
    if entry["kind"] == "error":
        assert answer.status == entry["status"], answer.body
        assert entry["key"] in refusals(shared, answer)
    else:
        assert answer.status in (200, 201, 202), answer.body
        if entry["kind"] == "status":
            assert entry["key"] in states(shared)
        else:
            _ends(provider, entry["key"], states(shared))


def _ends(provider: Provider, neutral: str, seen: list[str]) -> None:
    """Whether a message ends as a neutral outcome says; what a provider does not know it says in its nearest word."""
    contract = provider.contract
    kinds = [contract.statuses[word].kind for word in seen]
    assert not seen if neutral == "queued" else seen
    if neutral in ("sent", "failed", "rejected", "expired"):
        assert seen[-1] in {contract.words[name] for name in contract.words if name.rpartition(".")[2] == neutral}
    elif neutral in ("delivered", "delayed"):
        assert kinds[-1] == "delivered"
    elif neutral == "seen":
        assert kinds[-1] in ("seen", "delivered")


@pytest.mark.parametrize(("provider", "error"), [pair for pair in ERRORS if pair[1].magic is not None], ids=of)
def test_the_reserved_recipient_of_an_error_answers_with_it(shared: Simulator, provider: Provider, error: Any) -> None:
    answer = ask(by_recipient(provider, error.key, error.magic), shared)
    if answer.status >= 300:
        assert answer.status == error.status
    assert refusals(shared, answer) == [error.key]


@pytest.mark.parametrize(("provider", "status"), [pair for pair in REACHED if pair[1].magic is not None], ids=of)
def test_the_reserved_recipient_of_a_status_reaches_it(shared: Simulator, provider: Provider, status: Status) -> None:
    assert status.magic is not None
    answer = ask(by_recipient(provider, status.word, status.magic, status.channels), shared)
    assert answer.status in (200, 201, 202), answer.body
    assert status.word in states(shared)


@pytest.mark.parametrize("provider", PROVIDERS.values(), ids=of)
def test_every_outcome_has_a_recipient_of_its_own(provider: Provider) -> None:
    terms = terms_of(provider)
    contract = provider.contract
    named = [(one.key, one.magic) for one in contract.errors.values() if one.magic is not None]
    named += [(one.word, one.magic) for one in contract.statuses.values() if one.magic is not None]
    recipients = [magic_recipients(key, number, terms)[0] for key, number in named]
    recipients += [one.number for one in neutrals()]
    assert len(set(recipients)) == len(recipients)
    assert not {one.id for one in neutrals()} & {magic_id(one.key) for one in contract.errors.values()}


def test_a_number_is_reserved_without_its_plus_too(shared: Simulator) -> None:
    sinch = PROVIDERS["sinch"]
    example = of_neutral(sinch, next(one for one in neutrals() if one.word == "failed"))
    assert '"15005551005"' in example.body
    ask(example, shared)
    assert states(shared)[-1] == sinch.contract.words["failed"]
