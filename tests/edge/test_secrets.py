"""A secret is in no output: by its name, and by what it is, however it is written."""

import json
from base64 import b64encode
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgsim.cli.settings import read
from msgsim.config import ConfigError
from msgsim.engine.redaction import Secrets
from msgsim.provider import discover
from msgsim.testing import Answer, Simulator, call

from tests.conftest import Http

NAMES = frozenset({"client_secret", "refresh_token", "authenticationtoken"})
SECRET = 'hush/"hüsh" 7'
TOKEN = {"grant_type": "client_credentials", "client_id": "an-app"}


def outputs(control: Http, sim: Simulator) -> dict[str, str]:
    """Everything that tells of the requests there were."""
    numbers = [shown["number"] for shown in control("GET", "requests").json["requests"]]
    assert numbers, "no request came into the journal"
    paths = ["requests", "journal.jsonl", "journal.har", "lint", "coverage"]
    paths += [f"requests/{number}{more}" for number in numbers for more in ("", "/explain")]
    told = {path: control("GET", path).body.decode() for path in paths}
    pages = ["", "requests", *[f"requests/{number}" for number in numbers]]
    return told | {f"page {page}": call(f"{sim.url}/__sim/{page}", "GET").body.decode() for page in pages}


def leaks(secret: str, told: dict[str, str]) -> list[str]:
    ways = {secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1], quote(secret, safe="")}
    return [f"{way} in {place}: {text}" for place, text in told.items() for way in ways if way in text]


def in_json(secret: str) -> list[bytes]:
    good = {**TOKEN, "client_secret": secret}
    return [
        json.dumps(good).encode(),
        json.dumps(good, ensure_ascii=False).encode(),
        json.dumps({**TOKEN, "client_secret": [secret]}).encode(),
        json.dumps({**TOKEN, "client_secret": {"a": [1, {"b": secret}]}}).encode(),
        json.dumps(good).replace("client_secret", r"client\u005fsecret").encode(),
        json.dumps(good).replace("client_secret", "Client_SECRET").encode(),
        json.dumps({**good, "text": f"it is {secret}!"}).encode(),
        json.dumps(good)[:-2].encode(),
        json.dumps(good).encode("utf-16"),
        json.dumps(good).encode("utf-16-le"),
        json.dumps(good).replace("/", r"\/").encode(),
        json.dumps(good).replace('": "', '"\n:\t"').encode(),
        json.dumps("".join(json.dumps(good))).encode(),
    ]


def in_forms(secret: str) -> list[tuple[str, bytes]]:
    form, parts = "application/x-www-form-urlencoded", "multipart/form-data; boundary=xyz"
    part = f'--xyz\r\nContent-Disposition: form-data; name="client_secret"\r\n\r\n{secret}\r\n--xyz--\r\n'
    return [
        (form, f"client_id=a&client_secret={quote(secret)}&b=c".encode()),
        (form, f"a=b;client_secret={quote(secret)}".encode()),
        (form, f"client%5Fsecret={secret}".encode()),
        (form, f"client_secret[]=1&client_secret%5B1%5D={quote(secret)}".encode()),
        (form, f"a=b&{quote(secret)}=c&client_secret={quote(secret, safe='')}".encode()),
        (parts, part.encode()),
        (parts, part.replace("\r\n", "\n").encode()),
        (parts, ('--xyz\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n' + part).encode()),
    ]


FORMS = [("application/json", body) for body in in_json(SECRET)] + in_forms(SECRET)


@pytest.mark.parametrize(("media", "body"), FORMS, ids=range(len(FORMS)))
def test_a_client_secret_is_nowhere_however_it_is_written(
    sim: Simulator, http: Http, control: Http, media: str, body: bytes
) -> None:
    http("POST", "/v2/token", body=body, headers={"Content-Type": media})
    assert leaks(SECRET, outputs(control, sim)) == []


def messente(secret: str) -> dict[str, str]:
    return {"Authorization": "Basic " + b64encode(f"an-app:{secret}".encode()).decode()}


ELSEWHERE = [
    lambda http, secret: http(
        "POST", "/v1/omnimessage", json={"to": "+3725550001", "x": f"my password: {secret}"}, headers=messente(secret)
    ),
    lambda http, secret: http(
        "POST",
        "/v1/omnimessage",
        body=b'{"to": "' + "".join(f"\\u{ord(letter):04x}" for letter in secret).encode() + b'"}',
        headers=messente(secret),
    ),
    lambda http, secret: http("GET", f"/v1/omnimessage/{quote(secret, safe='')}/status", headers=messente(secret)),
    lambda http, secret: http("GET", f"/v1/omnimessage/x/status?p={quote(secret)}", headers=messente(secret)),
    lambda http, secret: http(
        "GET", "/v1/omnimessage/x/status", headers={**messente(secret), "X-Other": f"a {quote(secret)} b"}
    ),
    lambda http, secret: http(
        "GET", "/v1/omnimessage/x/status", headers={**messente(secret), "X-Copy": messente(secret)["Authorization"]}
    ),
    lambda http, secret: http("DELETE", "//v1/omnimessage/" + quote(secret, safe=""), headers=messente(secret)),
]


