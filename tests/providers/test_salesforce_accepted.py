"""Whatever definition is accepted, what is sent by it can be read: a property of the Transactional Messaging API."""

import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgsim.provider import discover
from msgsim.testing import Answer, Simulator, call

from reliability.accepted import asked, lived, unread
from reliability.bodies import Chance, attack
from reliability.reading import things

SALESFORCE = discover()["salesforce"]
ENDPOINTS = {endpoint.name: endpoint for endpoint in SALESFORCE.endpoints}
BEARER = {"Authorization": "Bearer YOUR_ACCESS_TOKEN"}
FROZEN: dict[str, Any] = {"clock": "frozen@2026-01-01T00:00:00Z", "seed": 1}
RECIPIENTS: dict[str, Any] = {
    "sms": {"to": "15555550001"},
    "email": {"contactKey": "ada", "to": "ada@example.com"},
    "push": {"contactKey": "ada"},
}


def answered(url: str, method: str, path: str, body: Any = None) -> Answer:
    answer = call(f"{url}/messaging/v1/{path}", method, body, headers=BEARER)
    assert answer.status < 500, (path, answer.body)
    return answer


def attacked(url: str, name: str, chance: Chance) -> None:
    answer = asked(url, "salesforce", attack(SALESFORCE, chance, ENDPOINTS[name]))
    assert answer.status < 500, answer.body


def everything(url: str, channel: str) -> None:
    """Sends by each definition there is, and asks for all that can be asked."""
    listed = answered(url, "GET", f"{channel}/definitions?$pageSize=100").json["definitions"]
    for definition in listed:
        key = quote(definition["definitionKey"], safe="")
        sent = {"definitionKey": definition["definitionKey"], "recipient": RECIPIENTS[channel]}
        assert answered(url, "POST", f"{channel}/messages/{key}", sent).status == 202
        for path in (f"messages/{key}", f"definitions/{key}", f"definitions/{key}/queue"):
            assert answered(url, "GET", f"{channel}/{path}").status == 200
    assert answered(url, "GET", f"{channel}/messages?type=notSent").status == 200


@pytest.mark.parametrize("channel", sorted(RECIPIENTS))
@given(chance=st.randoms(use_true_random=False))
@settings(max_examples=2, suppress_health_check=list(HealthCheck))
def test_what_is_sent_by_any_definition_can_be_read(channel: str, chance: Chance) -> None:
    example: Any = SALESFORCE.contract.schema(f"transactional/{channel}-definition").document["examples"][0]
    with tempfile.TemporaryDirectory() as folder:
        store = str(Path(folder) / "store.db")
        with Simulator(store=store, **FROZEN) as sim:
            answered(sim.url, "POST", f"{channel}/definitions", {**example, "definitionKey": "1"})
            for _ in range(6):
                attacked(sim.url, f"{channel}-definition-create", chance)
                attacked(sim.url, f"{channel}-definition-change", chance)
                attacked(sim.url, f"{channel}-send", chance)
                attacked(sim.url, f"{channel}-send-batch", chance)
            everything(sim.url, channel)
            assert lived(sim.url) == []
            everything(sim.url, channel)
        with Simulator(store=store, **FROZEN) as sim:
            assert unread(sim.url, things(sim.url)) == []
            everything(sim.url, channel)
