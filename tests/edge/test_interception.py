"""Programs that know nothing of a simulator: the documents' own samples, real clients, the proxy and its attackers."""

import asyncio
import contextlib
import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import aiohttp
import httpx
import pytest
import requests
from msgsim.client import Client
from msgsim.testing import Simulator, call
from msgsim.web.edge.authority import Authority

from tests.raw import send

SAMPLES = Path(__file__).parents[2] / "conformance" / "samples"
PROGRAMS = {".sh": "sh", ".py": sys.executable, ".php": "php", ".rb": "ruby", ".java": "java"}
SEND = {"to": "+37255000001", "messages": [{"channel": "sms", "text": "Hello"}]}
MESSENTE = "https://api.messente.com/v1/omnimessage"


@pytest.fixture
def sim(tmp_path: Path) -> Iterator[Simulator]:
    """With both ports open, and an authority of its own."""
    with Simulator(https_port=0, proxy_port=0, ca_folder=str(tmp_path / "ca"), seed=1) as simulator:
        yield simulator


@pytest.fixture
def client(sim: Simulator) -> Iterator[Client]:
    with Client(sim.url) as opened:
        yield opened


def ports(sim: Simulator) -> tuple[int, int]:
    health = sim.control("GET", "health").json
    return health["https_port"], health["proxy_port"]


def msgsim(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "msgsim", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **environment},
        check=False,
    )


def raw(port: int, data: bytes) -> bytes:
    """What is answered until the server hangs up."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(data)
        return b"".join(iter(lambda: connection.recv(65536), b""))


# The documents' own samples, byte for byte


@pytest.mark.parametrize(
    "sample",
    [
        "sinch/send-sms.sh", "sinch/send-sms.py", "sinch/send-sms.php", "sinch/send-sms.rb", "sinch/SendSms.java",
        "sinch/send-bulk-sms.py", "sinch/send-bulk-sms.php", "sinch/send-bulk-sms.rb", "cima360/deliver.sh",
    ],
)  # fmt: skip
def test_a_sample_of_the_documents_runs_as_it_is(sample: str, tmp_path: Path) -> None:
    program = PROGRAMS[Path(sample).suffix]
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not there: its samples run where it is")
    done = msgsim("exec", "--intercept", "--", program, str(SAMPLES / sample), MSGSIM_CA_FOLDER=str(tmp_path))
    assert done.returncode == 0, done.stderr
    answer, _ = json.JSONDecoder().raw_decode(done.stdout[done.stdout.index("{") :])
    assert {"id", "messageId", "messages"} & answer.keys(), done.stdout


# Clients in this process


async def by_aiohttp() -> int:
    async with aiohttp.ClientSession() as session, session.post(MESSENTE, json=SEND) as answer:
        return answer.status


async def by_httpx() -> int:
    async with httpx.AsyncClient(auth=("any", "account")) as session:
        return (await session.post(MESSENTE, json=SEND)).status_code


def by_urllib() -> int:
    request = urllib.request.Request(MESSENTE, json.dumps(SEND).encode(), {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


@pytest.mark.parametrize(
    ("sending", "status"),
    [
        (lambda: requests.post(MESSENTE, json=SEND, auth=("any", "account")).status_code, 201),
        (lambda: httpx.post(MESSENTE, json=SEND, auth=("any", "account")).status_code, 201),
        (lambda: asyncio.run(by_httpx()), 201),
        (lambda: asyncio.run(by_aiohttp()), 401),
        (by_urllib, 401),
    ],
    ids=["requests", "httpx", "httpx-async", "aiohttp", "urllib"],
)
def test_clients_of_this_process_reach_it_by_the_providers_names(
    client: Client, sending: Callable[[], int], status: int
) -> None:
    before = dict(os.environ)
    with client.intercept():
        assert sending() == status
    assert dict(os.environ) == before
    (request,) = client.requests.list()
    assert (request["headers"]["host"], request["status"]) == ("api.messente.com", status)


def test_parallel_tests_of_constant_credentials_are_kept_apart_by_the_proxys(client: Client) -> None:
    for name in ("one", "two"):
        client.sandboxes.create(name)
        with client.sandbox(name).intercept():
            requests.post(MESSENTE, json=SEND, auth=("constant", "account")).raise_for_status()
    assert [len(client.sandbox(name).messages.list()) for name in ("one", "two", "default")] == [1, 1, 0]


def test_many_tunnels_at_once(client: Client) -> None:
    with client.intercept(), ThreadPoolExecutor(16) as threads:
        futures = [threads.submit(requests.post, MESSENTE, json=SEND, auth=("a", "b")) for _ in range(64)]
        assert {future.result().status_code for future in futures} == {201}
    assert client.messages.list(limit=100)[0]["to"] == "+37255000001"


UNMODIFIED = """
import pytest, requests