@pytest.mark.parametrize("ask", ELSEWHERE, ids=range(len(ELSEWHERE)))
@pytest.mark.parametrize("secret", ["hunter2", "pa/ss w%rd", "pässwörd\\9"])
def test_a_password_is_hidden_wherever_it_stands(
    sim: Simulator, http: Http, control: Http, ask: Any, secret: str
) -> None:
    ask(http, secret)
    told = outputs(control, sim)
    assert leaks(secret, told) == []
    assert leaks(b64encode(f"an-app:{secret}".encode()).decode(), told) == []


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/v1/sms-status?id=key-4711-x", {"UserName": "me", "AuthenticationToken": "key-4711-x"}),
        ("/v1/send-sms?username=me&Authentication%54oken=key-4711-x&destination=1&x=key-4711-x", {}),
        ("/v1/send-sms?username=me;authenticationtoken=key-4711-x", {}),
        ("/ott/v1/send?access_token=key-4711-x", {"Authorization": "Bearer key-4711-x"}),
        ("/ott/v1/registration/line", {"Authorization": "bearer   key-4711-x"}),
    ],
)
def test_a_token_is_hidden_in_path_and_query(
    sim: Simulator, http: Http, control: Http, path: str, headers: dict[str, str]
) -> None:
    http("GET", path, headers=headers)
    assert leaks("key-4711-x", outputs(control, sim)) == []


def test_an_api_key_is_hidden_in_a_body(sim: Simulator, http: Http, control: Http) -> None:
    body = {"payload": [{"recipient": "573000000000", "templateID": "key-4711-x", "channelType": 3}]}
    assert http("POST", "/ott/v1/deliver", json=body, headers={"X-API-KEY": "key-4711-x"}).status == 200
    assert leaks("key-4711-x", outputs(control, sim)) == []


def test_a_fixed_token_is_no_name_to_be_shown(control: Http, http: Http, sim: Simulator) -> None:
    """A token without a client in it stands for its account too: a fingerprint is shown in its place."""
    control("PUT", "settings", {"salesforce": {"fixed_tokens": ["token4711"]}})
    answer = http("GET", "/ott/v1/registration/line", headers={"Authorization": "Bearer token4711"})
    assert answer.status == 200
    told = outputs(control, sim)
    assert leaks("token4711", told) == []
    assert json.loads(told["requests"])["requests"][0]["credential"].startswith("token-")


def test_what_is_issued_is_hidden_in_the_journal_and_given_to_the_client(
    sim: Simulator, http: Http, control: Http
) -> None:
    legacy = {"clientId": "a", "clientSecret": "b", "accessType": "offline"}
    issued = http("POST", "/v1/requestToken?legacy=1", json=legacy).json
    told = outputs(control, sim)
    assert [name for name in ("accessToken", "legacyToken", "refreshToken") if leaks(issued[name], told)] == []


TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=6, max_size=20)


@given(secret=TEXT, before=TEXT, how=st.integers(0, 6))
def test_any_secret_is_hidden_by_name_and_by_value(secret: str, before: str, how: int) -> None:
    """In JSON as Python writes it, with every letter escaped, in a query, in a list."""
    every = "".join(f"\\u{int.from_bytes(unit):04x}" for unit in units(secret))
    texts = [
        json.dumps({"a": before, "client_secret": secret}),
        json.dumps({"a": before, "client_secret": secret}, ensure_ascii=False),
        f'{{"client_secret" : "{every}", "b": "{every}"}}',
        json.dumps({"client_secret": [[secret]], "x": secret}),
        f"?a={quote(before)}&client_secret={quote(secret, safe='')}",
        f"a={quote(secret, safe='')};CLIENT%5FSECRET={quote(secret, safe='')}",
        f'{{"refresh_token": {{"x": "{every}"}}',
    ]
    secrets = Secrets(NAMES)
    shown = secrets.by_value(secrets.by_name(texts[how]))
    if secret in before or secret in "client_secret refresh_token":
        return
    for way in {secret, every, json.dumps(secret)[1:-1], quote(secret, safe="")}:
        assert way not in shown.replace("***", "")


def units(text: str) -> list[bytes]:
    data = text.encode("utf-16-be")
    return [data[at : at + 2] for at in range(0, len(data), 2)]


