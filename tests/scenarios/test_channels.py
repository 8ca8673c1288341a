"""A status exists on some channels only: elsewhere it is a mistake of the scenario, and never told."""

from collections.abc import Iterator

import pytest
from msgsim.model import Beat, Json
from msgsim.provider import Provider, discover
from msgsim.scenarios.reserved import terms_of
from msgsim.scenarios.scenario import Scenario
from msgsim.scenarios.yaml import BadFile, parse

from tests.conftest import Http
from tests.scenarios.conftest import Play, Send
from tests.scenarios.test_commands import Run, run

PROVIDERS = discover()
TERMS = {name: terms_of(provider) for name, provider in PROVIDERS.items()}
CASES = [
    pytest.param(provider, status.word, channel, channel in (status.channels or provider.channels))
    for provider in PROVIDERS.values()
    for status in provider.contract.statuses.values()
    for channel in provider.channels
]


def mistakes(text: str) -> list[str]:
    try:
        Scenario([parse(f"name: a-test\n{text}", "t")], TERMS)
    except BadFile as found:
        return [f"{mistake.line}:{mistake.column} {mistake.reason}" for mistake in found.mistakes]
    return []


def texts(provider: str, word: str, channel: str) -> Iterator[str]:
    """Scenarios that speak of a status on a channel, once each, in the last line."""
    when = f"when: {{provider: {provider}, channel: {channel}}}"
    yield f"rules:\n  - {when}\n    deliver: [{{after: 1s, status: {word}}}]\n"
    expected = f"rules: []\nexpect:\n  - send: {{provider: {provider}, channels: [{channel}]}}\n"
    yield f"{expected}    statuses: [[{channel}, {word}]]\n"
    yield f"{expected}    callbacks: [{word}]\n"
    if TERMS[provider].reports:
        yield f"rules:\n  - {when}\n    callbacks: [{{delay: {word}}}]\n"
        yield f"rules:\n  - {when}\n    callbacks: [{{delay: {{status: {word}, by: 1s}}}}]\n"


@pytest.mark.parametrize(("provider", "word", "channel", "exists"), CASES)
def test_a_status_on_a_channel_that_does_not_know_it_is_a_mistake(
    provider: Provider, word: str, channel: str, exists: bool
) -> None:
    for text in texts(provider.name, word, channel):
        lines = text.splitlines()
        place = f"{len(lines) + 1}:{lines[-1].rindex(word) + 1}"
        told = [found.partition(" (only on ")[0] for found in mistakes(text)]
        assert told == ([] if exists else [f"{place} {word} does not exist on {channel}"])


def test_seen_on_sms_is_told_by_check(tmp_path: Json, capsys: Run) -> None:
    file = tmp_path / "seen.yaml"
    file.write_text(
        "name: seen\nrules:\n  - when: {provider: messente, channel: sms}\n    deliver: [{after: 1s, status: SEEN}]\n"
    )
    assert run("check", str(file)) == 2
    known = ", ".join(sorted(PROVIDERS["messente"].contract.statuses["SEEN"].channels))
    assert capsys.readouterr().out == f"{file}:4:35: SEEN does not exist on sms (only on {known})\n"


def test_statuses_that_no_channel_has_together_are_a_mistake() -> None:
    steps = "[{after: 1s, status: RINGING}, {after: 2s, status: DELIVERED}, {after: 3s, status: READ}]"
    (only,) = mistakes(f"rules:\n  - when: {{provider: cima360}}\n    deliver: {steps}\n")
    assert only.startswith(
        "4:65 DELIVERED exists only on email, messenger, rcs, sms, telegram, whatsapp, where a status"
    )
    assert mistakes("rules:\n  - deliver: [{after: 1s, status: ACK}, {after: 2s, status: SEEN}]\n") == []
    assert mistakes("rules:\n  - deliver: [{after: 1s, status: delivered}, {after: 2s, status: seen}]\n") == []


def test_an_expectation_names_a_channel_of_its_provider() -> None:
    text = "rules: []\nexpect:\n  - send: {provider: messente}\n    statuses: [[vibre, SEEN]]\n"
    assert mistakes(text) == ["5:17 messente has no channel 'vibre'; did you mean 'viber'?"]


def test_a_rule_for_any_channel_gives_each_what_it_knows(play: Play, send: Send, control: Http) -> None:
    play("  - deliver: [{after: 1s, status: ACK}, {after: 2s, status: DELIVRD}, {after: 3s, status: SEEN}]\n")
    for channel, last in (("sms", "DELIVRD"), ("viber", "SEEN")):
        id = send(channels=(channel,)).json["omnimessage_id"]
        control("POST", "clock/advance", {"by": "1m"})
        assert control("GET", f"messages/{id}").json["plan"][-1]["status"] == last


def test_a_rule_of_other_channels_alone_leaves_the_life_to_the_happy_path(
    play: Play, send: Send, control: Http
) -> None:
    play("  - deliver: [{after: 1s, status: SEEN}]\n")
    id = send().json["omnimessage_id"]
    assert [step["status"] for step in control("GET", f"messages/{id}").json["plan"]] == ["ACK", "DELIVRD"]


@pytest.mark.parametrize(("provider", "word", "channel", "exists"), CASES)
def test_it_is_known_where_it_exists(provider: Provider, word: str, channel: str, exists: bool) -> None:
    assert (provider.contract.known(Beat(0, word), channel) is not None) is exists


def test_seen_is_not_forced_on_an_sms(send: Send, control: Http) -> None:
    id = send().json["omnimessage_id"]
    answer = control("POST", f"messages/{id}/status", {"status": "SEEN"})
    assert (answer.status, answer.json["detail"]) == (400, "messente has no status 'SEEN' on sms")
    id = send(channels=("viber",)).json["omnimessage_id"]
    assert control("POST", f"messages/{id}/status", {"status": "SEEN"}).status == 200


@pytest.mark.parametrize("provider", PROVIDERS.values(), ids=list(PROVIDERS))
def test_what_every_channel_needs_exists_on_each(provider: Provider) -> None:
    """What planning asks for by itself: a channel whose time is over, and what contradicts a final status."""
    for channel in provider.channels:
        for word in ("expired", "failed", "delivered"):
            assert provider.contract.known(Beat(0, word), channel) is not None, (channel, word)