@pytest.mark.msgsim(intercept=True)
def test_unmodified(msgsim):
    message = {"to": "+37255000001", "messages": [{"channel": "sms", "text": "Hello"}]}
    requests.post("https://api.messente.com/v1/omnimessage", json=message, auth=("a", "b")).raise_for_status()
    assert len(msgsim.messages.list()) == 1
"""


def test_the_fixture_intercepts_where_its_marker_says_so(tmp_path: Path) -> None:
    (tmp_path / "test_unmodified.py").write_text(UNMODIFIED)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=60, check=False)
    assert "1 passed" in done.stdout, done.stdout


# Names


@pytest.mark.parametrize(
    ("host", "path", "said"),
    [
        ("api.messente.com", "/v1/send-sms", b'"code":"101"'),
        ("api.messente.com", "/__sim/v1/health", b'"code":"101"'),
        ("api-messaging.wavy.global", "/v1/omnimessage", b"errorMessage"),
        ("API-MESSAGING.WAVY.GLOBAL.", "/v1/omnimessage", b"errorMessage"),
        ("mc0123456789.rest.marketingcloudapis.com", "/v1/omnimessage", b"Not Authorized"),
        ("api.cima360.com", "/ott/v1/send", b"nothing at this path"),
    ],
)
def test_who_is_named_is_asked_whatever_the_path(sim: Simulator, host: str, path: str, said: bytes) -> None:
    answer = call(f"{sim.url}{path}", "GET", headers={"Host": host})
    assert answer.status in (400, 401, 404)
    assert said.lower() in answer.body.lower()


@pytest.mark.parametrize("name", ["localhost", "api.messente.com", "shop.test"])
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_tls_serves_the_names_that_it_has(sim: Simulator, name: str, version: ssl.TLSVersion) -> None:
    trusting = ssl.create_default_context(cadata=authority(sim))
    trusting.minimum_version = trusting.maximum_version = version
    trusting.set_alpn_protocols(["h2", "http/1.1"])
    with (
        socket.create_connection(("127.0.0.1", ports(sim)[0])) as plain,
        trusting.wrap_socket(plain, server_hostname=name) as connection,
    ):
        assert connection.selected_alpn_protocol() == "http/1.1"
        for _ in range(2):
            connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert connection.recv(65536).startswith(b"HTTP/1.1 200")


def authority(sim: Simulator) -> str:
    return call(f"{sim.url}/__sim/ca.pem", "GET").body.decode()


def test_any_other_name_is_refused_and_told(sim: Simulator) -> None:
    trusting = ssl.create_default_context(cadata=authority(sim))
    with (
        socket.create_connection(("127.0.0.1", ports(sim)[0])) as plain,
        pytest.raises(ssl.SSLError),
    ):
        trusting.wrap_socket(plain, server_hostname="example.com")
    assert "TLS for example.com was refused" in last_action(sim)


def test_a_client_that_does_not_trust_it_is_told(sim: Simulator) -> None:
    with (
        socket.create_connection(("127.0.0.1", ports(sim)[0])) as plain,
        pytest.raises(ssl.SSLCertVerificationError),
    ):
        ssl.create_default_context().wrap_socket(plain, server_hostname="localhost")
    for _ in range(1000):  # Our side learns of it when the alert comes; the journal is asked until then.
        if "does not trust our authority" in last_action(sim):
            return
    pytest.fail(last_action(sim))


def last_action(sim: Simulator) -> str:
    """The newest control action of the journal."""
    lines = call(f"{sim.url}/__sim/v1/journal.jsonl", "GET").body.splitlines()
    return str([json.loads(line) for line in lines if b'"connection refused"' in line][-1:])


def test_plain_http_on_the_tls_port_gets_a_line(sim: Simulator) -> None:
    assert b"write https:// in front of its address" in raw(ports(sim)[0], b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")


def test_a_certificate_of_ones_own_is_shown_instead(tmp_path: Path) -> None:
    mine = Authority.open(tmp_path / "mine", ["shop.example"])
    pem = (tmp_path / "mine/authority.pem").read_text()
    files = {}
    for name, part in (("tls_key", pem[: pem.index("-----BEGIN CERT")]), ("tls_cert", mine.pem.decode())):
        files[name] = str(tmp_path / name)
        Path(files[name]).write_text(part)
    with Simulator(https_port=0, **files) as sim:
        port = ports(sim)[0]
        shown = ssl.get_server_certificate(("127.0.0.1", port))
        assert shown.strip() == mine.pem.decode().strip()
        assert call(f"{sim.url}/__sim/ca.pem", "GET").status == 404


# The proxy, as an attacker would use it


class Elsewhere(BaseHTTPRequestHandler):
    """Somebody else's server."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "9")
        self.end_headers()
        self.wfile.write(b"elsewhere")

    def log_message(self, format: str, *values: Any) -> None:
        pass


