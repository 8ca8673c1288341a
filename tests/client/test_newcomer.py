"""Where a user starts: the wheel and pytest in a fresh environment, and a project that is not ours."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest
from msgsim.testing import call

from tests.client.foreign import SHOP

ROOT = Path(__file__).parents[2]
UV = Path(sys.executable).with_name("uv")
TESTS = """
import unittest

import pytest
from msgsim.testing import Simulator
from shop import send

def test_sent(msgsim):
    send(msgsim, "+37255500001")
    msgsim.clock.advance("5m")
    assert msgsim.messages.wait(status="delivered")["to"] == "+37255500001"

def test_mistaken(msgsim):
    assert 0

@pytest.mark.asyncio
async def test_with_pytest_asyncio(msgsim_async):
    await msgsim_async.clock.advance("5m")

@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_with_anyio(msgsim_async, anyio_backend):
    assert await msgsim_async.messages.list() == []

class ShopTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.simulator = cls.enterClassContext(Simulator())

    def test_sent(self):
        msgsim = self.enterContext(self.simulator.sandbox())
        send(msgsim, "+37255500001")
        self.assertEqual(len(msgsim.messages.list()), 1)
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run(folder, UV, "build", "--quiet", "--wheel", "--out-dir", folder, ROOT)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of a fresh environment with the wheel, pytest and pytest-asyncio."""
    return environment(tmp_path_factory.mktemp("fresh"), wheel, "pytest", "pytest-asyncio")


def environment(folder: Path, *packages: Path | str) -> Path:
    """The interpreter of an environment with pip and these packages."""
    run(folder, UV, "venv", "--quiet", "--seed", "--python", sys.executable, folder / "venv")
    interpreter = folder / "venv" / "bin" / "python"
    run(folder, UV, "pip", "install", "--quiet", "--python", interpreter, *packages)
    return interpreter


def run(folder: Path, *command: str | Path, code: int = 0) -> str:
    ran = subprocess.run([*map(str, command)], cwd=folder, capture_output=True, text=True, timeout=150)
    assert ran.returncode == code, f"{ran.stdout}\n{ran.stderr}"
    return ran.stdout


def test_the_first_tests_of_a_foreign_project(python: Path, tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(SHOP)
    (tmp_path / "test_shop.py").write_text(TESTS)
    told = run(tmp_path, python, "-m", "pytest", "-p", "no:cacheprovider", code=1)
    assert "1 failed, 4 passed" in told
    assert "nothing has asked this server" in told
    assert "INTERNALERROR" not in told


@pytest.fixture
def url(python: Path, tmp_path: Path) -> Iterator[str]:
    """A server of the fresh environment."""
    command = [str(python.with_name("msgsim")), "serve", "--port", "0", "--store", "memory"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as serving:
        assert serving.stdout
        found = re.search(r"http://127\.0\.0\.1:\d+", next(line for line in serving.stdout if "http://" in line))
        assert found
        try:
            yield found[0]
        finally:
            serving.terminate()


def test_no_extra_is_needed_for_what_the_server_shows(url: str) -> None:
    """Every page that a page links to, and everything that can be read of the control API without an id."""
    pages: set[str] = set()
    left = {"/__sim/"}
    while left:
        page = left.pop()
        pages.add(page)
        answer = call(f"{url}{page}", "GET")
        assert answer.status == 200, page
        if answer.headers["content-type"].startswith("text/html"):
            left |= {unescape(link) for link in re.findall(r'href="(/__sim/[^"#]*)', answer.body.decode())} - pages
    assert {"/__sim/errors", "/__sim/start", "/__sim/scenarios"} <= pages
    described = json.loads((ROOT / "schemas" / "simulator" / "control.json").read_text())
    paths = {path for path, methods in described["paths"].items() if "get" in methods and "{" not in path}
    answered = {path: call(f"{url}/__sim/v1{path}", "GET").status for path in paths - {"/events"}}
    assert {path: status for path, status in answered.items() if status != 200} == {}


def test_samples_are_the_examples_until_the_hint_is_followed(wheel: Path, tmp_path: Path) -> None:
    """The printed command installs the extra, though the simulator itself is on no index."""
    bin = environment(tmp_path, wheel).parent
    sample = f"PATH={bin}:$PATH msgsim exec -- msgsim send messente 2>&1"
    told = run(tmp_path, "bash", "-c", sample)
    assert " 201 " in told
    assert "samples are the schemas' examples" in told
    (command,) = re.findall(r"pip install '.*'", told)
    run(tmp_path, "bash", "-c", f"PATH={bin}:$PATH {command}")
    told = run(tmp_path, "bash", "-c", sample)
    assert " 201 " in told
    assert "samples are" not in told
