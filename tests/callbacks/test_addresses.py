"""Where callbacks go: byte for byte where they were told to, and nowhere they must not."""

import base64
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgsim.callbacks.address import Forbidden, address, check, is_allowed
from msgsim.cli.settings import read
from msgsim.config import ConfigError
from msgsim.provider import discover
from msgsim.testing import Simulator, call

from tests.conftest import START
from tests.receiver import Receiver
from tests.samples import headers

MESSENTE = headers(discover()["messente"])
SINCH = {"UserName": "sinch-default", "AuthenticationToken": "sinch-default-token"}
TARGETS = [
    "/cb?sig=a%2Fb%3D%3D&u=%7Ex%3A1",
    "/a/../b",
    "/a/./b//c/",
    "/%2e%2e/%41?",
    "/?",
    "/x?a=1+2&b=%20&c=%zz&&d",
    "/x;y=1,2?q=[1]&r={2}|^`\\",
]


def test_what_a_url_says_goes_out_byte_for_byte_wherever_it_was_given(receiver: Receiver) -> None:
    """A request's own URL, an account's, and those of settings, of every provider that has callbacks."""
    for target in TARGETS:
        url = f"{receiver.url}{target}"
        settings = {
            "messente": {"inbound_url": url},
            "sinch": {"callback_url": url, "dlr_url": url, "mo_url": url},
        }
        with Simulator(clock=f"frozen@{START}", providers=settings, seed=2) as sim:
            body: Any = {"to": "+37255000001", "dlr_url": url, "messages": [{"channel": "sms", "text": "x"}]}
            assert call(f"{sim.url}/v1/omnimessage", "POST", body, headers=MESSENTE).status == 201, url
            body = {"destination": "5511987654321", "messageText": "x"}
            assert call(f"{sim.url}/v1/send-sms", "POST", body, headers=SINCH).status == 200
            for provider, to in (("messente", "1234"), ("sinch", "28000")):
                asked = {"provider": provider, "from": "+5511987654321", "to": to, "text": "x"}
                assert sim.control("POST", "inbound", asked).status == 200
            sim.control("POST", "clock/run-until-idle")
        paths = [post.path for post in receiver.posts]
        assert len(paths) == 6, "two reports, callback and DLR, two inbound messages"
        assert set(paths) == {target}
        receiver.posts.clear()


def test_a_query_of_our_own_is_added_to_the_given_one(receiver: Receiver) -> None:
    url = f"{receiver.url}/mo?sig=a%2Fb#top"
    settings = {"sinch": {"mo_url": url, "mo_method": "GET"}}
    with Simulator(clock=f"frozen@{START}", providers=settings) as sim:
        asked = {"provider": "sinch", "from": "+5511987654321", "to": "28000", "text": "a b"}
        assert sim.control("POST", "inbound", asked).status == 200
    (post,) = receiver.posts
    assert post.path.startswith("/mo?sig=a%2Fb&id=")


@given(st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters="#"), max_size=30))
def test_any_printable_path_and_query_is_kept(rest: str) -> None:
    assert address(f"http://h:81/{rest}", ()).url.raw_path_qs == f"/{rest}"
    assert address(f"http://h?{rest}", ()).url.raw_path_qs == f"/?{rest}"


def test_what_no_request_line_can_hold_is_escaped() -> None:
    assert address("http://h/ä b?c=\r\nX: y", ()).url.raw_path_qs == "/%C3%A4%20b?c=%0D%0AX:%20y"


