"""Two replicas behind a real HAProxy, set up as docs/how-to/compose-replicas.md has it."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
import yaml
from msgsim.testing import Answer, call

from reliability.server import Server
from tests.control.acting import Meanwhile
from tests.documents import blocks
from tests.ports import free_port
from tests.receiver import Receiver
from tests.replicas.test_replicas import ACCOUNT
from tests.storage.cluster import Cluster

HAPROXY = shutil.which("haproxy", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
pytestmark = pytest.mark.skipif(HAPROXY is None, reason="HAProxy is not installed")
PAGE = "docs/how-to/compose-replicas.md"
COMPOSED = yaml.safe_load(blocks(PAGE, "yaml")[0].text)
CONFIGURED = blocks(PAGE, "text")[0].text
TOKEN = {"Authorization": "Bearer only-for-development"}


class Proxied:
    """The servers, and the URL of the proxy before them."""

    def __init__(self, url: str, servers: list[Server]) -> None:
        self.url = url
        self.servers = servers

    def control(self, method: str, path: str, body: Any = None) -> Answer:
        return call(f"{self.url}/__sim/v1/{path}", method, body, headers=TOKEN)

    def send(self, **more: Any) -> str:
        body = {"to": "+37255000001", "messages": [{"channel": "sms", "text": "Hello"}], **more}
        answer = call(f"{self.url}/v1/omnimessage", "POST", body, headers=ACCOUNT)
        assert answer.status == 201, answer
        return str(answer.json["omnimessage_id"])

    def health(self) -> Answer:
        return call(f"{self.url}/__sim/v1/health", "GET")


@pytest.fixture
def own() -> Iterator[Cluster]:
    """A cluster that a test may kill."""
    with Cluster() as cluster:
        yield cluster


@pytest.fixture
def proxied(own: Cluster, tmp_path: Path) -> Iterator[Proxied]:
    """Until the proxy has seen that both are ready."""
    names = [name for name in COMPOSED["services"] if name.startswith("msgsim-")]
    given = {**COMPOSED["services"][names[0]]["environment"], "MSGSIM_STORE": own.url()}
    flags = ("--host", "127.0.0.1", "--seed", "1")
    with ExitStack() as running:
        servers = [running.enter_context(Server(*flags, environment=given)) for _ in names]
        port = free_port()
        text = CONFIGURED.replace("bind :8080", f"bind 127.0.0.1:{port}")
        for name, server in zip(names, servers, strict=True):
            assert f" {name}:8080\n" in text
            text = text.replace(f"{name}:8080", f"127.0.0.1:{server.port}")
        file = tmp_path / "haproxy.cfg"
        file.write_text(text)
        assert HAPROXY is not None
        proxy = running.enter_context(subprocess.Popen([HAPROXY, "-db", "-q", "-f", str(file)]))
        running.callback(proxy.kill)
        found = Proxied(f"http://127.0.0.1:{port}", servers)
        while not _answers(found):
            assert proxy.poll() is None
        yield found


def _answers(proxied: Proxied) -> bool:
    try:
        return proxied.health().status == 200
    except OSError:
        return False


def test_the_requests_of_a_story_reach_both(proxied: Proxied) -> None:
    first, second = proxied.health().json, proxied.health().json
    assert {first["replica"], second["replica"]} == set(first["replicas"]) == set(second["replicas"])
    assert first["replica"] != second["replica"]
    for further in (0, 1):  # With one request more in between, the other replica is asked.
        id = proxied.send()
        for _ in range(further):
            proxied.health()
        assert call(f"{proxied.url}/v1/omnimessage/{id}/status", "GET", headers=ACCOUNT).status == 200
    assert proxied.control("GET", "messages").json["total"] == 2
    assert proxied.control("POST", "clock/freeze").status == 200
    with Receiver() as receiver:
        proxied.send(dlr_url=receiver.url)
        assert proxied.control("POST", "clock/advance", {"by": "1m"}).status == 200
        assert [post.json["status"] for post in receiver.wait(2)] == ["ACK", "DELIVRD"]


def test_what_the_page_asks_is_answered_by_both(proxied: Proxied) -> None:
    (block,) = blocks(PAGE, "sh")
    script = block.text.replace("http://127.0.0.1:8080", proxied.url)
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    asked = subprocess.run(["bash", "-euc", script], env={"PATH": path}, capture_output=True, text=True, check=True)
    first, second = (json.loads(line)["replica"] for line in asked.stdout.splitlines()[-2:])
    assert first != second


def test_long_polls_and_event_streams_pass_through(proxied: Proxied) -> None:
    for turn in range(2):
        with Meanwhile(partial(proxied.control, "GET", f"messages?wait=60s&count={2 * turn + 1}")) as waiting:
            id = proxied.send()
            assert waiting.result().json["messages"][0]["id"] == id
        with urlopen(Request(f"{proxied.url}/__sim/v1/events", headers=TOKEN), timeout=60) as stream:
            assert any(b"here is what happens" in line for line in stream)
            id = proxied.send()
            assert any(line.startswith(b"data:") and id.encode() in line for line in stream)
        proxied.health()  # So that each of the four meets the other replica in the next turn.


def test_one_that_is_gone_is_left_out(proxied: Proxied) -> None:
    id = proxied.send()
    proxied.servers[0].kill()
    answers = [proxied.health() for _ in range(20)]
    assert {answer.status for answer in answers} == {200}
    assert len({answer.json["replica"] for answer in answers}) == 1
    assert call(f"{proxied.url}/v1/omnimessage/{id}/status", "GET", headers=ACCOUNT).status == 200


def test_none_is_asked_while_the_database_is_away(proxied: Proxied, own: Cluster) -> None:
    own.kill()
    while proxied.health().status == 200:
        pass  # The proxy hears of it in a second or two.
    assert [server.control("GET", "health").status for server in proxied.servers] == [200, 200]
    own.start()
    while not _answers(proxied):
        pass
    assert proxied.send()
