"""Beyond loopback a browser without the token is asked for it, and gets on to where it wanted; nobody else is."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from html import unescape
from http.client import HTTPConnection, HTTPResponse
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgsim.config import authority
from msgsim.testing import Simulator

TOKEN = "right & token#1"
HTML = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
FORM = {**HTML, "Content-Type": "application/x-www-form-urlencoded"}
WRONG = "This is not the token of this server."


@pytest.fixture(scope="module")
def guarded() -> Iterator[Simulator]:
    with Simulator(host="0.0.0.0", token=TOKEN) as simulator:
        yield simulator


def ask(sim: Simulator, method: str, path: str, headers: dict[str, str], body: str = "") -> tuple[HTTPResponse, str]:
    """One request whose redirects are not followed."""
    connection = HTTPConnection("127.0.0.1", sim.port, timeout=30)
    connection.request(method, path, body.encode() or None, headers)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer, text


def action(page: str) -> str:
    found = re.search(r'<form method="post" action="([^"]*)">', page)
    assert found is not None, page
    return unescape(found[1])


@pytest.mark.parametrize(
    ("wanted", "goes"),
    [
        ("/__sim/", "/__sim/"),
        ("/", "/__sim/"),
        ("/?a=b", "/__sim/?a=b"),
        ("/__sim/requests?sandbox=ci&q=%22a%22&x=%3Cb%3E", "/__sim/requests?sandbox=ci&q=%22a%22&x=%3Cb%3E"),
        ("/__sim/messages/a%0d%0aSet-Cookie:x", "/__sim/messages/a%0d%0aSet-Cookie:x"),
        ("/__sim/%2f%2fevil.example?to=//evil.example", "/__sim/%2f%2fevil.example?to=//evil.example"),
        ("/__sim/docs?token=wrong&a=1", "/__sim/docs?a=1"),
        ("/%5F_sim/docs", "/__sim/"),
    ],
)
def test_a_browser_is_asked_for_the_token_and_gets_on_to_where_it_wanted(
    guarded: Simulator, wanted: str, goes: str
) -> None:
    answer, page = ask(guarded, "GET", wanted, HTML)
    assert (answer.status, answer.headers["Content-Type"]) == (401, "text/html; charset=utf-8")
    assert answer.headers["X-Sim-Error"] == "Token needed"
    assert (WRONG in page) is ("token=wrong" in wanted)
    assert action(page) == goes
    refused, page = ask(guarded, "POST", goes, FORM, urlencode({"token": "wrong-token"}))
    assert (refused.status, refused.headers["Set-Cookie"]) == (401, None)
    assert WRONG in page
    assert "wrong-token" not in page
    assert action(page) == goes
    welcome, _ = ask(guarded, "POST", goes, FORM, urlencode({"token": f" {TOKEN}"}))
    assert (welcome.status, welcome.headers["Location"]) == (303, goes)
    cookie = welcome.headers["Set-Cookie"]
    assert cookie.endswith("; Path=/; HttpOnly; SameSite=Strict")
    shown, _ = ask(guarded, "GET", "/__sim/requests", {**HTML, "Cookie": cookie.partition("; Path")[0]})
    assert shown.status == 200


@given(st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters="#"), max_size=40))
def test_no_address_leads_elsewhere(guarded: Simulator, rest: str) -> None:
    answer, _ = ask(guarded, "POST", f"/__sim{rest}", FORM, urlencode({"token": TOKEN}))
    if answer.status == 303:
        assert answer.headers["Location"].startswith("/__sim")
        assert answer.headers.get_all("Location", []) == [answer.headers["Location"]]


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("GET", "/__sim/v1/messages", HTML),
        ("GET", "/__sim/v1/messages", {}),
        ("GET", "/__sim/", {"Accept": "*/*"}),
        ("GET", "/__sim/parts?at=1", {"HX-Request": "true"}),
        ("GET", "/__sim/docs", {**HTML, "Authorization": "Bearer wrong"}),
        ("POST", "/__sim/v1/reset", FORM),
        ("PUT", "/__sim/docs", FORM),
        ("POST", "/__sim/docs", {**HTML, "Content-Type": "application/json"}),
    ],
    ids=str,
)
def test_programs_get_a_problem_and_no_page(
    guarded: Simulator, method: str, path: str, headers: dict[str, str]
) -> None:
    answer, text = ask(guarded, method, path, headers, "token=x" if method == "POST" else "")
    assert (answer.status, answer.headers["Content-Type"]) == (401, "application/problem+json")
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert "<" not in text.replace("<token>", "")


@pytest.mark.parametrize("more", [{"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}], ids=str)
def test_another_site_cannot_send_the_form(guarded: Simulator, more: dict[str, str]) -> None:
    answer, _ = ask(guarded, "POST", "/__sim/", {**FORM, **more}, urlencode({"token": TOKEN}))
    assert (answer.status, answer.headers["Set-Cookie"]) == (403, None)


@pytest.mark.parametrize("form", ["", "token=", "token", "x=1", "token=" + "x" * 5000, "token=\xff", "%00=&&;"])
def test_no_form_does_harm(guarded: Simulator, form: str) -> None:
    answer, page = ask(guarded, "POST", "/__sim/", FORM, form)
    assert answer.status == 401
    assert WRONG in page


def test_on_loopback_nothing_is_asked(sim: Simulator) -> None:
    assert ask(sim, "GET", "/__sim/requests", HTML)[0].status == 200
    assert ask(sim, "POST", "/__sim/requests", FORM, "token=x")[0].status == 405


@pytest.mark.parametrize(
    ("host", "shown"),
    [
        ("0.0.0.0", "127.0.0.1:80"),
        ("0", "127.0.0.1:80"),
        ("", "127.0.0.1:80"),
        ("::", "[::1]:80"),
        ("::0", "[::1]:80"),
        ("0:0:0:0:0:0:0:0", "[::1]:80"),
        ("localhost", "127.0.0.1:80"),
        ("sim.example", "sim.example:80"),
        ("10.0.0.1", "10.0.0.1:80"),
        ("fe80::1", "[fe80::1]:80"),
    ],
)
def test_links_name_a_host_that_can_be_opened(host: str, shown: str) -> None:
    assert authority(host, 80) == shown


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_what_serve_prints_beyond_loopback_can_be_opened_as_printed(host: str) -> None:
    command = [sys.executable, "-m", "msgsim", "serve", "--host", host, "--port", "0", "--store", "memory"]
    environment = {**os.environ, "MSGSIM_TOKEN": TOKEN}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as running:
        lines = _greeting(running)
        printed = dict(line.split(None, 1) for line in lines[1:])
        assert "//0.0.0.0" not in "".join(lines)
        assert "//[::]" not in "".join(lines)
        assert "and every other address of this machine" in lines[0]
        inbox = urlsplit(printed["inbox"])
        connection = HTTPConnection(str(inbox.hostname), inbox.port, timeout=30)
        connection.request("GET", f"{inbox.path}?{inbox.query}", headers=HTML)
        assert connection.getresponse().headers["Location"] == "/__sim/"
        connection.close()
        tried = ["sh", "-c", printed["Try:"].replace("msgsim", f"{sys.executable} -m msgsim", 1)]
        done = subprocess.run(tried, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        running.send_signal(signal.SIGTERM)
        assert running.wait(30) == 0


def _greeting(running: "subprocess.Popen[str]") -> list[str]:
    lines: list[str] = []
    stdout: Any = running.stdout
    for line in stdout:
        lines.append(line.strip())
        if line.startswith("Try: "):
            break
    return lines
