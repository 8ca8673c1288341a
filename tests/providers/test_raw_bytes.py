"""Whatever bytes come: a provider refuses them in its own words, and the reason is told to whoever asks why."""

import json
from base64 import b64encode
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgsim.config import Config
from msgsim.engine.receive import Engine
from msgsim.model import Call, Unknown
from msgsim.provider import Endpoint, Provider, discover
from msgsim.storage.store import store_in

from tests.conftest import Http
from tests.samples import headers, sample

PROVIDERS = discover()
ENDPOINTS = [(provider, endpoint) for provider in PROVIDERS.values() for endpoint in provider.endpoints]
RAW = st.binary(max_size=60)
ESCAPES = st.sampled_from(
    [
        b"\xff",
        b"\xe1",
        b"\xed\xa0\x80",
        b"\x00",
        b"\n",
        b"\\ud800",
        b"\xef\xbb\xbf",
        b'"',
        b"[" * 5000,
        b"%ff",
        b"1e999",
    ]
)
NAMES = ["authorization", "username", "authenticationtoken", "x-api-key", "content-type", "x-other"]
VALUES = st.builds(
    lambda scheme, value: (scheme + value).decode("latin-1"),
    st.sampled_from([b"", b"Basic ", b"basic\t", b"Bearer ", b"bearer  ", b"Basic " + b64encode(b"a:\xff")]),
    st.one_of(RAW, RAW.map(b64encode)),
)


def spoiled(good: bytes, place: int, junk: bytes) -> bytes:
    return good[: place % (len(good) + 1)] + junk + good[place % (len(good) + 1) :]


def good_body(provider: Provider, endpoint: Endpoint) -> bytes:
    examples = provider.contract.schema(endpoint.schema).document.get("examples") if endpoint.schema else None
    return json.dumps(examples[0]).encode() if examples else b"{}"


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine(Config(store="memory", clock="frozen"), store_in(None), PROVIDERS)


@given(
    where=st.sampled_from(ENDPOINTS),
    known=st.booleans(),
    more=st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=3),
    place=st.integers(0, 400),
    junk=st.one_of(RAW, ESCAPES),
    query=RAW,
    tail=st.sampled_from(["", "/", "/%00", "x", "\udcff".encode("utf-8", "replace").decode()]),
)
@example(ENDPOINTS[0], True, {"authorization": "Basic \xe1"}, 0, b"", b"", "")
@example(ENDPOINTS[0], True, {}, 8, b"\xff", b"", "")
def test_nothing_but_an_answer_comes_of_raw_bytes(
    engine: Engine,
    where: tuple[Provider, Endpoint],
    known: bool,
    more: dict[str, str],
    place: int,
    junk: bytes,
    query: bytes,
    tail: str,
) -> None:
    provider, endpoint = where
    proof = {name.lower(): value for name, value in headers(provider).items()} if known else {}
    said = {**proof, **more}
    body = spoiled(good_body(provider, endpoint), place, junk)
    asked = b"params=" + query + b"&start=" + query + b"&page=" + query
    path = endpoint.path.replace("{", "").replace("}", "") + tail
    call = Call(endpoint.method, path, asked.decode("latin-1"), said, body)
    try:
        reply = engine.receive(call)
    except Unknown:
        return
    assert 200 <= reply.status < 600
    assert not 500 <= reply.status < 600, reply


@pytest.mark.parametrize("path", ["/v2/token", "/v1/requestToken"])
def test_a_token_request_that_is_not_utf8_is_refused(http: Http, path: str) -> None:
    answer = http("POST", path, body=b'{"to": "\xff"}')
    assert answer.status == 400
    assert "x-sim-error" not in answer.headers


@pytest.mark.parametrize("value", [b"Basic \xe1", b"Basic \xff\xfe", b"Basic YTo\xc3\xa9"])
def test_a_user_name_that_is_no_base64_is_nobody(http: Http, value: bytes) -> None:
    for method, path in [
        ("POST", "/v1/omnimessage"),
        ("GET", "/v1/omnimessage/x/status"),
        ("DELETE", "/v1/omnimessage/x"),
    ]:
        assert http(method, path, headers={"Authorization": value.decode("latin-1")}).status == 401


DEEP = b"[" * 50_000
LATIN = "application/json; charset=ISO-8859-1"


@pytest.mark.parametrize("name", sorted(PROVIDERS))
@pytest.mark.parametrize(
    ("body", "media", "reason"),
    [
        (b'{"text": "ol\xe1"}', LATIN, "byte 0xe1 at 12 is not UTF-8: the body says ISO-8859-1"),
        (b'{"text": "ol\xe1"}', "application/json", "byte 0xe1 at 12 is not UTF-8"),
        (b'{"text": "two\nlines"}', "", "a raw line feed at 13"),
        (b'{"text": "a\x07"}', "", "a raw control character 0x07 at 11"),
        (b'\xef\xbb\xbf{"text": "two\tlines"}', "", "a raw tab at 16"),
        (b"{'text': 1}", "", "object keys must be strings at position 1"),
        (b'{"text": 1} x', "", "trailing characters at position 12"),
        (b'{"text": ', "", "it ends too early"),
        (b" ", "", "there is no body"),
        (DEEP, "", "lists and objects are nested too deeply"),
        (b'{"text": 1e999}', "", "number out of range"),
    ],
)
def test_a_body_that_is_no_json_is_told_why(
    http: Http, control: Http, name: str, body: bytes, media: str, reason: str
) -> None:
    provider = PROVIDERS[name]
    endpoint = next(one for one in provider.endpoints if one.schema and one.method == "POST")
    sent = {**headers(provider), "Content-Type": media or "application/json"}
    assert http("POST", endpoint.path, body=body, headers=sent).status == 400
    (shown,) = control("GET", "requests").json["requests"]
    why = control("GET", f"requests/{shown['number']}/explain").json
    assert [one["reason"] for one in why["refused_by"]] == [reason]
    assert f"The reason: {reason}." in why["prose"]
    page = http("GET", f"/__sim/requests/{shown['number']}", headers={"Accept": "text/html"})
    assert reason.encode() in page.body


@pytest.mark.parametrize("name", sorted(PROVIDERS))
def test_a_byte_order_mark_is_accepted_and_noted(http: Http, control: Http, name: str) -> None:
    provider = PROVIDERS[name]
    good: Any = sample(provider)
    endpoint = next(one for one in provider.endpoints if one.schema and one.method == "POST")
    if name == "salesforce":
        register(http)
    sent = b"\xef\xbb\xbf" + json.dumps(good).encode()
    answer = http("POST", endpoint.path, body=sent, headers=headers(provider))
    assert answer.status < 300, answer
    shown = control("GET", "requests").json["requests"][0]
    assert "a byte order mark stands in front of the JSON" in shown["notes"]


def register(http: Http) -> None:
    """The page that the sample of a send is from."""
    salesforce = PROVIDERS["salesforce"]
    body = salesforce.contract.schema("registration").document["examples"][0]
    assert http("POST", "/ott/v1/registration", json=body, headers=headers(salesforce)).status == 201
