"""Every block of the how-tos is used: files are written, shell blocks run in order, and what they show is compared.

What cannot run here is left out by these rules alone: installing packages, and steps of a workflow that are
somebody else's action. Ports are free ones, and the host's name inside a container is the host's own.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from msgsim.testing import Simulator, call

from tests.client.conftest import MSGSIM
from tests.ports import free_port
from tests.storage.cluster import Cluster, programs

HOWTOS = Path(__file__).parents[2] / "docs" / "how-to"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NAMED = re.compile(r"(?:#|//) (\S+\.\w+)\n")
CUT = "--- the next block ---"
JUNIT = Path("/usr/share/java/junit-platform-console-standalone.jar")
"""Of Debian's package junit5."""
TESTCONTAINERS = {
    "containers/GenericContainer.java": """
package org.testcontainers.containers;
import org.testcontainers.containers.wait.strategy.WaitStrategy;
import org.testcontainers.utility.DockerImageName;
public class GenericContainer<SELF extends GenericContainer<SELF>> {
    public GenericContainer(DockerImageName name) {}
    public SELF withEnv(String name, String value) { return null; }
    public SELF withExposedPorts(Integer... ports) { return null; }
    public SELF waitingFor(WaitStrategy strategy) { return null; }
    public void start() {}
    public String getHost() { return ""; }
    public Integer getMappedPort(int port) { return port; }
}
""",
    "containers/wait/strategy/WaitStrategy.java": """
package org.testcontainers.containers.wait.strategy;
public interface WaitStrategy {}
""",
    "containers/wait/strategy/Wait.java": """
package org.testcontainers.containers.wait.strategy;
public class Wait {
    public static WaitStrategy forHttp(String path) { return null; }
}
""",
    "utility/DockerImageName.java": """
package org.testcontainers.utility;
public final class DockerImageName {
    public static DockerImageName parse(String name) { return null; }
}
""",
}


class Block(NamedTuple):
    """One fenced block; a first comment line that is a file's name makes it that file."""

    language: str
    text: str

    @property
    def file(self) -> str:
        named = NAMED.match(self.text)
        return named[1] if named else ""