@given(text=st.text(st.sampled_from('"\\{}[]:,=&;ab_%\r\n- client_secret'), max_size=300))
def test_any_text_can_be_searched(text: str) -> None:
    secrets = Secrets(NAMES, ["client"])
    secrets.by_value(secrets.by_name(text))


@pytest.mark.parametrize(
    "text",
    [
        '"client_secret' + r"\"" * 300_000,
        'name="client_secret' * 50_000,
        "--x\n" + "name=client_secret\n" * 50_000,
        '{"client_secret":' * 100_000,
        "client_secret=" * 100_000,
        '"' * 500_000 + "client_secret%",
    ],
    ids=["escapes", "names", "parts", "nested", "pairs", "quotes"],
)
@pytest.mark.timeout(20)
def test_long_texts_are_read_once(text: str) -> None:
    secrets = Secrets(NAMES, ["another-secret"])
    assert "another-secret" not in secrets.by_value(secrets.by_name(text))


# Settings

KEYS = {"cima360": {"keys": {"the-real-key": ["send_sms"], "second-key": ["send_ott"]}}}


def test_keys_that_are_names_are_shown_as_fingerprints(control: Http, http: Http) -> None:
    assert control("PUT", "settings", KEYS).status == 200
    shown = control("GET", "settings").json["cima360"]["keys"]
    assert sorted(shown.values()) == [["send_ott"], ["send_sms"]]
    assert all(name.startswith("key-") for name in shown)
    for path in ("sandboxes/default", "sandboxes", "settings"):
        assert b"the-real-key" not in control("GET", path).body


def test_settings_that_were_shown_can_be_given_back(control: Http, http: Http) -> None:
    control("PUT", "settings", KEYS)
    shown = control("GET", "settings").json["cima360"]
    assert control("PUT", "settings", {"cima360": {**shown, "keys": {**shown["keys"], "third-key": []}}}).status == 200
    sms = {"recipient": "+573001234567", "messageBody": "x"}
    answers: dict[str, Answer] = {
        key: http("POST", "/sms/v1/deliver", json=sms, headers={"X-API-KEY": key})
        for key in ("the-real-key", "second-key", "third-key", next(iter(shown["keys"])))
    }
    assert answers["the-real-key"].status < 300
    assert {answers[key].status for key in ("second-key", "third-key")} == {403}
    assert answers[next(iter(shown["keys"]))].status == 401


WRONG: list[tuple[str, Any]] = [
    ("messente", {"accounts": [{"username": "a", "password": ["hush-4711"]}]}),
    ("messente", {"accounts": [{"username": "a", "password": "hush-4711", "dlr_url": "http://a:hush-4711@[/"}]}),
    ("messente", {"accounts": [{"username": "", "password": "hush-4711"}]}),
    ("messente", {"accounts": {"password": "hush-4711"}}),
    ("messente", {"accounts": ["hush-4711"]}),
    ("messente", {"inbound_secret": {"a": "hush-4711"}}),
    ("messente", {"dlr_url": "ftp://me:hush-4711@host/"}),
    ("sinch", {"users": [{"name": 1, "token": "hush-4711"}]}),
    ("sinch", {"users": "hush-4711"}),
    ("salesforce", {"fixed_tokens": "hush-4711"}),
    ("salesforce", {"fixed_tokens": [["hush-4711"]]}),
    ("salesforce", {"clients": [{"client_id": 1, "client_secret": "hush-4711"}]}),
    ("cima360", {"keys": {"hush-4711": ["send_fax"]}}),
    ("cima360", {"keys": {"hush-4711": "send_sms"}}),
    ("cima360", {"keys": ["hush-4711"]}),
]


@pytest.mark.parametrize(("provider", "settings"), WRONG, ids=str)
def test_a_mistake_in_settings_tells_no_secret(control: Http, provider: str, settings: Any) -> None:
    for answer in (
        control("PUT", "settings", {provider: settings}),
        control("POST", "sandboxes", {"name": "wrong", "settings": {provider: settings}}),
    ):
        assert answer.status == 400
        assert next(iter(settings)) in answer.json["detail"]
        assert b"hush" not in answer.body
    with pytest.raises(ValueError, match=provider) as said:
        Simulator(providers={provider: settings})
    assert "hush" not in str(said.value)


@pytest.mark.parametrize(
    "text",
    ["token: 'hush-4711\nport: 1", "token: hush-4711: x", "- hush-4711", "token: [hush-4711]", "port: hush-4711"],
)
def test_a_settings_file_that_cannot_be_read_tells_no_secret(tmp_path: Any, text: str) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text(text)
    with pytest.raises(ConfigError) as said:
        read({}, {}, str(file))
    assert "hush" not in str(said.value)


def test_every_provider_names_its_secrets_in_lower_case() -> None:
    for provider in discover().values():
        assert provider.secrets == {name.casefold() for name in provider.secrets}