def test_credentials_of_a_url_are_sent_and_shown_without_saying_them(receiver: Receiver) -> None:
    url = receiver.url.replace("://", "://us%20er:p%40ss%C3%A4@")
    with Simulator(clock=f"frozen@{START}") as sim:
        body = {"to": "+37255000001", "dlr_url": f"{url}/dlr", "messages": [{"channel": "sms", "text": "x"}]}
        id = call(f"{sim.url}/v1/omnimessage", "POST", body, headers=MESSENTE).json["omnimessage_id"]
        sim.control("POST", "clock/run-until-idle")
        expected = base64.b64encode("us er:p@ssä".encode()).decode()
        assert [post.headers["authorization"] for post in receiver.posts] == [f"Basic {expected}"] * 2
        first, _ = sim.control("GET", "callbacks").json["callbacks"]
        shown = f"{receiver.url.replace('://', '://***@')}/dlr"
        assert first["url"] == shown
        assert first["attempts"][0]["headers"]["Authorization"] == "***"
        for path in ("callbacks", "requests", "journal.jsonl", "journal.har", f"messages/{id}", "callbacks/1/explain"):
            told = sim.control("GET", path).body.decode()
            assert "***@" in told, path
            assert "p%40ss" not in told, path
            assert expected not in told, path


@pytest.mark.parametrize(
    ("entry", "host", "port", "let_in"),
    [
        ("Hooks.Example", "hooks.example", 80, True),
        ("hooks.example", "HOOKS.example", 443, True),
        ("hooks.example.", "hooks.example", 80, True),
        ("hooks.example:8443", "hooks.example", 8443, True),
        ("hooks.example:8443", "hooks.example", 443, False),
        ("hooks.example", "a.hooks.example", 80, False),
        ("8.8.8.8", "8.8.8.8", 80, True),
        ("8.8.8.8:81", "8.8.8.8", 80, False),
        ("[2001:db8::1]:81", "2001:db8::1", 81, True),
        ("2001:DB8::1", "2001:db8::1", 81, True),
        ("[2001:db8::1]:81", "2001:db8::1", 82, False),
    ],
)
def test_a_list_of_hosts_names_them_without_case_and_may_name_a_port(
    entry: str, host: str, port: int, let_in: bool
) -> None:
    assert is_allowed(host, port, (entry,)) == let_in
    if let_in:
        check(host, port, ["198.51.100.7"], (entry,))
    else:
        with pytest.raises(Forbidden, match="neither loopback nor private"):
            check(host, port, ["198.51.100.7"], (entry,))


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Of one's own, for 127.0.0.1: the certificate and its key."""
    folder = tmp_path_factory.mktemp("tls")
    cert, key = folder / "cert.pem", folder / "key.pem"
    command = f"openssl req -x509 -newkey rsa:2048 -nodes -keyout {key} -out {cert} -days 3650 -subj /CN=receiver"
    subprocess.run([*command.split(), "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
    return cert, key


@pytest.fixture
def https(certificate: tuple[Path, Path]) -> Iterator[Receiver]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    with Receiver(context) as receiving:
        yield receiving


@pytest.mark.parametrize("trusted", [False, True])
def test_a_certificate_of_ones_own_is_trusted_where_a_setting_names_it(
    https: Receiver, certificate: tuple[Path, Path], trusted: bool
) -> None:
    settings: Any = {"callback_ca": str(certificate[0])} if trusted else {}
    with Simulator(clock=f"frozen@{START}", **settings) as sim:
        body = {"to": "+37255000001", "dlr_url": f"{https.url}/dlr", "messages": [{"channel": "sms", "text": "x"}]}
        call(f"{sim.url}/v1/omnimessage", "POST", body, headers=MESSENTE)
        sim.control("POST", "clock/advance", {"by": "300ms"})
        first, _ = sim.control("GET", "callbacks").json["callbacks"]
    (attempt,) = first["attempts"]
    if trusted:
        assert attempt["answered"] == 200
        assert [post.path for post in https.posts] == ["/dlr"]
    else:
        assert attempt["error"].startswith("the certificate of 127.0.0.1:")
        assert https.posts == []


@pytest.mark.parametrize(("text", "reason"), [(None, "No such file"), ("hello", "holds no certificate")])
def test_a_file_without_certificates_is_a_mistake_of_the_settings(
    tmp_path: Path, text: str | None, reason: str
) -> None:
    file = tmp_path / "ca.pem"
    if text is not None:
        file.write_text(text)
    with pytest.raises(ConfigError, match=f"--callback-ca: {file}: {reason}"):
        read({"callback_ca": str(file)}, {})
