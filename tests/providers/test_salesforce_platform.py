"""What clients of Salesforce ask for on their way: endpoints, the context of a token, the user behind it."""

from urllib.parse import urlsplit

import pytest
from msgsim.testing import Simulator

from tests.conftest import Advance, Http

BEARER = {"Authorization": "Bearer YOUR_ACCESS_TOKEN"}


def issued(http: Http, **more: str) -> str:
    body = {"grant_type": "client_credentials", "client_id": "shop", "client_secret": "s", **more}
    return str(http("POST", "/v2/token", json=body).json["access_token"])


@pytest.mark.parametrize(("kind", "below"), [("soap", "/Service.asmx"), ("rest", "/"), ("ftp", "/")])
def test_an_endpoint_is_an_address_of_the_simulator(http: Http, sim: Simulator, kind: str, below: str) -> None:
    answer = http("GET", f"/platform/v1/endpoints/{kind}", headers=BEARER)
    assert (answer.status, answer.json) == (200, {"type": kind, "url": f"{sim.url}{below}"})


def test_all_endpoints_come_in_pages(http: Http) -> None:
    whole = http("GET", "/platform/v1/endpoints", headers=BEARER).json
    assert [whole["page"], whole["count"], [item["type"] for item in whole["items"]]] == [1, 3, ["soap", "rest", "ftp"]]
    second = http("GET", "/platform/v1/endpoints", headers=BEARER, query="$page=2&$pagesize=2").json
    assert (second["count"], [item["type"] for item in second["items"]]) == (3, ["ftp"])


def test_an_endpoint_that_is_none_is_said_in_the_documents_words(http: Http) -> None:
    answer = http("GET", "/platform/v1/endpoints/foobar", headers=BEARER)
    wanted = {"message": "No endpoint exists for key 'foobar'.", "errorcode": 30003, "documentation": ""}
    assert (answer.status, answer.json) == (404, wanted)


@pytest.mark.parametrize(
    "path", ["/platform/v1/tokenContext", "/platform/v1/tokenContext/", "//platform/v1/tokencontext"]
)
def test_the_context_of_a_token_is_the_same_each_time(http: Http, path: str) -> None:
    first, again = (http("GET", path, headers=BEARER) for _ in range(2))
    assert first.status == 200
    assert first.json == again.json
    assert list(first.json) == ["enterprise", "organization", "user"]
    assert first.json["enterprise"] == first.json["organization"] != first.json["user"]


def test_a_token_in_the_query_is_taken_where_old_clients_put_it_and_noted(http: Http, control: Http) -> None:
    token = issued(http)
    answer = http("GET", "//platform/v1/endpoints/soap", query=f"access_token={token}", headers={})
    assert answer.status == 200
    entry = control("GET", "requests").json["requests"][0]
    assert any("query string" in note for note in entry["notes"])
    assert token not in str(entry)
    assert http("GET", "/ott/v1/send/nothing", query=f"access_token={token}", headers={}).json["errorcode"] == 40004


def test_the_user_behind_a_token_has_its_scopes_and_its_end(http: Http, sim: Simulator) -> None:
    token = issued(http, scope="sms_send email_send")
    answer = http("GET", "/v2/userinfo", headers={"Authorization": f"Bearer {token}"})
    assert answer.status == 200
    found = answer.json
    assert found["application"]["appScopes"] == ["sms_send", "email_send"]
    assert found["rest"]["rest_instance_url"] == f"{sim.url}/"
    assert found["user"]["preferred_username"] == "shop"
    context = http("GET", "/platform/v1/tokenContext", headers={"Authorization": f"Bearer {token}"}).json
    assert found["user"]["sub"] == str(context["user"]["id"])
    assert found["organization"]["member_id"] == context["organization"]["id"]


def test_a_user_is_refused_as_oauth_does(http: Http, advance: Advance) -> None:
    missing = http("GET", "/v2/userinfo", headers={})
    assert (missing.status, missing.json["error"]) == (400, "invalid_request")
    token = {"Authorization": f"Bearer {issued(http)}"}
    assert http("GET", "/v2/userinfo", headers=token).status == 200
    advance("20m")
    over = http("GET", "/v2/userinfo", headers=token)
    assert (over.status, over.json["error"]) == (401, "invalid_token")


def test_nothing_leads_to_the_real_service(http: Http, sim: Simulator) -> None:
    whole = http("GET", "/platform/v1/endpoints", headers=BEARER).json
    assert {urlsplit(item["url"]).netloc for item in whole["items"]} == {urlsplit(sim.url).netloc}