class Page:
    """A how-to in a folder of its own."""

    def __init__(self, name: str, folder: Path) -> None:
        self.folder = folder
        self.ports = {port: str(free_port()) for port in ("8080", "8081", "8443", "9000")}
        text = (HOWTOS / f"{name}.md").read_text()
        self.blocks = [Block(language, self._here(block)) for language, block in BLOCK.findall(text)]
        for block in self.blocks:
            if block.file:
                path = folder / block.file
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(block.text)
                path.chmod(0o755)

    def _here(self, text: str) -> str:
        for port, free in self.ports.items():
            text = re.sub(rf"\b{port}\b", free, text)
        return text.replace("host.docker.internal", "localhost")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.ports['8080']}"

    def of(self, *languages: str) -> list[Block]:
        return [block for block in self.blocks if block.language in languages and not block.file]

    def yaml(self, file: str) -> Any:
        return yaml.safe_load((self.folder / file).read_text())

    def run(self, scripts: list[str], **environment: str) -> list[str]:
        """In one shell, so that variables and servers live on; the output of each."""
        script = f"\necho; echo '{CUT}'\n".join(scripts)
        whole = f"set -eu\ntrap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n{script}\n"
        inherited = {"PATH": f"{MSGSIM.parent}:{os.environ['PATH']}", "HOME": str(self.folder)}
        ran = subprocess.run(
            ["bash", "-c", whole],
            cwd=self.folder,
            env=inherited | environment,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert ran.returncode == 0, f"{ran.stdout}\n{ran.stderr}"
        return ran.stdout.split(f"\n{CUT}\n")


@pytest.fixture
def page(request: pytest.FixtureRequest, tmp_path: Path) -> Page:
    return Page(request.param, tmp_path)


def _runs_here(script: str) -> bool:
    return not script.startswith("pip install")


def _comes(what: Callable[[], bool]) -> bool:
    return any(what() for _ in range(20_000))


def _fits(shown: Any, answered: Any) -> bool:
    """Whether everything that is shown is there; there may be more."""
    if isinstance(shown, dict):
        return isinstance(answered, dict) and all(
            name in answered and _fits(value, answered[name]) for name, value in shown.items()
        )
    if isinstance(shown, list):
        return len(shown) <= len(answered) and all(map(_fits, shown, answered))
    return bool(shown == answered)


@pytest.mark.parametrize("page", ["http"], indirect=True)
def test_http(page: Page) -> None:
    blocks = page.of("sh", "json")
    outputs = iter(page.run([block.text for block in blocks if block.language == "sh"]))
    output = ""
    for block in blocks:
        if block.language == "sh":
            output = next(outputs)
        else:
            assert _fits(json.loads(block.text), json.loads(output)), (block.text, output)


@pytest.mark.parametrize("page", ["replay"], indirect=True)
def test_replay(page: Page) -> None:
    shell, (shown,), (told,) = page.of("sh"), page.of("json"), page.of("text")
    *_, same, other = page.run([block.text for block in shell])
    assert _fits(json.loads(shown.text), json.loads(same))
    told_lines = "|".join(re.escape(line).replace("…", ".*") for line in told.text.splitlines())
    assert [line for line in other.splitlines()[:4] if not re.fullmatch(told_lines, line)] == []
    assert "exit code 1" in other


@pytest.mark.parametrize("page", ["prometheus"], indirect=True)
def test_prometheus(page: Page) -> None:
    shell, (shown,) = page.of("sh"), page.of("text")
    (output,) = page.run([block.text for block in shell])
    assert output.strip().endswith(shown.text.strip())
    (job,) = page.yaml("prometheus.yml")["scrape_configs"]
    assert job["static_configs"] == [{"targets": [f"127.0.0.1:{page.ports['8080']}"]}]


@pytest.mark.parametrize("page", ["pytest"], indirect=True)
def test_pytest(page: Page) -> None:
    shell = [block.text for block in page.of("sh")]
    outputs = page.run([script for script in shell if _runs_here(script)])
    assert len(outputs) == 3
    for output in outputs:
        assert re.search(r"\b11 passed\b", output), output
    assert "documented errors and outcomes met" in outputs[-1]


@pytest.mark.parametrize("page", ["github-actions"], indirect=True)
@pytest.mark.parametrize("workflow", ["pytest", "integration"])
def test_github_actions(page: Page, workflow: str) -> None:
    described = page.yaml(f".github/workflows/{workflow}.yaml")
    variables = {name: str(page.folder / name) for name in ("GITHUB_ENV", "GITHUB_STEP_SUMMARY")}
    for path in variables.values():
        Path(path).touch()
    (job,) = described["jobs"].values()
    scripts = [step["run"] for step in job["steps"] if "run" in step and _runs_here(step["run"])]
    passed_on = 'set -a; . "$GITHUB_ENV"; set +a\n'
    if workflow == "integration":
        variables["MSGSIM_URL"] = page.url
    page.run([passed_on + script for script in scripts], **variables)
    if workflow == "integration":
        assert (page.folder / "GITHUB_STEP_SUMMARY").read_text().startswith("| provider |")
        assert json.loads((page.folder / "journal.har").read_text())["log"]["entries"]


@pytest.mark.parametrize("page", ["gitlab-ci"], indirect=True)
@pytest.mark.parametrize("job", ["unit", "integration", "scenarios"])
def test_gitlab_ci(page: Page, job: str) -> None:
    described = page.yaml(".gitlab-ci.yml")
    script = [line for line in described[job]["script"] if _runs_here(line)]
    page.run(["\n".join(script)], **described[job].get("variables", {}))
    reports = described[job]["artifacts"]
    for report in (*reports.get("paths", ()), *reports.get("reports", {}).values()):
        assert (page.folder / report).read_text(), report
    for report in reports.get("reports", {}).values():
        assert 'failures="0"' in (page.folder / report).read_text()


@pytest.mark.parametrize("page", ["gitlab-ci"], indirect=True)
def test_gitlab_ci_with_a_service(page: Page) -> None:
    (job,) = page.yaml("service/.gitlab-ci.yml").values()
    (service,) = job["services"]
    script = "\n".join(line for line in job["script"] if _runs_here(line))
    given = {name: value.replace("$CI_JOB_ID", "17") for name, value in job["variables"].items()}
    assert given["MSGSIM_URL"] == f"http://{service['alias']}:{page.ports['8080']}"
    assert given["MSGSIM_TOKEN"] == service["variables"]["MSGSIM_TOKEN"].replace("$CI_JOB_ID", "17")
    given |= {"MSGSIM_URL": page.url, "MSGSIM_SANDBOX": "integration"}
    with Simulator(host="0.0.0.0", port=int(page.ports["8080"]), token="17", clock="60x"):
        page.run([script], **given)


@pytest.mark.skipif(shutil.which("javac") is None, reason="there is no JDK")
@pytest.mark.parametrize("page", ["java"], indirect=True)
def test_java(page: Page) -> None:
    plain, tested = page.of("sh")
    (shown,) = page.of("text")
    (printed,) = page.run([plain.text], MSGSIM_COMMAND=str(MSGSIM))
    assert printed.strip() == shown.text.strip()
    if JUNIT.exists():
        (reported,) = page.run([tested.text], MSGSIM_COMMAND=str(MSGSIM))
        assert re.search(r"2 tests successful\b", reported), reported


@pytest.mark.skipif(shutil.which("javac") is None, reason="there is no JDK")
@pytest.mark.parametrize("page", ["java"], indirect=True)
def test_java_with_testcontainers(page: Page, tmp_path: Path) -> None:
    """The recipe is held against what it uses of Testcontainers, written down here as its documentation has it."""
    for name, text in TESTCONTAINERS.items():
        path = page.folder / "org" / "testcontainers" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    page.run(["javac -d classes Msgsim.java Simulators.java"])


@pytest.fixture
def composed(page: Page) -> Iterator[dict[str, Any]]:
    """The simulator as its service is described, listening on all addresses as the image does."""
    described = page.yaml("compose.yaml")
    told = described["services"]["msgsim"]["environment"]
    settings = {name.removeprefix("MSGSIM_").lower(): value for name, value in told.items()}
    settings["scenario"] = [str(page.folder / settings["scenario"])]
    with Simulator(host="0.0.0.0", port=int(page.ports["8080"]), clock="real", **settings):
        yield described


@pytest.mark.parametrize("page", ["docker-compose"], indirect=True)
def test_docker_compose(page: Page, composed: dict[str, Any]) -> None:
    services = composed["services"]
    assert services["msgsim"]["ports"] == [f"127.0.0.1:{page.ports['8080']}:{page.ports['8080']}"]
    assert services["shop"]["depends_on"] == {"msgsim": {"condition": "service_healthy"}}
    _, reported, _ = page.run([block.text for block in page.of("sh")])
    statuses = re.findall(r'"status": ?"(\w+)"', reported)
    assert statuses == ["UNDELIV", "ACK", "DELIVRD"]


@pytest.mark.skipif(programs() is None, reason="PostgreSQL is not installed")
@pytest.mark.parametrize("page", ["postgresql"], indirect=True)
def test_postgresql(page: Page) -> None:
    services = page.yaml("compose.yaml")["services"]
    made = services["database"]["environment"]
    store = services["msgsim"]["environment"]["MSGSIM_STORE"]
    assert store == f"postgresql://{made['POSTGRES_USER']}:{made['POSTGRES_PASSWORD']}@database/{made['POSTGRES_DB']}"
    with Cluster() as cluster, Simulator(host="0.0.0.0", token="x", store=cluster.url()) as sim:
        probes = ["/__sim/v1/health", "/__sim/v1/ready"]
        assert [call(f"{sim.url}{path}", "GET").status for path in probes] == [200, 200]
        cluster.kill()
        assert [call(f"{sim.url}{path}", "GET").status for path in probes] == [200, 503]
        cluster.start()
        assert _comes(lambda: call(f"{sim.url}{probes[1]}", "GET").status == 200)


@pytest.mark.parametrize("page", ["https"], indirect=True)
def test_https(page: Page) -> None:
    with Simulator(ca_folder=str(page.folder / "ca")) as sim:
        told = {"MSGSIM_URL": sim.url, "MSGSIM_CA_FOLDER": str(page.folder / "ca")}
        outputs = [page.run([block.text], **told) for block in page.of("sh")]
    sent, asked, proxied, named = (output[-1] for output in outputs)
    assert '"omnimessage_id"' in sent
    assert asked.strip() == "404"
    assert '"title":"Not found"' in proxied
    assert '"title":"Not found"' in named
    tested = page.run([f"{sys.executable} -m pytest -q -p no:cacheprovider test_unmodified.py"])
    assert "2 passed" in tested[0]
    assert page.yaml("compose.yaml")["services"]["msgsim"]["networks"]["default"]["aliases"]


def test_every_block_is_used() -> None:
    used = {"python", "yaml", "js", "java", "bash", "sh", "json", "text"}
    for path in HOWTOS.glob("*.md"):
        for language, text in BLOCK.findall(path.read_text()):
            assert language in used, path
            assert Block(language, text).file or language in ("sh", "json", "text"), (path, text)
