"""The plugin as its users have it: pytest in a process of its own, in a project that is not ours."""

import re
import subprocess
import sys
from time import process_time

import pytest
from msgsim.client import Client
from msgsim.testing import Simulator

from tests.client.foreign import run

pytest_plugins = ["pytester"]


def test_a_message_is_sent_and_delivered(project: pytest.Pytester) -> None:
    result = run(
        project,
        """
def test_delivered(msgsim):
    sink = msgsim.sink()
    send(msgsim, "+37255500001", dlr_url=sink.url)
    msgsim.clock.advance("5m")
    assert msgsim.messages.wait(to="+37255500001", status="DELIVRD")["provider"] == "messente"
    assert [post["json"]["status"] for post in sink.posts()][-1] == "DELIVRD"
    assert {one["state"] for one in msgsim.callbacks.list()} == {"done"}
""",
    )
    result.assert_outcomes(passed=1)


def test_each_test_has_a_world_of_its_own(project: pytest.Pytester) -> None:
    result = run(
        project,
        """
import pytest

@pytest.mark.parametrize("again", range(3))
def test_alone(msgsim, again):
    assert msgsim.messages.list() == []
    send(msgsim, "+37255500001")
    assert len(msgsim.messages.list()) == 1
    assert [one["name"] for one in msgsim.sandboxes.list()] == ["default", msgsim.name]
""",
    )
    result.assert_outcomes(passed=3)


def test_workers_of_xdist_do_not_meet(project: pytest.Pytester) -> None:
    result = run(
        project,
        """
@pytest.mark.parametrize("again", range(8))
def test_alone(msgsim, again):
    send(msgsim, "+37255500001")
    assert len(msgsim.messages.list()) == 1
""",
        "-n2",
    )
    result.assert_outcomes(passed=8)


