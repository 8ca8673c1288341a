"""``msgsim serve --workers``: processes on one port, each a replica."""

import json
import os
import re
import select
import signal
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.request import HTTPSHandler, ProxyHandler, Request, build_opener, urlopen

import pytest
from msgsim.testing import Simulator, call

from tests.receiver import Receiver
from tests.replicas.test_processes import reports
from tests.replicas.test_replicas import ACCOUNT
from tests.storage.cluster import Cluster

SMS = {"to": "+37255000001", "messages": [{"channel": "sms", "text": "Hello"}]}


class Group:
    """The process that was started, and its workers."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self.greeting: list[str] = []
        assert process.stdout is not None
        for line in process.stdout:
            self.greeting.append(line.rstrip())
            if line.startswith("Try: "):
                break
        else:
            raise AssertionError(self.said())
        self.url = self.told("control API").removesuffix("/__sim/v1/health")

    def told(self, label: str) -> str:
        """What the greeting has beside a label."""
        (line,) = [line for line in self.greeting if line.strip().startswith(label)]
        return line.strip().removeprefix(label).strip()

    def pids(self) -> list[int]:
        """Of the workers, in the order of their start."""
        return [
            int(pid) for pid in Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        ]

    def health(self) -> dict[str, Any]:
        """As whoever of the workers is asked by a new connection says."""
        found: dict[str, Any] = call(f"{self.url}/__sim/v1/health", "GET").json
        return found

    def line(self) -> str:
        """The next one on standard error."""
        assert self.process.stderr is not None
        return self.process.stderr.readline().rstrip()

    def said(self) -> str:
        """The rest of standard error."""
        assert self.process.stderr is not None
        return self.process.stderr.read()

    def end(self, how: signal.Signals) -> int:
        """The exit code."""
        self.process.send_signal(how)
        return self.process.wait(30)


@contextmanager
def workers(*flags: str, number: int = 2) -> Iterator[Group]:
    command = [sys.executable, "-m", "msgsim", "serve", "--port", "0", "--workers", str(number), *flags]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield Group(process)
        finally:
            process.terminate()


@contextmanager
def ended(pids: list[int]) -> Iterator[None]:
    """Afterwards all these processes have ended, or the test fails."""
    with ExitStack() as stack:
        files = [os.pidfd_open(pid) for pid in pids]
        for file in files:
            stack.callback(os.close, file)
        yield
        for file in files:
            assert select.select([file], [], [], 30)[0], "it still runs"


def send(url: str, **more: str) -> str | None:
    """The id of a message; None where the connection broke or the answer was 503."""
    try:
        answer = call(f"{url}/v1/omnimessage", "POST", {**SMS, **more}, headers=ACCOUNT)
    except OSError:
        return None
    if answer.status == 503:
        return None
    assert answer.status == 201, answer
    id: str = answer.json["omnimessage_id"]
    return id


def kept(sim: str) -> set[str]:
    shown = call(f"{sim}/__sim/v1/messages?limit=10000", "GET").json["messages"]
    return {message["id"] for message in shown}


def test_connections_are_answered_by_different_workers(url: str, tmp_path: Path) -> None:
    port_file = tmp_path / "port"
    with workers("--store", url, "--seed", "1", "--port-file", str(port_file), number=3) as group:
        assert group.url.endswith(f":{port_file.read_text().strip()}")
        assert (group.told("workers"), group.told("seed")) == ("3 processes", "1")
        assert sum("messaging-simulator on" in line for line in group.greeting) == 1
        answered: set[str] = set()
        for _ in range(200):
            health = group.health()
            answered.add(health["replica"])
        assert answered == set(health["replicas"])
        assert len(answered) == len(group.pids()) == 3
        id = send(group.url)
        asked = {call(f"{group.url}/v1/omnimessage/{id}/status", "GET", headers=ACCOUNT).status for _ in range(20)}
        assert asked == {200}
        assert group.end(signal.SIGTERM) == 0
        assert group.said() == ""


def test_a_worker_that_is_killed_comes_back_and_nothing_is_lost(url: str) -> None:
    with Receiver() as receiver, workers("--store", url, "--seed", "1", "--clock", "60x") as group:
        accepted: list[str] = []
        going = threading.Event()

        def post(number: int) -> None:
            for _ in range(number):
                if (id := send(group.url, dlr_url=receiver.url)) is not None:
                    accepted.append(id)
                if len(accepted) > 50:
                    going.set()

        clients = [threading.Thread(target=post, args=(50,)) for _ in range(6)]
        for client in clients:
            client.start()
        assert going.wait(60)
        before = set(group.health()["replicas"])
        first, second = group.pids()
        os.kill(first, signal.SIGKILL)
        assert group.line() == f"msgsim: worker 1 (process {first}) was ended by SIGKILL; it is started again now"
        for client in clients:
            client.join(120)
        while len(alive := set(group.health()["replicas"])) < 2:
            pass
        assert len(alive & before) == 1
        assert second in group.pids()
        assert len(accepted) > 200
        assert kept(group.url) >= set(accepted)
        count, seen = 0, dict[str, list[str]]()
        while any(len(seen.get(id, ())) < 2 for id in accepted):
            posts = receiver.wait(count + 1, 60)
            count, seen = len(posts), reports(posts)


def probes(group: Group) -> set[tuple[int, int]]:
    """Liveness and readiness, by whoever answers."""
    paths = [f"{group.url}/__sim/v1/{name}" for name in ("health", "ready")]
    live, ready = ({call(path, "GET").status for _ in range(30)} for path in paths)
    return {(one, other) for one in live for other in ready}


def test_all_live_and_none_is_ready_while_the_database_is_away() -> None:
    with Cluster() as cluster, workers("--store", cluster.url(), "--seed", "1") as group:
        assert probes(group) == {(200, 200)}
        id = send(group.url)
        cluster.kill()
        assert probes(group) == {(200, 503)}
        first, second = group.pids()
        os.kill(first, signal.SIGKILL)
        assert group.line().endswith("was ended by SIGKILL; it is started again now")
        assert "connection" in group.line()
        assert group.line().endswith("ended with code 3; it is started again in 1 s")
        assert probes(group) == {(200, 503)}
        cluster.start()
        while len(_alive(group)) < 2:
            pass
        assert probes(group) == {(200, 200)}
        assert second in group.pids()
        assert kept(group.url) == {id}


def _alive(group: Group) -> list[str]:
    """As somebody says whose connection is not broken."""
    try:
        return list(group.health()["replicas"])
    except OSError:
        return []


@pytest.mark.parametrize(("how", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_a_signal_ends_all_and_what_was_answered_is_kept(url: str, how: signal.Signals, code: int) -> None:
    with workers("--store", url, "--seed", "1") as group, urlopen(f"{group.url}/__sim/v1/events") as stream:
        accepted: list[str] = []
        going, ending = threading.Event(), threading.Event()

        def post() -> None:
            while not ending.is_set():
                if (id := send(group.url)) is not None:
                    accepted.append(id)
                    going.set()

        clients = [threading.Thread(target=post) for _ in range(4)]
        for client in clients:
            client.start()
        assert going.wait(60)
        with ended(group.pids()):
            assert group.end(how) == code
        ending.set()
        for client in clients:
            client.join(60)
        stream.read()
        assert group.said().strip() == ""
    with Simulator(store=url) as sim:
        assert kept(sim.url) >= set(accepted)


def test_workers_end_with_the_process_that_would_start_them_again(url: str) -> None:
    with workers("--store", url) as group:
        with ended(group.pids()):
            assert group.end(signal.SIGKILL) == -signal.SIGKILL
        with pytest.raises(OSError, match="refused"):
            group.health()


def test_a_line_per_request_whoever_answers(url: str) -> None:
    """Nobody reads until all wait to write lines that a pipe does not take at once."""
    bulk = {"messages": [{**SMS, "to": f"+3725500{number:04}"} for number in range(300)]}
    with workers("--store", url, "--log", "json", number=3) as group:
        assert group.process.stdout is not None
        sandboxes = [
            call(f"{group.url}/__sim/v1/sandboxes", "POST", {"name": f"team-{number}"}).json for number in range(6)
        ]

        def post(sandbox: dict[str, Any]) -> None:
            headers = {**ACCOUNT, "X-Sim-Sandbox": sandbox["name"]}
            for _ in range(5):
                answer = call(f"{group.url}/v1/omnimessages", "POST", bulk, headers=headers)
                assert answer.status == 201, answer

        with ThreadPoolExecutor() as clients:
            list(clients.map(post, sandboxes))
        lines = [group.process.stdout.readline() for _ in range(30)]
        assert group.end(signal.SIGTERM) == 0
        assert group.process.stdout.read() == ""
        entries = [json.loads(line) for line in lines]
        assert sorted((entry["sandbox"], entry["number"]) for entry in entries) == sorted(
            (sandbox["name"], number) for sandbox in sandboxes for number in range(1, 6)
        )
        assert max(map(len, lines)) > select.PIPE_BUF


def test_tls_and_the_proxy_are_on_one_port_each(url: str, tmp_path: Path) -> None:
    flags = ("--https-port", "0", "--proxy-port", "0", "--ca-folder", str(tmp_path))
    with workers("--store", url, *flags) as group:
        shown = {(health["https_port"], health["proxy_port"]) for health in (group.health() for _ in range(40))}
        ((https, proxy),) = shown
        assert group.told("HTTPS").endswith(f":{https}")
        assert group.told("proxy").endswith(f":{proxy}")
        authority = ssl.create_default_context(cadata=call(f"{group.url}/__sim/v1/intercept", "POST").json["ca"])
        answered = set()
        for _ in range(100):
            with urlopen(f"https://localhost:{https}/__sim/v1/health", context=authority) as secured:
                answered.add(json.load(secured)["replica"])
        assert len(answered) == 2
        proxied = build_opener(ProxyHandler({"https": f"http://127.0.0.1:{proxy}"}), HTTPSHandler(context=authority))
        headers = {**ACCOUNT, "Content-Type": "application/json"}
        sent = []
        for _ in range(20):
            asked = Request("https://api.messente.com/v1/omnimessage", json.dumps(SMS).encode(), headers)
            with proxied.open(asked) as answer:
                sent.append(json.load(answer)["omnimessage_id"])
        assert kept(group.url) == set(sent)


def run(*flags: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "msgsim", "serve", "--port", "0", *flags]
    environment = {**os.environ, **variables}
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment, check=False)


@pytest.mark.parametrize("store", ["memory", "store.db"])
def test_other_stores_are_refused_in_one_line(tmp_path: Path, store: str) -> None:
    file = tmp_path / "msgsim.yaml"
    file.write_text(f"store: {tmp_path / store if store != 'memory' else store}\nworkers: 2\n")
    reason = "2 processes need a store they share: set store to postgresql://..., or workers to 1"
    flag = run("--store", store, "--workers", "2")
    variable = run("--store", store, MSGSIM_WORKERS="2")
    setting = run("--config", str(file))
    assert [done.returncode for done in (flag, variable, setting)] == [2, 2, 2]
    assert flag.stderr == f"msgsim: --workers: {reason}\n"
    assert variable.stderr == f"msgsim: MSGSIM_WORKERS: {reason}\n"
    assert setting.stderr == f"msgsim: {file}:2:10: {reason}\n"


def test_mistakes_are_told_once(url: str, tmp_path: Path) -> None:
    scenario = tmp_path / "scenario.yaml"
    scenario.write_text("name: bad\nrules: [{wen: {}}]\n")
    done = run("--store", url, "--workers", "3", "--scenario", str(scenario))
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    with Simulator() as sim:
        done = run("--store", url, "--workers", "3", "--port", str(sim.port))
    assert done.returncode == 3
    assert len(done.stderr.splitlines()) == 1
    done = run("--store", "postgresql://127.0.0.1:1/none", "--workers", "3")
    assert done.returncode == 3
    assert len(done.stderr.splitlines()) == 1


def test_the_port_is_taken_while_workers_serve(url: str) -> None:
    with workers("--store", url) as group:
        port = group.url.rpartition(":")[2]
        done = run("--store", url, "--workers", "2", "--port", port)
        assert done.returncode == 3
        assert re.fullmatch(rf"msgsim: .*:{port}: Address already in use; choose another .*\n", done.stderr)


LOOP = """
import os, signal, sys
from msgsim.cli.serving import Started
from msgsim.cli.workers import Workers

