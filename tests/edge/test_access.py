"""Who may come in: no page of another site, no rebound name, and beyond loopback nobody without the token."""

from collections.abc import Iterator
from http.client import HTTPConnection

import pytest
from msgsim.provider import discover
from msgsim.testing import Answer, Simulator, call
from msgsim.web.edge.access import is_same

from tests.conftest import Http
from tests.samples import headers

PROVIDERS = discover()
OMNI = {"to": "+37255000001", "messages": [{"channel": "sms", "text": "x"}]}
TEXT = {"Authorization": "Basic YTpi", "Content-Type": "text/plain"}
LINK = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}


def send(http: Http, more: dict[str, str]) -> Answer:
    return http("POST", "/v1/omnimessage", json=OMNI, headers={**TEXT, **more})


@pytest.mark.parametrize(
    "more",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "http://localhost:3000", "Host": "localhost:8080"},
        LINK,
        {"Origin": "http://evil.example:8080", "Host": "evil.example:8080", "Sec-Fetch-Site": "same-origin"},
    ],
    ids=str,
)
def test_a_page_of_another_site_reaches_no_provider(http: Http, control: Http, more: dict[str, str]) -> None:
    answer = send(http, more)
    assert answer.status == 403
    assert answer.headers["x-sim-error"] == "Another site's page"
    assert any(word in answer.json["detail"] for word in ("Sec-Fetch-Site", "Host"))
    assert control("GET", "messages").json["total"] == 0


@pytest.mark.parametrize("name", sorted(PROVIDERS))
def test_every_endpoint_of_every_provider_refuses_other_sites(http: Http, name: str) -> None:
    provider = PROVIDERS[name]
    for endpoint in provider.endpoints:
        given = {**headers(provider), "Sec-Fetch-Site": "cross-site"}
        answer = http(endpoint.method, endpoint.path, headers=given)
        assert (answer.status, answer.headers.get("x-sim-error")) == (403, "Another site's page"), endpoint.name


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"Host": "api.messente.com"},
        {"Sec-Fetch-Site": "none", "Host": "localhost"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost", "Host": "localhost:80"},
        {"Origin": "HTTP://LocalHost:8080", "Host": "localhost:8080"},
    ],
    ids=str,
)
def test_who_is_no_page_of_another_site_is_served(http: Http, more: dict[str, str]) -> None:
    assert send(http, more).status == 201


@pytest.mark.parametrize(
    ("origin", "host", "same"),
    [
        ("http://localhost", "localhost:80", True),
        ("http://localhost:80", "localhost", True),
        ("https://sim.example", "sim.example", True),
        ("https://sim.example:443", "SIM.example", True),
        ("http://[::1]:8080", "[::1]:8080", True),
        ("http://[::1]", "[::1]:80", True),
        ("https://localhost", "localhost:80", False),
        ("http://localhost:8080", "localhost", False),
        ("http://localhost", "localhost.evil.example", False),
        ("http://localhost:80:80", "localhost", False),
        ("file://", "", False),
        ("null", "null", False),
        ("", "", False),
    ],
)
def test_origin_and_host_are_compared_as_origins(origin: str, host: str, same: bool) -> None:
    assert is_same(origin, host) is same


READS = ["/__sim/v1/messages", "/__sim/v1/health", "/__sim/", "/__sim/static/style.css", "/__sim/openapi.json"]


@pytest.mark.parametrize("path", READS)
@pytest.mark.parametrize(
    "more",
    [
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"},
        {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"},
        {"Origin": "https://evil.example"},
    ],
    ids=str,
)
def test_other_sites_read_nothing_of_ours(http: Http, path: str, more: dict[str, str]) -> None:
    assert http("GET", path, headers=more).status == 403


def test_a_link_from_elsewhere_leads_to_a_page(http: Http) -> None:
    assert http("GET", "/__sim/", headers=LINK).status == 200
    assert http("GET", "/__sim/start", headers=LINK).status == 200
    assert http("POST", "/__sim/v1/reset", headers=LINK).status == 403
    assert http("GET", "/__sim/sink/mine", headers=LINK).status == 403
    assert http("GET", "/__sim/", headers={**LINK, "Host": "evil.example"}).status == 403


def test_our_own_page_may_do_what_it_does(sim: Simulator, http: Http) -> None:
    mine = {"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost", "Host": "LOCALHOST:80"}
    assert http("POST", "/__sim/v1/reset", headers=mine).status == 200


@pytest.fixture(scope="module")
def open_sim() -> Iterator[Simulator]:
    with Simulator(host="0.0.0.0", token="right-token") as simulator:
        yield simulator


@pytest.mark.parametrize(
    "cookie",
    [
        "msgsim-token=right-token",
        'other={"a": 1}; msgsim-token=right-token',
        "a b=c; [x]=@; msgsim-token=right-token; last",
        "msgsim-token=wrong; msgsim-token=right-token",
        "=;;; msgsim-token=right-token",
    ],
)
def test_cookies_of_other_applications_lock_nobody_out(open_sim: Simulator, cookie: str) -> None:
    url = f"http://127.0.0.1:{open_sim.port}/__sim/v1/messages"
    assert call(url, "GET", headers={"Cookie": cookie}).status == 200


@pytest.mark.parametrize(
    "cookie", ["msgsim-token=wrong", "msgsim-tokenx=right-token", "x=msgsim-token=right-token", ""]
)
def test_a_cookie_that_is_not_ours_opens_nothing(open_sim: Simulator, cookie: str) -> None:
    url = f"http://127.0.0.1:{open_sim.port}/__sim/v1/messages"
    assert call(url, "GET", headers={"Cookie": cookie}).status == 401


def test_a_link_with_the_token_leads_to_any_path(open_sim: Simulator) -> None:
    """A line break in the path stays what it is in the path."""

    connection = HTTPConnection("127.0.0.1", open_sim.port)
    connection.request("GET", "/__sim/messages/a%0d%0ab?token=right-token")
    answer = connection.getresponse()
    assert (answer.status, answer.headers["Location"]) == (303, "/__sim/messages/a%0d%0ab")
    connection.close()


def test_beyond_loopback_pages_reach_providers_under_any_name_of_the_server(open_sim: Simulator) -> None:
    url = f"http://127.0.0.1:{open_sim.port}/v1/omnimessage"
    own = {**TEXT, "Host": "sim.example", "Origin": "http://sim.example", "Sec-Fetch-Site": "same-origin"}
    assert call(url, "POST", json=OMNI, headers=own).status == 201
    assert call(url, "POST", json=OMNI, headers={**own, "Origin": "http://other.example"}).status == 403