def test_workers_may_share_a_server_that_runs_already(
    project: pytest.Pytester, sim: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MSGSIM_URL", sim.url)
    result = run(
        project,
        f"""
@pytest.mark.parametrize("again", range(4))
def test_alone(msgsim, again):
    assert msgsim.url == "{sim.url}"
    send(msgsim, "+37255500001")
    assert len(msgsim.messages.list()) == 1
""",
        "-n2",
    )
    result.assert_outcomes(passed=4)
    with Client(sim.url) as client:
        assert [one["name"] for one in client.sandboxes.list()] == ["default"], "nothing is left behind"


def test_a_marker_chooses_the_scenario(project: pytest.Pytester) -> None:
    project.makefile(
        ".yaml", outage="name: outage\nrules:\n  - when: {provider: messente}\n    respond: {error: server_error}\n"
    )
    result = run(
        project,
        """
from urllib.error import HTTPError

pytestmark = pytest.mark.scenario("outage.yaml")

def test_outage(msgsim):
    with pytest.raises(HTTPError) as refused:
        send(msgsim, "+37255500001")
    refused.value.close()
    assert refused.value.code == 500

@pytest.mark.scenario()
def test_the_nearest_marker_counts(msgsim):
    send(msgsim, "+37255500001")
""",
    )
    result.assert_outcomes(passed=2)


def test_a_file_of_the_marker_may_stand_beside_its_test(project: pytest.Pytester) -> None:
    story = "name: {0}\nrules:\n  - when: {{provider: messente}}\n    respond: {{error: {0}}}\n"
    project.makefile(".yaml", both=story.format("forbidden"))
    unit = project.mkpydir("unit")
    (unit / "both.yaml").write_text(story.format("unauthorized"))
    (unit / "beside.yaml").write_text(story.format("server_error").replace("name: server_error", "name: beside"))
    (unit / "test_unit.py").write_text("""
import pytest
from urllib.error import HTTPError
from shop import send

def refused(msgsim):
    with pytest.raises(HTTPError) as refused:
        send(msgsim, "+37255500001")
    refused.value.close()
    return refused.value.code

@pytest.mark.scenario("beside.yaml")
def test_beside(msgsim):
    assert refused(msgsim) == 500

@pytest.mark.scenario("both.yaml")
def test_of_the_working_folder_first(msgsim):
    assert refused(msgsim) == 403

@pytest.mark.scenario("nowhere.yaml")
def test_nowhere(msgsim):
    pass
""")
    result = project.runpytest_subprocess()
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(["*nowhere.yaml*neither a shipped scenario nor a file that was sent*"])


def test_a_marker_makes_the_sandbox(project: pytest.Pytester) -> None:
    result = run(
        project,
        """
@pytest.mark.msgsim(clock="frozen@2026-05-01T00:00:00Z", seed=7, settings={"messente": {"accounts": []}})
def test_made(msgsim):
    assert msgsim.clock.get()["now"] == "2026-05-01T00:00:00.000Z"
    assert msgsim.sandboxes.get(msgsim.name)["seed"] == 7

@pytest.mark.msgsim(clok="real")
def test_mistaken(msgsim):
    pass

@pytest.mark.scenario("no-such-story")
def test_unknown(msgsim):
    pass
""",
    )
    result.assert_outcomes(passed=1, errors=2)
    result.stdout.fnmatch_lines(
        ["*the marker msgsim has no 'clok' (it has clock, *); did you mean 'clock'?*", "*no-such-story*"]
    )


IDS = """
import pytest
from pathlib import Path
from shop import send

def write(name, *sent):
    with Path("ids.txt").open("a") as file:
        file.write("".join(f"{name} {one['omnimessage_id']} {one['messages'][0]['message_id']}\\n" for one in sent))

@pytest.mark.parametrize("number", range(3))
def test_sent(msgsim, number):
    first = send(msgsim, "+37255500001")
    msgsim.reset()
    write(f"sent {number}", first, send(msgsim, "+37255500001"))

@pytest.mark.xdist_group("together")
def test_grouped(msgsim):
    write("grouped", send(msgsim, "+37255500001"))
"""


def test_ids_of_a_test_are_the_same_in_every_run_and_no_two_tests_share_one(project: pytest.Pytester) -> None:
    runs = []
    for arguments in (["-n2", "--dist", "loadgroup"], ["-n0"], ["-n0", "-k", "grouped or 2"]):
        project.makepyfile(test_shop=IDS)
        project.runpytest_subprocess(*arguments).assert_outcomes(passed=2 if "-k" in arguments else 4)
        file = project.path / "ids.txt"
        runs.append(sorted(file.read_text().splitlines()))
        file.unlink()
    ids = [id for line in runs[0] for id in line.split()[-2:]]
    assert len(ids) == len(set(ids)) == 14
    assert runs[0] == runs[1]
    assert runs[2] == [line for line in runs[0] if line.startswith(("grouped", "sent 2"))]


def test_a_failure_shows_what_happened_and_what_was_to_come(project: pytest.Pytester) -> None:
    result = run(
        project,
        """
def test_too_early(msgsim):
    send(msgsim, "+37255500001", dlr_url=msgsim.sink().url)
    msgsim.clock.advance("200ms")
    assert msgsim.messages.list(status="delivered")
""",
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*msgsim: sandbox test-1*",
            "*request   messente POST /v1/omnimessage -> 201*",
            "*status  *sms ACK 0",
            "*callback  *__sim/sink/callbacks?sandbox=test-1 attempt 1: answered 200",
            "*now, frozen; to come:",
            "*status *sms DELIVRD*",
            "*callback *__sim/sink/callbacks*",
        ]
    )


def test_a_failure_in_another_fixture_shows_it_too(project: pytest.Pytester) -> None:
    result = run(
        project,
        """
@pytest.fixture
def order(msgsim):
    send(msgsim, "+37255500001")
    raise RuntimeError("no order")

def test_order(order):
    pass
""",
    )
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*request   messente POST /v1/omnimessage -> 201*"])


def test_a_failure_before_anything_happened_is_reported_as_any_other(project: pytest.Pytester) -> None:
    result = run(
        project,
        """
def test_a(msgsim):
    assert 0

def test_b(msgsim):
    msgsim.messages.wait(timeout="1ms")

def test_c(msgsim):
    assert msgsim.journal() == []
""",
    )
    result.assert_outcomes(failed=2, passed=1)
    result.stdout.fnmatch_lines(["*msgsim: sandbox test-1*", "*now, frozen"])
    assert "INTERNALERROR" not in result.stdout.str() + result.stderr.str()


