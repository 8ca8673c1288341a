"""What a provider has and the simulator has not: the answer is the provider's, and everything of ours says why."""

import re
from typing import Any

import pytest
from msgsim.contract import Missing
from msgsim.engine.routing import Routes
from msgsim.model import Call
from msgsim.provider import Provider, discover
from msgsim.testing import Simulator, call

from tests.conftest import Http
from tests.samples import headers

PROVIDERS = discover()
LISTED = [(provider, missing) for provider in PROVIDERS.values() for missing in provider.contract.not_simulated]
OLDER = (
    "Sinch (Wavy) has POST /v1/sms/send "
    "(an older API of another host (messaging-api.wavy.global, Access-key)), msgsim does not"
)


def of(pair: Any) -> str:
    return str(getattr(pair, "path", getattr(pair, "name", pair)))


def concrete(missing: Missing) -> str:
    return re.sub(r"\{\w+\}", "x1", missing.path).replace("*", "some/thing")


@pytest.mark.parametrize(("provider", "missing"), LISTED, ids=of)
def test_a_listed_path_is_its_providers_and_is_not_simulated(provider: Provider, missing: Missing) -> None:
    path, routes = concrete(missing), Routes(PROVIDERS)
    given = {name.lower(): value for name, value in headers(provider).items()}
    for there, sent in ((path, {}), (path, given), (f"{path}/", {}), (f"/{provider.name}{path}", {})):
        for method in ("GET", "POST"):
            found = routes.find(Call(method, there, "", sent, b""))
            assert found is not None
            assert (found.provider, found.endpoint) == (provider, None)
            assert missing.path in found.missing
            assert found.missing.isascii(), "it goes into a header"


@pytest.mark.parametrize("provider", PROVIDERS.values(), ids=of)
def test_no_endpoint_is_listed_as_missing(provider: Provider) -> None:
    for endpoint in provider.endpoints:
        assert provider.contract.missing(re.sub(r"\{\w+\}", "x1", endpoint.path)) is None


def test_the_answer_explain_and_the_page_say_so(sim: Simulator, http: Http, control: Http) -> None:
    sent = {"UserName": "acme", "AuthenticationToken": "a-long-token"}
    answer = http("POST", "/v1/sms/send", json={"to": "1"}, headers=sent)
    assert (answer.status, answer.json) == (404, {"errorCode": 404, "errorMessage": "Not Found"})
    assert answer.headers["x-sim-not-simulated"].startswith(f"{OLDER}; source: public clients")
    prose = control("GET", "requests/1/explain").json["prose"]
    assert prose.count(OLDER) == 1
    assert "It came from acme and was answered 404." in prose
    assert "a-long-token" not in prose
    for page in ("requests/1", "requests"):
        drawn = call(f"{sim.url}/__sim/{page}", "GET", headers={"Accept": "text/html"}).body.decode()
        assert OLDER in drawn
    assert "x-sim-not-simulated" not in http("POST", "/v1/sms/sent", json={}, headers=sent).headers


def test_who_asks_first_for_credentials_says_so_too(http: Http, control: Http) -> None:
    answer = http("GET", "/asset/v1/content/assets")
    assert answer.status == 401
    assert "Content Builder" in answer.headers["x-sim-not-simulated"]
    prose = control("GET", "requests/1/explain").json["prose"]
    assert prose.count("has GET, POST, PUT, PATCH and DELETE /asset/v1/* (Content Builder), msgsim does not") == 1
    assert "It came without credentials and was answered 401." in prose


def test_a_pristine_server_says_nothing() -> None:
    with Simulator(pristine=True) as sim:
        answer = call(f"{sim.url}/v1/sms/send", "POST", {})
        assert answer.status == 404
        assert not [name for name in answer.headers if name.startswith("x-sim")]


@pytest.mark.parametrize("provider", PROVIDERS.values(), ids=of)
def test_credentials_that_were_refused_are_told(http: Http, control: Http, provider: Provider) -> None:
    """A path that is unknown comes before the credentials are looked at, or after; either way they were there."""
    given = headers(provider)
    http("GET", f"/{provider.name}/nowhere/at/all", headers=given)
    (exchange,) = control("GET", "requests").json["requests"]
    assert exchange["status"] in (401, 404)
    assert exchange["credential"]
    assert not any(value in exchange["credential"] for value in given.values() if value != exchange["credential"])
