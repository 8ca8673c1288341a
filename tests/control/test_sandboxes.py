"""Sandboxes come and go, are found by their credentials, and see nothing of each other."""

from base64 import b64encode
from typing import Any

import pytest
from msgsim.provider import Provider, discover
from msgsim.seed import following
from msgsim.testing import Simulator, call
from msgsim.web.control.description import described, operations

from tests.conftest import START, Http
from tests.control.acting import refuse, send
from tests.samples import first_send, headers, sample

PROVIDERS = discover()
MARK = "37255577777"


def create(control: Http, name: str, **more: Any) -> Any:
    answer = control("POST", "sandboxes", json={"name": name, **more})
    assert answer.status == 201, answer.body
    return answer.json


def test_a_sandbox_is_made_listed_and_taken_away(control: Http) -> None:
    made = create(control, "ci-17", seed=7, clock=f"frozen@{START}", scenario=[])
    assert (made["name"], made["seed"], made["now"], made["frozen"]) == ("ci-17", 7, "2026-01-01T00:00:00.000Z", True)
    assert set(made["credentials"]) == set(made["base_urls"]) == set(PROVIDERS)
    assert [one["name"] for one in control("GET", "sandboxes").json["sandboxes"]] == ["default", "ci-17"]
    assert control("GET", "sandboxes/ci-17").json == made
    assert control("DELETE", "sandboxes/ci-17").status == 204
    assert control("GET", "sandboxes/ci-17").status == 404
    assert control("GET", "messages", headers={"X-Sim-Sandbox": "ci-17"}).status == 404


def test_a_sandbox_without_a_name_gets_one(control: Http) -> None:
    names = {control("POST", "sandboxes").json["name"] for _ in range(3)}
    assert len(names) == 3


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"name": "default"}, 409),
        ({"name": "no blanks"}, 400),
        ({"name": "-x"}, 400),
        ({"clock": "yesterday"}, 400),
        ({"scenario": ["no-such-story"]}, 400),
        ({"settings": {"messente": {"no_such": 1}}}, 400),
        ({"settings": {"no_such": {}}}, 400),
        ({"colour": "red"}, 400),
    ],
)
def test_what_is_wrong_with_a_new_sandbox_is_told(control: Http, body: Any, status: int) -> None:
    answer = control("POST", "sandboxes", json=body)
    assert (answer.status, answer.headers["content-type"]) == (status, "application/problem+json")
    assert len(control("GET", "sandboxes").json["sandboxes"]) == 1


def test_the_default_sandbox_stays(control: Http) -> None:
    assert control("DELETE", "sandboxes/default").status == 409


@pytest.mark.parametrize("provider", PROVIDERS.values(), ids=lambda provider: provider.name)
def test_an_unmodified_client_gets_to_its_sandbox_by_its_credentials(
    control: Http, http: Http, provider: Provider
) -> None:
    create(control, "ci")
    endpoint = first_send(provider)
    answer = http(endpoint.method, endpoint.path, json=sample(provider), headers=headers(provider, "ci"))
    assert answer.status < 300, answer.body
    assert control("GET", "messages").json["total"] == 0
    assert control("GET", "messages", query={"sandbox": "ci"}).json["total"] > 0


def test_a_reset_empties_and_keeps_seed_settings_scenario_and_time(sim: Simulator, control: Http) -> None:
    control("PUT", "scenario", json={"names": ["cima360-sms-outage"]})
    control("PUT", "settings", json={"messente": {"sender": "Shop"}})
    first = send(sim)
    control("POST", "clock/advance", {"by": "1h"})
    assert control("POST", "reset").json["now"] == "2026-01-01T01:00:00.000Z"
    empty = control("GET", "messages").json
    assert empty.pop("hint").startswith("nothing has asked this server since the sandbox was made or emptied")
    assert empty == {"messages": [], "total": 0, "next": None}
    assert control("GET", "requests").json["total"] == 0
    assert control("GET", "scenario").json["names"] == ["cima360-sms-outage"]
    assert control("GET", "settings").json["messente"]["sender"] == "Shop"
    assert send(sim) == first


def test_another_seed_gives_other_ids(sim: Simulator, control: Http) -> None:
    ids = []
    for seed in (1, 2, 1):
        control("POST", "reset")
        assert control("POST", "seed", json={"seed": seed}).json["seed"] == seed
        ids.append(send(sim))
    assert ids[0] == ids[2] != ids[1]


def test_secrets_of_the_settings_are_not_shown(control: Http) -> None:
    account = {"username": "me", "password": "very-secret"}
    answer = control("PUT", "settings", json={"messente": {"accounts": [account]}})
    assert answer.json["messente"]["accounts"] == [{"username": "me", "password": "***"}]
    create(control, "other", settings={"messente": {"accounts": [account]}})
    for path in ("settings", "sandboxes/other"):
        assert b"very-secret" not in control("GET", path, query={"sandbox": "other"}).body