def test_a_message_that_went_elsewhere_is_told_wherever_it_is_missed(project: pytest.Pytester) -> None:
    """The application uses an account of its own, which leads to the sandbox default."""
    result = run(
        project,
        """
class Own:
    def __init__(self, msgsim):
        self.base_url = msgsim.base_url

    def credentials(self, provider):
        return {"username": "shop", "password": "secret"}

@pytest.fixture(autouse=True)
def sent(msgsim):
    send(Own(msgsim), "+37255500001")

def test_waited(msgsim):
    msgsim.messages.wait(to="+37255500001", timeout="10ms")

def test_listed(msgsim):
    assert len(msgsim.messages.list()) == 1

def test_first(msgsim):
    assert msgsim.messages.list()[0]

def test_requests(msgsim):
    assert msgsim.requests.list()

def test_sink(msgsim):
    msgsim.sink().wait(timeout="10ms")
""",
    )
    result.assert_outcomes(failed=5)
    hint = (
        "sandbox default took a message to +37255500001 from 'shop' * ago:"
        " give the application msgsim.credentials('messente'), which lead to sandbox test-%s"
    )
    lines = [
        ("E *TimedOut: no messages with to=+37255500001 within 10ms", f"E *near: {hint % 1}", f"{hint % 1}"),
        ("E *assert 0 == 1*", f"E *{hint % 2}*", f"{hint % 2}"),
        (f"E *IndexError: the list is empty: {hint % 3}", f"{hint % 3}"),
        (f"E *assert * ({hint % 4})*", f"{hint % 4}"),
        ("E *TimedOut: *", f"E *near: {hint % 5}", f"{hint % 5}"),
    ]
    for expected in lines:
        result.stdout.fnmatch_lines([line.replace("[", "[[]") for line in expected])


def test_that_nothing_asked_the_server_is_told(project: pytest.Pytester) -> None:
    result = run(
        project,
        """
def test_never(msgsim):
    msgsim.messages.wait(timeout="10ms")

def test_no_provider(msgsim):
    from urllib.error import HTTPError
    from urllib.request import urlopen
    with pytest.raises(HTTPError) as missing:
        urlopen(msgsim.url + "/v7/nothing")
    missing.value.close()
    assert msgsim.messages.list()
""",
    )
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["E *near: nothing has asked this server*msgsim.base_url(*", "nothing has asked this*"])
    result.stdout.fnmatch_lines(
        ["GET /v7/nothing came * ago and led to no sandbox: no provider knows the path /v7/nothing"]
    )


def test_nothing_is_said_of_elsewhere_once_something_has_come(project: pytest.Pytester) -> None:
    result = run(
        project,
        """
def test_refused(msgsim):
    from urllib.error import HTTPError
    with pytest.raises(HTTPError) as refused:
        send(msgsim, "nobody")
    refused.value.close()
    found = msgsim.messages.list()
    assert (type(found), repr(found)) == (list, "[]")
    assert 0
""",
    )
    result.assert_outcomes(failed=1)
    assert "nothing has asked" not in result.stdout.str()
    assert "sandbox default" not in result.stdout.str()


def test_a_failure_shows_bodies_and_why_they_were_refused(project: pytest.Pytester) -> None:
    result = run(
        project,
        """
def test_refused(msgsim):
    send(msgsim, "nobody")
""",
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*request   messente POST /v1/omnimessage -> 400  * (to)*",
            '* {"to": "nobody", "messages": [[]{"channel": "sms", "sender": "MyShop", "text": "Hello!"}]}',
            "* refused: * at to: *",
        ]
    )
    assert "password" not in result.stdout.str().partition("msgsim: sandbox")[2]


def test_a_failure_in_the_client_shows_the_line_of_the_test_alone(project: pytest.Pytester) -> None:
    result = run(
        project,
        """
def test_waited(msgsim):
    send(msgsim, "+37255500001")
    msgsim.messages.wait(status="seen", timeout="10ms")

def test_unknown(msgsim):
    msgsim.messages.get("none")

def test_provider(msgsim):
    msgsim.base_url("mesente")

def test_filter(msgsim):
    msgsim.messages.wait(stauts="seen")

def test_timeout(msgsim):
    msgsim.requests.wait(timeout="soon")

def test_argument(msgsim):
    msgsim.clock.advance("later")

def test_scenario(msgsim):
    msgsim.choose("no-such-story")

async def awaited(sim):
    await sim.messages.wait(timeout="10ms")

def test_awaited(msgsim, msgsim_async):
    import asyncio
    asyncio.run(awaited(msgsim_async))
""",
    )
    result.assert_outcomes(failed=8)
    frames = [line for line in result.stdout.lines if re.match(r"\S+\.py:\d+:", line) and "asyncio" not in line]
    assert {frame.partition(":")[0] for frame in frames} == {"test_shop.py"}, frames
    result.stdout.fnmatch_lines(["E *TypeError: there is no filter 'stauts' (*); did you mean 'status'[?]"])
    result.stdout.fnmatch_lines(["E *ValueError: timeout: *soon*"])