@pytest.fixture
def elsewhere() -> Iterator[int]:
    with HTTPServer(("127.0.0.1", 0), Elsewhere) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("request_line", "status", "said"),
    [
        ("CONNECT example.com:443", 502, b"example.com is no provider's host; set proxy_others to tunnel"),
        ("GET http://example.com/", 502, b"example.com is no provider's host"),
        ("CONNECT api4.messente.com:443", 502, b"is a provider's host that is not simulated, and is never asked"),
        ("CONNECT 127.0.0.1:1", 502, b"is no provider's host"),
        ("GET /v1/omnimessage", 400, b"this is a proxy"),
        ("CONNECT api.messente.com:0", 400, b"is no host"),
        ("CONNECT :443", 400, b"is no host"),
        ("GET ftp://api.messente.com/", 400, b"this is a proxy"),
        ("nonsense", 400, b"no HTTP request"),
    ],
)
def test_the_proxy_says_what_it_does_not_do(sim: Simulator, request_line: str, status: int, said: bytes) -> None:
    answer = raw(ports(sim)[1], f"{request_line} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    assert answer.startswith(f"HTTP/1.1 {status} ".encode())
    assert said in answer


def test_the_control_api_is_not_reached_through_it(sim: Simulator) -> None:
    proxy = ports(sim)[1]
    smuggled = b"GET /__sim/v1/health HTTP/1.1\r\nHost: localhost\r\n\r\n"
    first = b"GET http://api.messente.com/v1/omnimessage/x/status HTTP/1.1\r\nHost: localhost\r\n\r\n"
    answer = raw(proxy, first + smuggled)
    assert answer.count(b"HTTP/1.1") == 1
    assert b'"providers"' not in answer
    assert b'"providers"' not in raw(proxy, b"GET http://api.messente.com/__sim/v1/health HTTP/1.1\r\n\r\n")
    assert raw(proxy, b"CONNECT api.messente.com:443 HTTP/1.1\r\n\r\n" + smuggled).startswith(b"HTTP/1.1 400")


def test_inside_a_tunnel_only_the_providers_are_there(sim: Simulator) -> None:
    trusting = ssl.create_default_context(cadata=authority(sim))
    with socket.create_connection(("127.0.0.1", ports(sim)[1])) as plain:
        plain.sendall(b"CONNECT api.messente.com:443 HTTP/1.1\r\n\r\n")
        assert plain.recv(65536).startswith(b"HTTP/1.1 200")
        with trusting.wrap_socket(plain, server_hostname="api.messente.com") as connection:
            connection.sendall(b"GET /__sim/v1/health HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert connection.recv(65536).startswith(b"HTTP/1.1 421")


@pytest.mark.parametrize("asked", ["http", "connect"])
def test_other_hosts_are_tunnelled_where_that_is_asked_for(tmp_path: Path, elsewhere: int, asked: str) -> None:
    with Simulator(proxy_port=0, proxy_others="tunnel", ca_folder=str(tmp_path)) as sim:
        proxy, target = ports(sim)[1], f"127.0.0.1:{elsewhere}"
        if asked == "http":
            answer = raw(proxy, f"GET http://{target}/ HTTP/1.1\r\n\r\n".encode())
        else:
            inner = f"GET / HTTP/1.1\r\nHost: {target}\r\nConnection: close\r\n\r\n"
            answer = raw(proxy, f"CONNECT {target} HTTP/1.1\r\n\r\n{inner}".encode())
        assert answer.endswith(b"elsewhere")


NEVER = ("api4.messente.com:443", "169.254.169.254:80", "[fe80::1]:80", "0.0.0.0:80", "itself")


@pytest.mark.parametrize("where", NEVER)
def test_a_tunnel_never_leads_to_a_provider_to_metadata_or_to_itself(tmp_path: Path, where: str) -> None:
    with Simulator(proxy_port=0, proxy_others="tunnel", ca_folder=str(tmp_path)) as sim:
        target = f"127.0.0.1:{sim.port}" if where == "itself" else where
        answer = raw(ports(sim)[1], f"CONNECT {target} HTTP/1.1\r\n\r\n".encode())
        assert answer.startswith(b"HTTP/1.1 502"), answer


def test_tunnels_are_for_loopback_only() -> None:
    done = msgsim("serve", "--host", "0.0.0.0", "--port", "0", "--proxy-others", "tunnel", "--store", "memory")
    assert (done.returncode, "on loopback only" in done.stderr) == (2, True)


def test_an_endless_head_is_refused(sim: Simulator) -> None:
    assert raw(ports(sim)[1], b"GET http://api.messente.com/ HTTP/1.1\r\nX: " + b"x" * 200_000).startswith(
        b"HTTP/1.1 431"
    )


# The command line


def test_the_variables_are_printed_for_shells_and_machines(sim: Simulator, tmp_path: Path) -> None:
    told = {"MSGSIM_URL": sim.url, "XDG_STATE_HOME": str(tmp_path)}
    printed = json.loads(msgsim("env", "--intercept", "--format", "json", **told).stdout)
    assert printed["HTTPS_PROXY"] == f"http://127.0.0.1:{ports(sim)[1]}"
    assert Path(printed["SSL_CERT_FILE"]).read_text().count("BEGIN CERTIFICATE") > 1
    shell = msgsim("env", "--intercept", "--format", "sh", **told).stdout
    script = f'{shell}\ncurl -s -o /dev/null -w "%{{http_code}}" -u a:b {MESSENTE}/x/status'
    assert subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout == "404"


def test_the_authority_is_shown_and_written(tmp_path: Path) -> None:
    shown = msgsim("ca", "--ca-folder", str(tmp_path / "ca")).stdout
    assert str(tmp_path / "ca/ca.pem") in shown
    assert "NODE_EXTRA_CA_CERTS" in shown
    pem = msgsim("ca", "--ca-folder", str(tmp_path / "ca"), "--pem").stdout
    assert pem == (tmp_path / "ca/ca.pem").read_text()
    done = msgsim("ca", "--ca-folder", str(tmp_path / "ca"), "--bundle", str(tmp_path / "no/such/folder"))
    assert (done.returncode, done.stderr.count("\n")) == (3, 1)
    assert msgsim("ca", "--ca-folder", str(tmp_path / "ca"), "--renew", "--pem").stdout != pem


def test_the_start_names_the_addresses(sim: Simulator) -> None:
    https, proxy = ports(sim)
    assert https != proxy
    again = sim.control("POST", "intercept").json
    assert (again["https_port"], again["proxy_port"]) == (https, proxy)
    assert "api.messente.com" in again["hosts"]


# What the plain port does


def spoken(sim: Simulator, data: bytes, answers: int = 1) -> bytes:
    """What comes back over TLS, until the server hangs up or as many answers are there."""
    trusting = ssl.create_default_context(cadata=authority(sim))
    with (
        socket.create_connection(("127.0.0.1", ports(sim)[0]), timeout=20) as plain,
        trusting.wrap_socket(plain, server_hostname="localhost") as connection,
    ):
        read = b""
        for _ in range(answers):
            connection.sendall(data)
            read += connection.recv(65536)
        with contextlib.suppress(OSError):
            connection.settimeout(0.05)
            while more := connection.recv(65536):
                read += more
        return read


@pytest.mark.parametrize(
    ("kind", "ends"),
    [
        ("reset", b""),
        ("empty", b""),
        ("hang", b""),
        ("truncate", b'"Internal Server Er'),
        ("garbage", b"not what you asked for \x80\x81"),
    ],
)
def test_faults_are_the_same_over_tls(sim: Simulator, kind: str, ends: bytes) -> None:
    rules = f"name: faulty\nrules:\n  - fault: {{kind: {kind}}}\n"
    assert sim.control("PUT", "scenario", body=rules, headers={"Content-Type": "application/yaml"}).status == 200
    read = None
    with contextlib.suppress(TimeoutError, ConnectionResetError):
        read = spoken(sim, send())
    assert kind in ("hang", "reset") if read is None else read.endswith(ends)


def test_each_request_of_a_connection_says_by_which_way_it_came(sim: Simulator) -> None:
    assert spoken(sim, send(), answers=3).count(b"HTTP/1.1 201") == 3
    requests.post(f"{sim.url}/v1/omnimessage", json=SEND, auth=("a", "b")).raise_for_status()
    listed = sim.control("GET", "requests").json["requests"]
    assert [request.get("way", "") for request in listed] == ["", "https", "https", "https"]


def test_a_body_beyond_the_limit_is_refused_over_tls(tmp_path: Path) -> None:
    with Simulator(https_port=0, ca_folder=str(tmp_path), body_limit=100) as sim:
        assert spoken(sim, send(more="X: " + "x" * 10 + "\r\n", to="+3725" + "5" * 100)).startswith(b"HTTP/1.1 413")


# Other ecosystems' own clients

NODE = """
const https = require("node:https");
const options = { method: "POST", auth: "a:b", headers: { "Content-Type": "application/json" } };
const request = https.request("https://api.messente.com/v1/omnimessage", options, (answer) => {
  console.log(answer.statusCode);
  answer.resume();
});
request.end(process.argv[2]);
"""
JAVA = """
import java.net.URI;
import java.net.http.*;

public class Send {
  public static void main(String[] arguments) throws Exception {
    var body = HttpRequest.BodyPublishers.ofString(arguments[0]);
    var request = HttpRequest.newBuilder(URI.create("https://api.messente.com/v1/omnimessage"))
        .header("Content-Type", "application/json").header("Authorization", "Basic YTpi").POST(body).build();
    var client = HttpClient.newBuilder().proxy(java.net.ProxySelector.getDefault()).build();
    System.out.println(client.send(request, HttpResponse.BodyHandlers.ofString()).statusCode());
  }
}
"""


OLD_AXIOS = """
const https = require("node:https");
const { hostname, port } = new URL(process.env.HTTPS_PROXY);
const path = "https://api.messente.com/v1/omnimessage";
const headers = { "Content-Type": "application/json", Host: "api.messente.com" };
const request = https.request({ method: "POST", hostname, port, path, headers, auth: "a:b" }, (answer) => {
  console.log(answer.statusCode);
  answer.resume();
});
request.end(process.argv[2]);
"""
"""To axios before 0.19 a proxy of an https URL is a server that speaks TLS."""
URLLIB3 = """
import sys, urllib3

account = urllib3.make_headers(basic_auth="a:b")
answer = urllib3.PoolManager().request(
    "POST", "https://api.messente.com/v1/omnimessage", body=sys.argv[1], headers=account
)
print(answer.status)
"""
"""Reads no proxy from the environment; the SDKs that are generated from OpenAPI use it."""
TEXTS = {
    "send.js": ("node", NODE),
    "old_axios.js": ("node", OLD_AXIOS),
    "Send.java": ("java", JAVA),
    "by_urllib3.py": (sys.executable, URLLIB3),
}


@pytest.mark.parametrize("file", TEXTS)
def test_their_own_clients_reach_it_unmodified(file: str, tmp_path: Path) -> None:
    program, text = TEXTS[file]
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not there: its client is tried where it is")
    (tmp_path / file).write_text(text)
    told = {"MSGSIM_CA_FOLDER": str(tmp_path / "ca")}
    done = msgsim("exec", "--intercept", "--", program, str(tmp_path / file), json.dumps(SEND), **told)
    assert done.stdout.strip() == "201", done.stderr
