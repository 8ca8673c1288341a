"""A client asks for a token, uses it until it dies, and asks again."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from msgsim.testing import Simulator, call

from tests.conftest import Advance, Http

ASK = {"grant_type": "client_credentials", "client_id": "an-app", "client_secret": "a-secret"}
SEND = {
    "messageKey": "order-1001",
    "from": {"senderType": "messenger", "senderId": "503868699681937"},
    "to": {"ottId": "FB1"},
    "message": {"contents": [{"type": "text", "text": "hello"}], "customKeys": [{"messagingType": "RESPONSE"}]},
    "validityPeriod": 30,
}
PAGE = {
    "ottPlatformName": "messenger",
    "ottPlatformAttributes": {
        "applicationId": "app",
        "applicationSecret": "app-secret",
        "pageId": "page-1",
        "pageName": "A Page",
        "pageAccessToken": "page-token",
        "callbackVerifyToken": "verify",
        "endpointUrl": "https://example.com/hook",
        "isActive": 1,
    },
}
NOT_AUTHORIZED = {
    "documentation": "https://developer.salesforce.com/docs/atlas.en-us.mc-apis.meta/mc-apis/error-handling.htm",
    "errorcode": 0,
    "message": "Not Authorized",
}


def asking(sim: Simulator) -> Http:
    """``http`` of a simulator with settings of its own."""
    return lambda method, path, **more: call(f"{sim.url}{path}", method, **more)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_a_client_asks_registers_sends_and_asks_again_when_the_token_is_dead(http: Http, advance: Advance) -> None:
    token = http("POST", "/v2/token", json=ASK).json["access_token"]
    assert http("POST", "/ott/v1/registration", json=PAGE, headers=bearer(token)).status == 201
    mine = {**SEND, "from": {"senderType": "messenger", "senderId": "page-1"}}
    assert http("POST", "/ott/v1/send", json=mine, headers=bearer(token)).status == 201

    advance("1199s")
    assert http("POST", "/ott/v1/send", json=mine, headers=bearer(token)).status == 201
    advance("1s")
    late = http("POST", "/ott/v1/send", json=mine, headers=bearer(token))
    assert (late.status, late.json) == (401, NOT_AUTHORIZED)
    assert list(late.json) == list(NOT_AUTHORIZED)
    assert late.headers["www-authenticate"] == 'Bearer realm="api", error="invalid_token"'

    fresh = http("POST", "/v2/token", json=ASK).json["access_token"]
    assert fresh != token
    assert http("POST", "/ott/v1/send", json=mine, headers=bearer(fresh)).status == 201


def test_a_token_is_announced_for_less_than_it_lives(http: Http) -> None:
    answer = http("POST", "/v2/token", json=ASK)
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert answer.json["token_type"] == "Bearer"
    assert answer.json["expires_in"] == 1079
    assert len(answer.json["access_token"]) <= 512
    scopes = answer.json["scope"].split()
    assert (scopes[0], len(scopes), len(set(scopes))) == ("offline", 81, 81)
    assert {"email_send", "ott_chat_messaging_read", "ott_channels_write", "key_manage_rotate"} <= set(scopes)


@pytest.mark.parametrize(
    "scope", ["offline", "email_send ott_chat_messaging_send", "offline ott_channels_read offline"]
)
def test_any_scope_a_package_may_have_is_granted(http: Http, scope: str) -> None:
    answer = http("POST", "/v2/token", json={**ASK, "scope": scope})
    assert (answer.status, answer.json["scope"].split()) == (200, list(dict.fromkeys(scope.split())))
    assert http("POST", "/v2/token", json={**ASK, "scope": f"{scope} everything"}).json["error"] == "invalid_scope"


def test_a_setting_narrows_what_packages_may_do() -> None:
    settings = {"scopes": ["offline", "ott_channels_read"]}
    with Simulator(clock="frozen", providers={"salesforce": settings}) as sim:
        http = asking(sim)
        granted = http("POST", "/v2/token", json=ASK).json
        assert granted["scope"] == "offline ott_channels_read"
        assert http("POST", "/v2/token", json={**ASK, "scope": "email_send"}).json["error"] == "invalid_scope"
        for token in (granted["access_token"], "YOUR_ACCESS_TOKEN"):
            assert http("GET", "/ott/v1/registration/line", headers=bearer(token)).status == 200
            assert http("POST", "/ott/v1/send", json=SEND, headers=bearer(token)).status == 403


def test_the_instance_url_is_where_the_client_found_us(http: Http, sim: Simulator) -> None:
    assert http("POST", "/v2/token", json=ASK).json["rest_instance_url"] == f"{sim.url}/"
    named = http("POST", "/v2/token", json=ASK, headers={"Host": "mc1-2.auth.marketingcloudapis.com"}).json
    assert named["rest_instance_url"] == "http://mc1-2.rest.marketingcloudapis.com/"
    assert named["soap_instance_url"] == "http://mc1-2.soap.marketingcloudapis.com/"
    behind = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "msg.example.com"}
    answer = http("POST", "/v2/token", json=ASK, headers=behind).json
    assert answer["rest_instance_url"] == answer["soap_instance_url"] == "https://msg.example.com/"


@pytest.mark.parametrize(
    "header",
    [{}, {"Authorization": "Bearer nobody-issued-this"}, {"Authorization": "Bearer "}, {"Authorization": "Basic YTpi"}],
)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/ott/v1/send"),
        ("POST", "/ott/v1/registration"),
        ("GET", "/ott/v1/registration/line"),
        ("GET", "/ott/v1/registration/line/503868699681937"),
        ("GET", "/ott/v1/send/order-1001"),
        ("DELETE", "/ott/v1/send"),
        ("POST", "/ott/v1/nothing"),
        ("GET", "/ott/v1/nothing"),
        ("GET", "/ott/v1/registration/line/1/2"),
    ],
)
def test_nothing_is_told_to_those_without_a_token(http: Http, method: str, path: str, header: dict[str, str]) -> None:
    answer = http(method, path, headers=header, **({"json": {}} if method == "POST" else {}))
    assert (answer.status, answer.json) == (401, NOT_AUTHORIZED)
    assert answer.headers["www-authenticate"].startswith("Bearer ")


def test_a_token_in_the_url_or_the_body_is_no_token(http: Http) -> None:
    in_url = http("POST", "/ott/v1/send", json=SEND, query={"access_token": "YOUR_ACCESS_TOKEN"})
    in_body = http("POST", "/ott/v1/send", json={**SEND, "access_token": "YOUR_ACCESS_TOKEN"})
    assert [(one.status, one.json["errorcode"]) for one in (in_url, in_body)] == [(401, 40004)] * 2


@pytest.mark.parametrize(
    ("scope", "statuses"),
    [
        (None, [201, 201, 200, 200]),
        ("", [403, 403, 403, 403]),
        ("ott_chat_messaging_send", [201, 403, 403, 403]),
        ("ott_channels_write", [403, 201, 403, 403]),
        ("ott_channels_read ott_chat_messaging_send", [201, 403, 200, 200]),
    ],
)
def test_a_token_opens_what_its_scope_says(http: Http, scope: str | None, statuses: list[int]) -> None:
    ask = ASK if scope is None else {**ASK, "scope": scope}
    headers = bearer(http("POST", "/v2/token", json=ask).json["access_token"])
    answers = [
        http("POST", "/ott/v1/send", json=SEND, headers=headers),
        http("POST", "/ott/v1/registration", json=PAGE, headers=headers),
        http("GET", "/ott/v1/registration/line", headers=headers),
        http("GET", "/ott/v1/registration/line/503868699681937", headers=headers),
    ]
    assert [answer.status for answer in answers] == statuses
    refused = {(one.json["errorcode"], one.json["message"]) for one in answers if one.status == 403}
    assert refused <= {(20002, "Insufficient Privileges")}


INVALID_CLIENT = "Invalid client ID. Use the client ID in Marketing Cloud Installed Packages."
INVALID_SECRET = (
    "Client authentication failed. Make sure that the client ID and client secret are valid and that the package is "
    "installed and enabled."
)


@pytest.mark.parametrize(
    ("change", "status", "error", "description"),
    [
        ({"client_id": "stranger"}, 401, "invalid_client", INVALID_CLIENT),
        ({"client_secret": "wrong"}, 401, "invalid_client", INVALID_SECRET),
        ({"grant_type": "password"}, 400, "unsupported_grant_type", None),
        ({"grant_type": None}, 400, "invalid_request", None),
        ({"scope": "ott_channels_read ott_channels_write"}, 400, "invalid_scope", None),
    ],
)
def test_a_configured_package_is_held_to_its_secret_and_scopes(
    change: dict[str, Any], status: int, error: str, description: str | None
) -> None:
    package = {"client_id": "an-app", "client_secret": "a-secret", "scopes": ["ott_channels_read"]}
    with Simulator(clock="frozen", providers={"salesforce": {"clients": [package]}}) as sim:
        good = asking(sim)("POST", "/v2/token", json=ASK)
        assert (good.status, good.json["scope"]) == (200, "ott_channels_read")
        answer = asking(sim)("POST", "/v2/token", json={**ASK, **change})
        assert (answer.status, answer.json["error"]) == (status, error)
        assert answer.json["error_uri"] == "https://developer.salesforce.com/docs"
        assert list(answer.json) == ["error", "error_description", "error_uri"]
        assert description in (None, answer.json["error_description"])
        legacy = asking(sim)("POST", "/v1/requestToken", json={"clientId": "stranger", "clientSecret": "x"})
        assert (legacy.status, legacy.json) == (401, {"message": "Unauthorized", "errorcode": 1, "documentation": ""})


def test_a_token_request_that_is_not_json_is_answered_in_oauth_s_words(http: Http) -> None:
    answer = http("POST", "/v2/token", body=b"grant_type=client_credentials")
    assert (answer.status, answer.json["error"]) == (400, "invalid_request")


@pytest.mark.parametrize("account", ["12345", 67890])
def test_account_id_comes_as_text_or_number(http: Http, account: str | int) -> None:
    assert http("POST", "/v2/token", json={**ASK, "account_id": account}).status == 200


SCOPE = "offline ott_chat_messaging_send"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize(
    "media", ["application/x-www-form-urlencoded", "Application/X-WWW-Form-Urlencoded; charset=UTF-8"]
)
def test_a_form_is_taken_for_a_token_request_and_noted(http: Http, control: Http, media: str) -> None:
    form = urlencode({**ASK, "client_secret": "a+secret & more", "scope": SCOPE, "account_id": "510001"})
    answer = http("POST", "/v2/token", body=form, headers={"Content-Type": media})
    assert (answer.status, answer.json["scope"]) == (200, SCOPE)
    (request,) = control("GET", "requests").json["requests"]
    assert request["notes"] == ["the token request is a form; the document asks for application/json"]
    for secret in ("a+secret", "a%2Bsecret", answer.json["access_token"]):
        assert secret not in json.dumps(request)
    assert http("POST", "/ott/v1/send", json=SEND, headers=bearer(answer.json["access_token"])).status == 201


def test_a_form_says_who_is_asking(http: Http, control: Http) -> None:
    given = control("POST", "sandboxes", json={"name": "ci-18"}).json["credentials"]["salesforce"]
    ask = {**ASK, "client_id": given["client_id"], "client_secret": given["client_secret"]}
    token = http("POST", "/v2/token", body=urlencode(ask), headers=FORM).json["access_token"]
    assert http("POST", "/ott/v1/send", json=SEND, headers=bearer(token)).status == 201
    assert control("GET", "messages", headers={"X-Sim-Sandbox": "ci-18"}).json["total"] == 1
    wrong = http("POST", "/v2/token", body=urlencode({**ask, "client_secret": "wrong"}), headers=FORM)
    assert (wrong.status, wrong.json["error"]) == (401, "invalid_client")


@pytest.mark.parametrize(
    "body", [b"", b"grant_type", b"%", b"\xff=\xfe&client_id=%ff", b"grant_type=client_credentials&client_id=a"]
)
def test_a_form_with_nothing_in_it_is_an_invalid_request(http: Http, body: bytes) -> None:
    answer = http("POST", "/v2/token", body=body, headers=FORM)
    assert (answer.status, answer.json["error"]) == (400, "invalid_request")


def test_json_under_the_type_of_a_form_is_json(http: Http) -> None:
    assert http("POST", "/v2/token", body=json.dumps(ASK), headers=FORM).status == 200


def test_a_strict_simulator_takes_no_form() -> None:
    with Simulator(clock="frozen", strict=True) as strict:
        answer = asking(strict)("POST", "/v2/token", body=urlencode(ASK), headers=FORM)
        assert (answer.status, answer.json["error"]) == (400, "invalid_request")
        assert "form" in answer.json["error_description"]
        legacy = urlencode({"clientId": "a", "clientSecret": "b"})
        assert asking(strict)("POST", "/v1/requestToken", body=legacy, headers=FORM).json["errorcode"] == 10000


def test_the_legacy_path_takes_a_form_too(http: Http) -> None:
    form = urlencode({"clientId": "a", "clientSecret": "b", "accessType": "offline"})
    assert http("POST", "/v1/requestToken", body=form, headers=FORM).json.keys() >= {"accessToken", "refreshToken"}


@pytest.mark.parametrize("path", ["/v2/token/", "/V2/Token/", "/salesforce/v2/token/"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_token_path_with_a_slash_at_its_end_is_not_found_and_says_so(http: Http, path: str, method: str) -> None:
    answer = http(method, path, **({"json": ASK} if method == "POST" else {}))
    assert (answer.status, answer.json["errorcode"]) == (404, 30003)
    assert answer.json["message"] == "Service Not Found: /v2/token has no slash at its end"


@pytest.mark.parametrize("asked", ["GET /v1/requestToken", "POST /v1/requestToken/", "PUT /v1/requesttoken"])
def test_what_is_not_at_the_legacy_path_is_told_as_it_tells(http: Http, asked: str) -> None:
    answer = http(*asked.split(), json={})
    assert (answer.status, answer.json) == (
        404,
        {
            "message": "Not Found",
            "errorcode": 404,
            "documentation": "https://code.docs.exacttarget.com/rest/errors/404",
        },
    )


GRANTS = (
    'Use "authorization_code" or "refresh_token" or "client_credentials" or '
    '"urn:ietf:params:oauth:grant-type:jwt-bearer" as the grant_type.'
)


def test_grants_are_told_apart(http: Http) -> None:
    unknown = http("POST", "/v2/token", json={**ASK, "grant_type": "password"})
    assert (unknown.status, unknown.json["error"], unknown.json["error_description"]) == (
        400,
        "unsupported_grant_type",
        GRANTS,
    )
    for grant in ("refresh_token", "authorization_code", "urn:ietf:params:oauth:grant-type:jwt-bearer"):
        other = http("POST", "/v2/token", json={**ASK, "grant_type": grant, "refresh_token": "never-issued"})
        assert (other.status, other.json["error"]) == (400, "invalid_grant")


def test_a_package_asks_at_the_path_of_its_kind() -> None:
    old = {"client_id": "old", "client_secret": "s", "legacy": True}
    new = {"client_id": "new", "client_secret": "s", "legacy": False}
    with Simulator(clock="frozen", providers={"salesforce": {"clients": [old, new]}}) as sim:
        http = asking(sim)
        wrong = http("POST", "/v2/token", json={**ASK, "client_id": "old", "client_secret": "s"})
        assert (wrong.status, wrong.json["error"]) == (401, "invalid_client")
        assert "was created in a legacy package" in wrong.json["error_description"]
        assert http("POST", "/v2/token", json={**ASK, "client_id": "new", "client_secret": "s"}).status == 200
        wrong = http("POST", "/v1/requestToken", json={"clientId": "new", "clientSecret": "s"})
        assert (wrong.json["errorcode"], wrong.json["documentation"]) == (10007, "")
        assert wrong.json["message"].startswith("This integration is not eligible to use the legacy /v1/requestToken")
        assert http("POST", "/v1/requestToken", json={"clientId": "old", "clientSecret": "s"}).status == 200


def test_a_refresh_token_that_was_never_issued_is_refused(http: Http) -> None:
    ask = {"clientId": "an-app", "clientSecret": "a-secret"}
    unauthorized = {"message": "Unauthorized", "errorcode": 1, "documentation": ""}
    for unknown in ("never-issued", "YOUR_ACCESS_TOKEN"):
        answer = http("POST", "/v1/requestToken", json={**ask, "refreshToken": unknown})
        assert (answer.status, answer.json) == (401, unauthorized)
    issued = http("POST", "/v1/requestToken", json={**ask, "accessType": "offline"}).json["refreshToken"]
    assert http("POST", "/v1/requestToken", json={**ask, "refreshToken": issued}).status == 200
    other = {**ask, "clientId": "another-app", "refreshToken": issued}
    assert http("POST", "/v1/requestToken", json=other).json == unauthorized


def test_the_legacy_token_lives_an_hour(http: Http, advance: Advance) -> None:
    ask = {"clientID": "an-app", "clientSecret": "a-secret", "accessType": "offline"}
    answer = http("POST", "/v1/requestToken", json=ask, query={"legacy": "1"}).json
    assert set(answer) == {"accessToken", "expiresIn", "legacyToken", "refreshToken"}
    assert answer["expiresIn"] == 3600
    again = {**ask, "refreshToken": answer["refreshToken"], "accessType": "online"}
    assert http("POST", "/v1/requestToken", json=again).json.keys() == {"accessToken", "expiresIn", "refreshToken"}
    headers = bearer(answer["accessToken"])
    advance("3599s")
    assert http("POST", "/ott/v1/send", json=SEND, headers=headers).status == 201
    advance("1s")
    assert http("POST", "/ott/v1/send", json=SEND, headers=headers).status == 401


def test_client_ids_of_any_letters_make_tokens_that_fit_a_header(http: Http) -> None:
    token = http("POST", "/v2/token", json={**ASK, "client_id": "Über app.7"}).json["access_token"]
    assert token.isascii()
    assert http("POST", "/ott/v1/send", json=SEND, headers=bearer(token)).status == 201


def test_a_strict_simulator_knows_no_fixed_token(http: Http) -> None:
    fixed = bearer("YOUR_ACCESS_TOKEN")
    assert http("POST", "/ott/v1/send", json=SEND, headers=fixed).status == 201
    with Simulator(clock="frozen", strict=True) as strict:
        assert asking(strict)("POST", "/ott/v1/send", json=SEND, headers=fixed).status == 401
        token = asking(strict)("POST", "/v2/token", json=ASK).json["access_token"]
        assert asking(strict)("POST", "/ott/v1/send", json=SEND, headers=bearer(token)).status == 201


def test_a_sandbox_is_found_by_its_client_and_by_its_token(http: Http, control: Http) -> None:
    given = control("POST", "sandboxes", json={"name": "ci-17"}).json["credentials"]["salesforce"]
    ask = {**ASK, "client_id": given["client_id"], "client_secret": given["client_secret"]}
    issued = http("POST", "/v2/token", json=ask).json["access_token"]
    for token in (issued, given["access_token"]):
        assert http("POST", "/ott/v1/send", json=SEND, headers=bearer(token)).status == 201
    assert control("GET", "messages").json["total"] == 0
    assert control("GET", "messages", headers={"X-Sim-Sandbox": "ci-17"}).json["total"] == 2
    wrong = http("POST", "/v2/token", json={**ask, "client_secret": "wrong"})
    assert (wrong.status, wrong.json["error_description"]) == (401, INVALID_SECRET)


def test_the_journal_keeps_no_secret(http: Http, control: Http) -> None:
    token = http("POST", "/v2/token", json=ASK).json["access_token"]
    http("POST", "/ott/v1/registration", json=PAGE, headers=bearer(token))
    journal = json.dumps(control("GET", "requests").json)
    for secret in ("a-secret", token, "app-secret", "page-token", '"verify"'):
        assert secret not in journal