RECEIVER = """
import asyncio
import pytest
from msgsim.client import InsideLoop

async def receiving(posts):
    async def take(reader, writer):
        head = await reader.readuntil(b"\\r\\n\\r\\n")
        length = int(head.lower().partition(b"content-length:")[2].split()[0])
        posts.append(await reader.readexactly(length))
        writer.write(b"HTTP/1.1 200 OK\\r\\nContent-Length: 0\\r\\nConnection: close\\r\\n\\r\\n")
        await writer.drain()
        writer.close()
    return await asyncio.start_server(take, "127.0.0.1", 0)
"""


@pytest.mark.parametrize("way", ["asyncio.run", "anyio"])
def test_a_receiver_in_the_loop_of_the_test_gets_its_callbacks(project: pytest.Pytester, way: str) -> None:
    """With anyio's plugin the test is a coroutine; without any it runs a loop by itself."""
    body = """
async def follow(msgsim, msgsim_async):
    posts = []
    server = await receiving(posts)
    async with server:
        url = "http://127.0.0.1:%d/" % server.sockets[0].getsockname()[1]
        await asyncio.to_thread(send, msgsim, "+37255500001", dlr_url=url)
        with pytest.raises(InsideLoop, match="AsyncClient"):
            msgsim.clock.advance("5m")
        with pytest.raises(InsideLoop, match="msgsim_async"):
            msgsim.messages.wait(status="delivered")
        await msgsim_async.clock.advance("5m")
        assert (await msgsim_async.messages.wait(status="delivered"))["to"] == "+37255500001"
    assert len(posts) == 2
    sink = msgsim_async.sink()
    await asyncio.to_thread(send, msgsim, "+37255500002", dlr_url=sink.url)
    await msgsim_async.clock.advance("5m")
    assert len(await sink.posts()) == 2
"""
    test = {
        "asyncio.run": "def test_it(msgsim, msgsim_async):\n    asyncio.run(follow(msgsim, msgsim_async))\n",
        "anyio": """
@pytest.fixture
def anyio_backend():
    return "asyncio"

@pytest.mark.anyio
async def test_it(msgsim, msgsim_async):
    await follow(msgsim, msgsim_async)
""",
    }[way]
    run(project, RECEIVER + body + test).assert_outcomes(passed=1)


def test_a_simulator_that_does_not_run_says_how_to_start_it() -> None:
    simulator = Simulator()
    with pytest.raises(RuntimeError, match="does not run yet"), simulator.sandbox():
        pass
    with simulator, simulator.sandbox() as sandbox:
        assert sandbox.messages.list() == []


def test_coverage_lists_only_the_providers_that_were_used(project: pytest.Pytester) -> None:
    result = run(
        project,
        "def test_sent(msgsim):\n    send(msgsim, '+37255500001')\n    msgsim.clock.run_until_idle()\n",
        "--msgsim-coverage",
    )
    told = result.stdout.str().partition("documented errors and outcomes met")[2]
    assert "messente" in told
    assert not re.search("sinch|salesforce|cima360", told)
    result = run(project, "def test_nothing(msgsim):\n    pass\n", "--msgsim-coverage")
    result.stdout.fnmatch_lines(["none: no provider was made to show any"])