def test_settings_that_were_shown_can_be_given_back(sim: Simulator, control: Http) -> None:
    accounts = [{"username": name, "password": f"{name}-secret"} for name in ("me", "you")]
    shown = control("PUT", "settings", json={"messente": {"accounts": accounts}}).json["messente"]["accounts"]
    turned = [*reversed(shown), {"username": "new", "password": "new-secret"}]
    control("PUT", "settings", json={"messente": {"accounts": turned}})
    for name, password, status in (("me", "me-secret", 201), ("new", "new-secret", 201), ("me", "***", 401)):
        login = {"Authorization": f"Basic {b64encode(f'{name}:{password}'.encode()).decode()}"}
        body = {"to": "+37255500001", "messages": [{"channel": "sms", "text": "hello"}]}
        assert call(f"{sim.url}/v1/omnimessage", "POST", body, headers=login).status == status
    stranger = [*turned, {"username": "x", "password": "***"}]
    refused = control("PUT", "settings", json={"messente": {"accounts": stranger}})
    assert (refused.status, refused.json["detail"][:3]) == (400, "***")


def fill(sim: Simulator, control: Http, sandbox: str) -> str:
    """A bit of everything, all of it marked."""
    there = {"X-Sim-Sandbox": sandbox}
    sink = f"{sim.url}/__sim/sink/{MARK}?sandbox={sandbox}"
    control("PUT", "settings", json={"messente": {"sender": MARK, "inbound_url": sink}}, headers=there)
    text = f"name: told-{MARK}\nrules: [{{when: {{to: '{MARK}*'}}, deliver: []}}]"
    control("PUT", "scenario", body=text, headers=there)
    id = send(sim, f"+{MARK}", sandbox, dlr_url=sink)
    refuse(sim, sandbox)
    call(f"{sim.url}/v1/omnimessage?{MARK}", "POST", body="{", headers={"Authorization": "Basic YTpi", **there})
    control(
        "POST", "inbound", json={"provider": "messente", "from": f"+{MARK}", "to": MARK, "text": MARK}, headers=there
    )
    control("POST", "clock/advance", json={"by": "1m"}, headers=there)
    return id


SHARED = {
    "/health",
    "/sandboxes",
    "/sandboxes/{name}",
    "/coverage",
    "/scenarios",
    "/events",
    "/schemas/scenario.json",
    "/schemas/config.json",
}
"""About the server, or told from now on only."""


def test_two_sandboxes_never_see_each_other(sim: Simulator, control: Http) -> None:
    create(control, "mine", clock=f"frozen@{START}", seed=5)
    create(control, "yours", clock=f"frozen@{START}")
    id = fill(sim, control, "mine")
    looked = 0
    for method, path in operations(described()):
        if path in SHARED or method == "PUT":
            continue
        concrete = path[1:].replace("{id}", id).replace("{number}", "1").replace("{name}", MARK)
        body = {"by": "1s", "to": START, "rate": 0, "status": "DELIVRD", "seed": 1, "provider": "messente", "from": "1"}
        needed = described()["paths"][path][method.lower()].get("requestBody", {})
        asked = _body(needed, body)
        answer = control(method, concrete, json=asked, headers={"X-Sim-Sandbox": "yours"})
        assert answer.status < 500, (method, path, answer.body)
        if answer.status == 400:
            raise AssertionError((method, path, answer.body))
        shown = answer.body.decode().replace(concrete, "")
        # What was asked for may be named in the answer; nothing else of the other sandbox may.
        assert MARK not in shown.replace(f"'{MARK}'", "").replace(f"no message {id}", ""), (method, path, shown)
        assert id not in shown.replace(f"no message {id}", ""), (method, path, shown)
        if "{id}" in path:
            assert answer.status == 404, (method, path)
        looked += 1
    assert looked > 30
    assert control("GET", f"messages/{id}", headers={"X-Sim-Sandbox": "mine"}).status == 200
    assert control("GET", "coverage", query={"sandbox": "yours"}).json["providers"]["messente"]["errors"]["seen"] == 0


def _body(needed: Any, values: dict[str, Any]) -> Any:
    if not needed or "application/yaml" in needed["content"]:
        return None
    name = next(iter(needed["content"].values()))["schema"]["$ref"].rpartition("/")[2]
    schema = described()["components"]["schemas"][name]
    if name == "NewInbound":
        return {"provider": "messente", "from": "+3725550009", "to": "1", "text": "hi"}
    return {key: values.get(key) for key in schema.get("required", ())} or None


def test_providers_see_nothing_of_another_sandbox_either(sim: Simulator, control: Http, http: Http) -> None:
    create(control, "mine", seed=5)
    create(control, "yours")
    id = send(sim, sandbox="mine")
    basic = {"Authorization": "Basic YXBpOnBhc3N3b3Jk"}
    for sandbox, status in (("mine", 200), ("yours", 404), ("default", 404)):
        answer = http("GET", f"/v1/omnimessage/{id}/status", headers={**basic, "X-Sim-Sandbox": sandbox})
        assert answer.status == status
    assert http("DELETE", f"/v1/omnimessage/{id}", headers={**basic, "X-Sim-Sandbox": "yours"}).status == 404


def test_clocks_seeds_and_scenarios_are_each_sandbox_s_own(sim: Simulator, control: Http) -> None:
    for name in ("one", "two"):
        create(control, name, clock=f"frozen@{START}")
    control("POST", "clock/advance", json={"by": "1h"}, headers={"X-Sim-Sandbox": "one"})
    control("POST", "seed", json={"seed": 9}, headers={"X-Sim-Sandbox": "one"})
    control("PUT", "scenario", json={"names": ["cima360-sms-outage"]}, headers={"X-Sim-Sandbox": "one"})
    other = control("GET", "sandboxes/two").json
    assert (other["now"], other["seed"], other["scenario"]) == ("2026-01-01T00:00:00.000Z", following(1, "two"), [])
    assert send(sim, sandbox="one") != send(sim, sandbox="two")
