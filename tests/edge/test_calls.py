"""What a request says, however it is written: its path, its headers, its body."""

import gzip
import socket
import zlib
from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgsim.model import Call
from msgsim.provider import discover
from msgsim.testing import Answer, Simulator
from msgsim.web.edge.calls import decoded, request_headers
from msgsim.web.edge.replies import TooLarge, Undecoded

from tests.conftest import Http
from tests.raw import Client, send, status
from tests.samples import headers, sample

PROVIDERS = discover()
BODY = msgspec.json.encode({"to": "+37255000001", "messages": [{"channel": "sms", "text": "x"}]})
PROOF = headers(PROVIDERS["messente"])


@pytest.fixture
def strict() -> Iterator[Simulator]:
    with Simulator(clock="frozen", strict=True) as simulator:
        yield simulator


# Paths


@pytest.mark.parametrize("path", ["//v2/token", "/v2//token", "///v2///token", "//salesforce//v2/token"])
def test_slashes_that_stand_twice_are_one(http: Http, control: Http, path: str) -> None:
    asked = {"grant_type": "client_credentials", "client_id": "a", "client_secret": "b"}
    assert http("POST", path, json=asked).status == 200
    assert control("GET", "requests").json["requests"][0]["notes"][0].startswith(f"the path is written {path}, ")


@pytest.mark.parametrize("name", sorted(PROVIDERS))
def test_every_path_is_the_same_with_two_slashes(http: Http, control: Http, name: str) -> None:
    provider = PROVIDERS[name]
    if name == "sinch":
        control("PUT", "settings", {"sinch": {"status_rate_limit": 0}})
    for endpoint in provider.endpoints:
        once = http(endpoint.method, endpoint.path, body=b"{}", headers=headers(provider))
        twice = http(endpoint.method, f"/{endpoint.path}", body=b"{}", headers=headers(provider))
        assert twice.status == once.status, endpoint.path
        assert "x-sim-error" not in twice.headers


def test_strict_refuses_two_slashes(strict: Simulator) -> None:
    with Client(strict) as client:
        assert status(client.ask(send())[0]) == 201
        assert status(client.ask(send().replace(b" /v1", b" //v1"))[0]) == 400


def test_two_slashes_are_no_way_around_our_own_checks(http: Http) -> None:
    answer = http("GET", "//__sim/v1/messages", headers={"Host": "evil.example"})
    assert (answer.status, answer.headers["x-sim-error"]) == (404, "Not found by the simulator")


@pytest.mark.parametrize("id", ["a/b", "a%b", "a%2Fb", "100%", "ä/ö", "a b"])
def test_a_registration_may_have_a_slash_in_its_id(http: Http, id: str) -> None:
    from urllib.parse import quote

    salesforce = PROVIDERS["salesforce"]
    body = salesforce.contract.schema("registration").document["examples"][0]
    platform = body["ottPlatformName"]
    member = "pageId" if platform == "messenger" else "channelId"
    body = {**body, "ottPlatformAttributes": {**body["ottPlatformAttributes"], member: id}}
    given = headers(salesforce)
    assert http("POST", "/ott/v1/registration", json=body, headers=given).status == 201
    found = http("GET", f"/ott/v1/registration/{platform}/{quote(id, safe='')}", headers=given)
    assert found.status == 200
    assert found.json["ottPlatformAttributes"][member] == id


def test_a_slash_of_a_name_is_none_of_the_path(http: Http) -> None:
    assert http("POST", "/v1%2Fomnimessage", body=BODY, headers=PROOF).status == 404
    assert http("POST", "/v1/%6fmnimessage", body=BODY, headers=PROOF).status == 201


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("host", ["127.0.0.1", "sim.example"])
def test_the_root_answers_a_health_check(http: Http, method: str, host: str) -> None:
    answer = http(method, "/", headers={"Host": host})
    assert answer.status == 200
    assert (b"/__sim/" in answer.body) is (method == "GET")


# Headers


def raw(sim: Simulator, head: str, body: bytes = BODY) -> int:
    with Client(sim) as client:
        given = f"POST /v1/omnimessage HTTP/1.1\r\nHost: sim\r\n{head}Content-Length: {len(body)}\r\n\r\n".encode(
            "latin-1"
        )
        return status(client.ask(given + body)[0])


def test_blanks_around_a_value_are_none_of_it(sim: Simulator) -> None:
    assert raw(sim, f"Authorization: \t {PROOF['Authorization']}  \t\r\nX-Sim-Sandbox:  default \r\n") == 201


def test_headers_that_come_twice_are_both_told(sim: Simulator, control: Http) -> None:
    assert (
        raw(sim, f"Authorization: {PROOF['Authorization']}\r\nX-Trace: one\r\nx-trace:\ttwo \r\nX-TRACE: three\r\n")
        == 201
    )
    shown = control("GET", "requests").json["requests"][0]["headers"]
    assert shown["x-trace"] == "one, two, three"


def test_credentials_that_come_twice_are_nobody(sim: Simulator) -> None:
    assert raw(sim, f"Authorization: {PROOF['Authorization']}\r\nAuthorization: Basic YTpi\r\n") == 401