def test_a_unittest_has_a_simulator_and_a_sandbox_per_test(project: pytest.Pytester) -> None:
    """Run by unittest itself, without pytest."""
    project.makepyfile(
        test_case="""
import unittest
from msgsim.testing import Simulator
from shop import send

class Shop(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.simulator = cls.enterClassContext(Simulator())

    def setUp(self):
        self.msgsim = self.enterContext(self.simulator.sandbox(seed=1))

    def test_one(self):
        send(self.msgsim, "+37255500001")
        self.msgsim.clock.advance("5m")
        self.assertEqual([one["state"] for one in self.msgsim.messages.list()], ["delivered"])
        self.assertEqual(len(self.msgsim.sandboxes.list()), 2)

    def test_two(self):
        self.assertEqual(self.msgsim.messages.list(), [])
        self.assertEqual(len(self.msgsim.sandboxes.list()), 2)
"""
    )
    result = project.run(sys.executable, "-W", "error", "-m", "unittest", "test_case")
    assert result.ret == 0, result.stderr.str()
    result.stderr.fnmatch_lines(["Ran 2 tests*", "OK"])


@pytest.mark.parametrize(
    "broken",
    ["msgsim.clock.get = lambda: {}", "msgsim.journal = lambda: None", "msgsim.messages.list = lambda **_: [{}]"],
)
def test_a_report_that_cannot_be_made_is_a_line_of_the_report(project: pytest.Pytester, broken: str) -> None:
    """As with a server of another version, whose answers have another shape."""
    result = run(project, f"def test_a(msgsim):\n    {broken}\n    assert 0\n")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*assert 0*", "*its timeline cannot be had*"])


def test_a_server_that_went_away_does_not_hide_the_failure(project: pytest.Pytester) -> None:
    result = run(
        project,
        """
def test_gone(msgsim, monkeypatch):
    msgsim.sandboxes.delete(msgsim.name)
    assert "this" == "reported"
""",
    )
    result.stdout.fnmatch_lines(["*assert 'this' == 'reported'*", "*its timeline cannot be had*"])


@pytest.mark.parametrize("workers", [(), ("-n2",)], ids=["alone", "xdist"])
def test_coverage_is_told_at_the_end(project: pytest.Pytester, workers: tuple[str, ...]) -> None:
    result = run(
        project,
        """
def test_sent(msgsim):
    send(msgsim, "+37255500001")
    msgsim.clock.run_until_idle()

def test_refused(msgsim):
    from urllib.error import HTTPError
    with pytest.raises(HTTPError) as refused:
        send(msgsim, "nobody")
    refused.value.close()
""",
        "--msgsim-coverage",
        *workers,
    )
    result.assert_outcomes(passed=2)
    told = result.stdout.str()
    row = re.search(r"messente +(\d+) of \d+ +\d+% +(\d+) of \d+", told)
    assert row is not None, told
    assert (int(row[1]), int(row[2]) > 1) == (1, True)


def test_without_coverage_nothing_is_told(project: pytest.Pytester) -> None:
    result = run(project, "def test_sent(msgsim):\n    pass\n")
    assert "documented errors" not in result.stdout.str()


def test_nothing_is_imported_until_a_test_asks_for_it(project: pytest.Pytester) -> None:
    result = run(
        project,
        """
def test_plain():
    import sys
    ours = sorted(name for name in sys.modules if name.partition(".")[0] in ("msgsim", "msgspec", "click"))
    assert ours == ["msgsim", "msgsim.pytest_plugin"]
""",
    )
    result.assert_outcomes(passed=1)


def test_a_server_that_does_not_run_is_one_clear_line(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MSGSIM_URL", "http://127.0.0.1:9")
    result = run(project, "def test_sent(msgsim):\n    pass\n")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*no simulator answers at http://127.0.0.1:9*"])


def test_a_sandbox_costs_a_test_less_than_five_milliseconds() -> None:
    """Of processor time, the server's included: a busy machine must not fail it."""
    with Simulator() as simulator, Client(simulator.url) as client:
        client.sandboxes.delete(client.sandboxes.create(clock="frozen")["name"])
        begun = process_time()
        for number in range(100):
            client.sandboxes.create(f"test-{number}", clock="frozen")
            client.sandboxes.delete(f"test-{number}")
        assert (process_time() - begun) / 100 < 0.005


def test_the_plugin_costs_a_start_less_than_ten_milliseconds() -> None:
    told = """
import pytest, time
begun = time.process_time()
import msgsim.pytest_plugin
print(time.process_time() - begun)
"""
    spent = [
        float(subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True).stdout)
        for _ in range(3)
    ]
    assert min(spent) < 0.010