def work(tell):
    tell(Started(1, "", None, None))
    os.kill(os.getpid(), signal.SIGSEGV)

sys.exit(Workers(1, work, (0.0, 0.0)).run(lambda facts: print("announced", flush=True)))
"""


def test_one_that_ends_again_and_again_ends_all() -> None:
    done = subprocess.run([sys.executable, "-c", LOOP], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (3, "announced\n")
    lines = [re.sub(r"\d{2,}", "N", line) for line in done.stderr.splitlines()]
    again = "msgsim: worker 1 (process N) was ended by SIGSEGV; it is started again now"
    last = "msgsim: worker 1 (process N) was ended by SIGSEGV, 3 times in a row within N s; nothing goes on"
    assert lines == [again, again, last]


OTHER_WORKS = """
import os, signal, sys
from multiprocessing import Value
from msgsim.cli.serving import Started
from msgsim.cli.workers import Workers

begun = Value("i", 0)
parent = os.getpid()
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))

def work(tell):
    with begun.get_lock():
        begun.value += 1
        number = begun.value
    tell(Started(1, "", None, None))
    if number == 7:
        os.kill(parent, signal.SIGTERM)
    if number in (1, 7):
        signal.pause()
    os.kill(os.getpid(), signal.SIGSEGV)

sys.exit(Workers(2, work, (0.0, 0.0)).run(lambda facts: print("announced", flush=True)))
"""


def test_one_that_works_is_not_ended_for_one_that_does_not() -> None:
    done = subprocess.run([sys.executable, "-c", OTHER_WORKS], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, "announced\n")
    lines = [re.sub(r"\d{2,}", "N", line) for line in done.stderr.splitlines()]
    assert lines == 5 * ["msgsim: worker 2 (process N) was ended by SIGSEGV; it is started again now"]


UNREACHABLE = """
import socket, sys
from msgsim.cli import main

def unknown(name):
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

socket.gethostbyname = unknown
main(["serve", "--host", "0.0.0.0", "--port", "0", *sys.argv[1:]])
"""


@pytest.mark.parametrize("number", ["1", "2"])
def test_a_replica_that_others_cannot_reach_does_not_start(url: str, number: str) -> None:
    command = [sys.executable, "-c", UNREACHABLE, "--store", url, "--workers", number]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 3
    reason = "other replicas cannot reach this one: Name or service not known; see --replica-host"
    assert done.stderr == f"msgsim: {reason}\n"