def test_a_host_that_comes_twice_is_no_name_of_this_machine(sim: Simulator) -> None:
    with Client(sim) as client:
        head = b"GET /__sim/v1/messages HTTP/1.1\r\nHost: evil.example\r\nHost: localhost\r\n\r\n"
        assert status(client.ask(head)[0]) in (400, 403)


def test_cookies_are_joined_as_cookies() -> None:
    given = [(b"cookie", b"a=1"), (b"x", b" 1 "), (b"cookie", b"b=2"), (b"x", b"2")]
    assert request_headers({"headers": given}) == {"cookie": "a=1; b=2", "x": "1, 2"}


def test_a_client_that_leaves_before_its_body_is_there_said_nothing(sim: Simulator, control: Http) -> None:
    whole = send()
    with Client(sim) as client:
        client.socket.sendall(whole[: whole.index(b"\r\n\r\n") + 4])
        client.socket.shutdown(socket.SHUT_WR)
        assert client.answer() == (b"", b"")
    with Client(sim) as client:
        client.socket.sendall(send(more="Expect: 100-continue\r\n")[: -len(BODY)])
        assert client.file.readline() == b"HTTP/1.1 100 Continue\r\n"
    assert control("GET", "requests").json["requests"] == []


# Bodies


def raw_deflate(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(body) + packer.flush()


PACKED = {"gzip": gzip.compress(BODY, mtime=0), "x-gzip": gzip.compress(BODY, mtime=0), "deflate": zlib.compress(BODY)}


def post(http: Http, coding: str, body: bytes) -> Answer:
    return http("POST", "/v1/omnimessage", body=body, headers={**PROOF, "Content-Encoding": coding})


@pytest.mark.parametrize(
    ("coding", "body"), [*PACKED.items(), ("deflate", raw_deflate(BODY)), ("GZip", PACKED["gzip"]), ("identity", BODY)]
)
def test_a_packed_body_is_read(http: Http, control: Http, coding: str, body: bytes) -> None:
    assert post(http, coding, body).status == 201
    assert control("GET", "requests").json["requests"][0]["body"] == BODY.decode()


@pytest.mark.parametrize("name", sorted(PROVIDERS))
def test_every_provider_takes_gzip(http: Http, name: str) -> None:
    provider = PROVIDERS[name]
    endpoint = next(one for one in provider.endpoints if one.schema and one.method == "POST")
    packed = gzip.compress(msgspec.json.encode(sample(provider)))
    given = headers(provider)
    whole = http("POST", endpoint.path, json=sample(provider), headers=given)
    answer = http("POST", endpoint.path, body=packed, headers={**given, "Content-Encoding": "gzip"})
    assert answer.status == whole.status


@pytest.mark.parametrize(
    ("coding", "body", "said"),
    [
        ("br", BODY, "br is not known"),
        ("zstd", BODY, "zstd is not known"),
        ("gzip, gzip", gzip.compress(PACKED["gzip"], mtime=0), "gzip, gzip is not known"),
        ("gzip", BODY, "says gzip"),
        ("gzip", PACKED["gzip"][:-9], "not all of one"),
        ("gzip", PACKED["gzip"] * 2, "not all of one"),
        ("gzip", b"", "says gzip"),
        ("deflate", b"\xff" * 9, "says deflate"),
    ],
)
def test_a_body_that_stays_packed_is_refused_with_the_reason(http: Http, coding: str, body: bytes, said: str) -> None:
    answer = post(http, coding, body)
    assert (answer.status, answer.headers["x-sim-error"]) == (415, "The body is not decoded")
    assert said in answer.json["detail"]


def test_a_bomb_is_refused(http: Http, control: Http) -> None:
    """A hundred megabytes in a hundred kilobytes, never unpacked beyond the limit."""
    bomb = gzip.compress(b" " * (100 << 20), 1)
    answer = post(http, "gzip", bomb)
    assert (answer.status, answer.headers["x-sim-error"]) == (413, "The body is too large")
    assert control("GET", "health").status == 200


@given(body=st.binary(max_size=3000), limit=st.integers(1, 3000))
def test_what_was_packed_is_unpacked_up_to_the_limit(body: bytes, limit: int) -> None:
    for coding, packed in [
        ("gzip", gzip.compress(body, mtime=0)),
        ("deflate", zlib.compress(body)),
        ("deflate", raw_deflate(body)),
    ]:
        call = Call("POST", "/", "", {"content-encoding": coding}, packed)
        if len(body) <= limit:
            assert decoded(call, limit).body == body
        else:
            with pytest.raises(TooLarge):
                decoded(call, limit)


@given(junk=st.binary(max_size=200), coding=st.sampled_from(["gzip", "deflate", "br", "\xff", "a,b"]))
def test_junk_is_unpacked_or_refused(junk: bytes, coding: str) -> None:
    call = Call("POST", "/", "", {"content-encoding": coding}, junk)
    try:
        assert len(decoded(call, 1000).body) <= 1000
    except (TooLarge, Undecoded):
        return


def test_the_control_api_says_that_it_takes_bodies_as_they_are(control: Http) -> None:
    answer = control("PUT", "settings", body=gzip.compress(b"{}", mtime=0), headers={"Content-Encoding": "gzip"})
    assert answer.status == 415
