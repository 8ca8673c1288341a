"""Where a user starts: the wheel and pytest in a fresh environment, and a project that is not ours."""

import subprocess
import sys
from pathlib import Path

import pytest

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
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of a fresh environment with the wheel, pytest and pytest-asyncio."""
    folder = tmp_path_factory.mktemp("fresh")
    run(folder, UV, "build", "--quiet", "--wheel", "--out-dir", folder, ROOT)
    run(folder, UV, "venv", "--quiet", "--python", sys.executable, folder / "venv")
    interpreter = folder / "venv" / "bin" / "python"
    wheel = next(folder.glob("*.whl"))
    run(folder, UV, "pip", "install", "--quiet", "--python", interpreter, wheel, "pytest", "pytest-asyncio")
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
