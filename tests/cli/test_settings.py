"""Settings from a file in the working folder and from the environment; each mistake is told where it is."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from msgsim.cli.settings import read, sources
from msgsim.config import Config, ConfigError
from msgsim.engine.settings import Settings
from msgsim.provider import discover
from msgsim.testing import Simulator, call

from tests.cli.command import msgsim
from tests.cli.conftest import Run
from tests.conftest import Http

MISTAKES = """\
prot: 1
seed: many
proxy_others: refuze
pristine: perhaps
callback_timeout: soon
callback_hosts: ["https://example.org"]
journal_limit: 0
scenario: [flaky-netwrk]
providers:
  mesente: {}
  messente:
    accounts:
      - {user: shop, password: hush-4711}
    retries: [soon]
  cima360:
    channels: {4: telegramm}
"""


def mistakes(flags: dict[str, Any], environment: dict[str, str], file: str | None = None) -> list[str]:
    with pytest.raises(ConfigError) as said:
        read(flags, environment, file)
    return str(said.value).splitlines()


def test_flag_beats_environment_beats_file_beats_default(tmp_path: Path) -> None:
    file = tmp_path / "msgsim.yaml"
    file.write_text("port: 1\nseed: 1\nclock: frozen\nproviders: {messente: {sender: Shop}}\n")
    settings = read(
        {"port": 3},
        {"MSGSIM_PORT": "2", "MSGSIM_SEED": "2", "MSGSIM_SCENARIO": "maintenance, flaky-network"},
        str(file),
    )
    assert (settings.port, settings.seed, settings.clock, settings.host) == (3, 2, "frozen", "localhost")
    assert settings.scenario == ("maintenance", "flaky-network")
    assert settings.providers == {"messente": {"sender": "Shop"}}


@pytest.mark.parametrize(
    "text",
    [
        "callback_timeout: 5",
        "workers: 2",
        "port: 70000",
        "body_limit: 0",
        "prot: 1",
        "port: many",
        "- 1",
        "port: [",
        "\x00",
    ],
)
def test_a_settings_file_that_cannot_be_used(tmp_path: Path, text: str) -> None:
    file = tmp_path / "msgsim.yaml"
    file.write_text(text)
    with pytest.raises(ConfigError):
        read({}, {}, str(file))


def test_every_mistake_of_a_file_is_told_at_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("msgsim.yaml").write_text(MISTAKES)
    assert mistakes({}, {}) == [
        "msgsim.yaml:1:1: unknown key 'prot'; did you mean 'port'?",
        "msgsim.yaml:2:7: a whole number or nothing is expected, not a text",
        "msgsim.yaml:3:15: one of refuse, tunnel is expected; did you mean 'refuse'?",
        "msgsim.yaml:4:11: true or false is expected, not a text",
        "msgsim.yaml:5:19: it does not fit: How long a receiver may take, as 250ms, 5s or 10m.",
        "msgsim.yaml:6:18: it does not fit: name or name:port",
        "msgsim.yaml:7:16: 0 is less than 1",
        "msgsim.yaml:10:3: unknown key 'mesente'; did you mean 'messente'?",
        "msgsim.yaml:13:10: unknown key 'user'; did you mean 'username'?",
        "msgsim.yaml:14:15: a duration is expected: write 250ms, 5s, 10m, 2h or 1d",
        "msgsim.yaml:16:19: one of whatsapp, messenger, telegram, rcs is expected; did you mean 'telegram'?",
    ]


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("clock: frozn\n", "1:8: 'frozn' is no clock; write real, frozen, "),
        ("port: 1\nscenario: [maintenance, flaky-netwrk]\n", "2:25: flaky-netwrk: no such file, and no scenario of"),
        ("scenario:\n  - rules.yml\n", "2:5: rules.yml: there is no such file; did you mean 'rules.yaml'?"),
        ('scenario: ["a\\rb"]\n', "1:12: 'a\\rb': no such file, and no scenario of that name ships"),
        ('scenario: "a\\nb.yaml"\n', "1:11: 'a\\nb.yaml': there is no such file"),
        ("store: mysql://root@127.0.0.1/x\n", "1:8: a file, memory, or postgresql://"),
        ("host: 0.0.0.0\nproxy_others: tunnel\n", "2:15: tunnel is for a host on loopback only"),
        ("tls_cert: rules.yaml\n", "1:11: tls_cert and tls_key go together, and there is no tls_key"),
        ("tls_cert: rules.yaml\ntls_key: b.pem\n", "2:10: b.pem: No such file"),
        ("host: http://127.0.0.1\n", "1:7: http://127.0.0.1: a name or an address is expected, without http://"),
        ("port: 9000\nproxy_port: 9000\n", "2:13: 9000 is taken by port"),
        ("https_port: 9000\nproxy_port: 9000\n", "2:13: 9000 is taken by https_port"),
        ("workers: 2\n", "1:10: 2 processes need a store they share: set store to postgresql://"),
        ("callback_ca: a.pem\n", "1:14: a.pem: No such file"),
        ('callback_ca: "\\0"\n', "1:14: no text may have the character NUL"),
        ('tls_key: "\\0.pem"\n', "1:10: no text may have the character NUL"),
        (f"scenario: {'x' * 300}.yaml\n", f"1:11: {'x' * 300}.yaml: there is no such file"),
        ("body_limit: 1.0e+300\n", "1:13: 1e+300 is more than 9223372036854775807"),
        ("callback_timeout: 999999999999d\n", "1:19: 999999999999d is longer than"),
        ("- 1\n", "1:1: a mapping is expected, not a list"),
        ("title: hush-4711\nrules: []\n", "1:1: this is no settings file: it has none of the keys host, port"),
        ("port: 1\nport: 2\n", "2:1: 'port' stands here twice"),
    ],
)
def test_what_no_type_says_is_told_at_its_place_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, mistake: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("rules.yaml").write_text("name: rules\nrules: []\n")
    Path("msgsim.yaml").write_text(text)
    (line,) = mistakes({}, {})
    assert line.startswith(f"msgsim.yaml:{mistake}")
    assert "hush" not in line


@pytest.mark.parametrize(
    ("name", "value", "mistake"),
    [
        ("MSGSIM_PORT", "http", "MSGSIM_PORT: a whole number is expected, not a text"),
        ("MSGSIM_PORT", "70000", "MSGSIM_PORT: 70000 is more than 65535"),
        ("MSGSIM_PRISTINE", "maybe", "MSGSIM_PRISTINE: true or false is expected, not a text"),
        ("MSGSIM_CLOCK", "frozn", "MSGSIM_CLOCK: 'frozn' is no clock"),
        ("MSGSIM_SCENARIO", "maintenance,flaky", "MSGSIM_SCENARIO: flaky: no such file"),
        (
            "MSGSIM_PROXY_OTHERS",
            "tunel",
            "MSGSIM_PROXY_OTHERS: one of refuse, tunnel is expected; did you mean 'tunnel'?",
        ),
        ("MSGSIM_CONFIG", "a.yaml", "a.yaml:1:1: cannot be read: No such file or directory (MSGSIM_CONFIG names it)"),
        ("MSGSIM_PROT", "1", "MSGSIM_PROT: there is no such setting; did you mean 'MSGSIM_PORT'?"),
        ("MSGSIM_SANBOX", "1", "MSGSIM_SANBOX: there is no such setting; did you mean 'MSGSIM_SANDBOX'?"),
        ("MSGSIM_", "1", "MSGSIM_: there is no such setting"),
        (
            "MSGSIM_MESSENTE_RETRIES",
            "1s",
            (
                "MSGSIM_MESSENTE_RETRIES: there is no such setting;"
                " settings of messente stand in msgsim.yaml, below `providers: {messente: …}`"
            ),
        ),
        ("MSGSIM_QQQQQQQQQ", "", "MSGSIM_QQQQQQQQQ: there is no such setting; `msgsim schema config` lists them"),
    ],
)
def test_the_variable_that_is_wrong_is_named(name: str, value: str, mistake: str) -> None:
    (line,) = mistakes({}, {name: value})
    assert line.startswith(mistake)


def test_a_mistake_is_told_wherever_the_setting_comes_from() -> None:
    assert mistakes({"clock": "frozn"}, {"MSGSIM_CLOCK": "real"})[0].startswith("--clock: 'frozn' is no clock")


@pytest.mark.parametrize("name", [name for name in Config.__struct_fields__ if name != "providers"])
def test_an_empty_variable_is_none(name: str) -> None:
    assert read({}, {f"MSGSIM_{name.upper()}": ""}) == Config()


def test_variables_of_clients_shells_and_kubernetes_are_no_mistakes() -> None:
    assert read({}, {"MSGSIM_WORKERS": "1", "MSGSIM_PROXY_OTHERS": "refuse"}) == Config()
    others = ["MSGSIM_URL", "MSGSIM_SANDBOX", "MSGSIM_COMMAND", "_MSGSIM_COMPLETE", "msgsim_prot", "MY_MSGSIM_PROT"]
    services = {
        "MSGSIM_SERVICE_HOST": "10.0.0.1",
        "MSGSIM_SERVICE_PORT": "8080",
        "MSGSIM_SERVICE_PORT_HTTP": "8080",
        "MSGSIM_PORT": "tcp://10.0.0.1:8080",
        "MSGSIM_PORT_8080_TCP": "tcp://10.0.0.1:8080",
        "MSGSIM_PORT_8080_TCP_ADDR": "10.0.0.1",
    }
    assert read({}, dict.fromkeys(others, "x") | services) == Config()


@pytest.mark.parametrize("text", ["yes", "on", "1", "TRUE", "true"])
def test_truth_is_written_in_several_ways(tmp_path: Path, text: str) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text(f"pristine: {text}\nfast_path: no\nport: '9'\nscenario: maintenance\n")
    expected = Config(pristine=True, strict=True, fast_path=False, port=9, scenario=("maintenance",))
    assert read({}, {"MSGSIM_STRICT": text}, str(file)) == expected


def test_the_file_of_the_working_folder_gives_way_to_one_that_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert sources({}) == []
    for number, name in enumerate(("msgsim.yaml", "variable.yaml", "flag.yaml")):
        Path(name).write_text(f"seed: {number}\n")
    named = {"MSGSIM_CONFIG": "variable.yaml", "MSGSIM_PORT": "1"}
    assert [read({}, {}).seed, read({}, named).seed, read({}, named, "flag.yaml").seed] == [0, 1, 2]
    assert sources(named, "flag.yaml") == ["flag.yaml", "MSGSIM_PORT"]


def test_serve_reads_the_file_of_its_folder_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "msgsim.yaml").write_text("port: 0\nstore: memory\nseed: 4711\n")
    environment = {**os.environ, "MSGSIM_STRICT": "yes"}
    command = [sys.executable, "-m", "msgsim", "serve"]
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        lines = []
        for line in running.stdout:
            lines.append(" ".join(line.split()))
            if line.startswith("Try: "):
                break
        running.send_signal(signal.SIGTERM)
        assert running.wait(30) == 0
    assert {"seed 4711", "settings msgsim.yaml, MSGSIM_STRICT"} <= set(lines)


@pytest.mark.parametrize("command", [["serve"], ["exec", "--", "true"], ["ca", "--pem"]])
def test_each_command_that_reads_settings_ends_with_all_their_mistakes(command: list[str], tmp_path: Path) -> None:
    (tmp_path / "msgsim.yaml").write_text("prot: 1\nclok: real\n")
    done = msgsim(*command, MSGSIM_HOTS="a", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines() == [
        "msgsim: msgsim.yaml:1:1: unknown key 'prot'; did you mean 'port'?",
        "msgsim: msgsim.yaml:2:1: unknown key 'clok'; did you mean 'clock'?",
        "msgsim: MSGSIM_HOTS: there is no such setting; did you mean 'MSGSIM_HOST'?",
    ]


@pytest.mark.parametrize(
    ("text", "variables", "told"),
    [
        ("port: 0\nhost: nobody.invalid\n", {}, "msgsim.yaml:2:7: nobody.invalid:0: "),
        ("port: 0\nstore: .\n", {}, "msgsim.yaml:2:8: "),
        ("port: 0\nstore: memory\n", {"MSGSIM_STORE": "."}, "MSGSIM_STORE: "),
        ("port: 0\n", {"MSGSIM_HOST": "192.0.2.1"}, "MSGSIM_HOST: 192.0.2.1:0: "),
        ("port: 0\n", {"MSGSIM_HOST": "192.0.2.1", "MSGSIM_PORT": "9"}, "MSGSIM_HOST: 192.0.2.1:9: "),
    ],
)
def test_what_shows_at_start_only_names_its_setting_too(
    tmp_path: Path, text: str, variables: dict[str, str], told: str
) -> None:
    (tmp_path / "msgsim.yaml").write_text(text)
    done = msgsim("serve", **variables, cwd=tmp_path)
    assert done.returncode == 3, done.stderr
    assert done.stderr.startswith(f"msgsim: {told}")


def test_what_lies_in_the_way_of_the_file_is_told(tmp_path: Path) -> None:
    """Docker makes a folder where a file that it mounts is not there."""
    (tmp_path / "msgsim.yaml").mkdir()
    assert (
        msgsim("serve", cwd=tmp_path).stderr == "msgsim: msgsim.yaml:1:1: cannot be read: it is a folder, not a file\n"
    )
    (tmp_path / "msgsim.yaml").rmdir()
    (tmp_path / "msgsim.yaml").symlink_to("nowhere.yaml")
    assert "msgsim.yaml:1:1: cannot be read: No such file" in msgsim("serve", cwd=tmp_path).stderr


def test_exec_says_where_its_settings_are_from(tmp_path: Path) -> None:
    (tmp_path / "msgsim.yaml").write_text("seed: 4711\nport: 1\nhttps_port: 1\nworkers: 2\n")
    done = msgsim("exec", "--", "true", MSGSIM_CA_FOLDER=str(tmp_path), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "msgsim: settings from msgsim.yaml, MSGSIM_CA_FOLDER\nmsgsim: seed 4711\n" in done.stderr


def test_a_misspelled_variable_is_a_mistake_of_every_command_that_asks_a_server(msgsim: Run) -> None:
    done = msgsim("messages", MSGSIM_SANBOX="ci")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "msgsim: MSGSIM_SANBOX: there is no such setting; did you mean 'MSGSIM_SANDBOX'?\n"


@pytest.mark.parametrize("name", ["scenario", "config"])
def test_schemas_are_printed_and_served(msgsim: Run, sim: Simulator, control: Http, name: str) -> None:
    printed = json.loads(msgsim("schema", name).stdout)
    Draft202012Validator.check_schema(printed)
    for url in (f"/__sim/schemas/{name}.json", f"/__sim/v1/schemas/{name}.json"):
        assert call(f"{sim.url}{url}", "GET").json == printed
    assert control("GET", "schemas/scenari.json").status == 404


def test_the_schema_of_settings_knows_those_of_each_provider(msgsim: Run) -> None:
    schema = json.loads(msgsim("schema", "config").stdout)
    providers = schema["properties"]["providers"]["properties"]
    assert providers.keys() == discover().keys()
    for name, provider in discover().items():
        assert providers[name]["properties"].keys() == provider.contract.settings.keys()
    (error,) = Draft202012Validator(schema).iter_errors({"providers": {"messente": {"acounts": []}}})
    assert error.validator == "additionalProperties"


def test_a_printed_scenario_points_at_a_schema_that_is_there(msgsim: Run, sim: Simulator) -> None:
    first = msgsim("scenarios", "maintenance").stdout.splitlines()[0]
    assert first == f"# yaml-language-server: $schema={sim.url}/__sim/schemas/scenario.json"
    assert call(first.partition("=")[2], "GET").json["title"]


def test_editors_read_schemas_without_a_token() -> None:
    with Simulator(host="0.0.0.0", token="s3cret") as sim:
        url = f"http://127.0.0.1:{sim.port}/__sim"
        assert call(f"{url}/schemas/scenario.json", "GET").status == 200
        assert call(f"{url}/v1/scenario", "GET").status == 401


NAMES = st.sampled_from([*Config.__struct_fields__, "prot", "", "é"])
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.sampled_from(
        ["", "memory", "1", "-1", "yes", "60x", "5s", "refuse", "maintenance", "x" * 300, "\x00", "../..", "+1"]
    )
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
PROVIDED = st.dictionaries(
    st.sampled_from([*discover(), "mesente"]),
    st.dictionaries(
        st.sampled_from(["accounts", "users", "clients", "keys", "retries", "sender", "x"]), VALUES, max_size=2
    ),
    max_size=2,
)


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(st.dictionaries(NAMES, VALUES, max_size=3), PROVIDED, st.dictionaries(NAMES, st.text(max_size=5), max_size=2))
def test_whatever_is_written_is_used_or_told_with_its_place(
    tmp_path: Path, values: dict[str, Any], provided: dict[str, Any], variables: dict[str, str]
) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text(yaml.safe_dump({**values, "providers": provided} if provided else values, allow_unicode=True))
    environment = {f"MSGSIM_{name.upper()}": text for name, text in variables.items()}
    try:
        config = read({}, environment, str(file))
    except ConfigError as error:
        for line in str(error).splitlines():
            assert re.match(rf"{file}:\d+:\d+: .|MSGSIM_\S*: .", line), line
    else:
        Settings(config.providers, discover())


def test_sound_settings_are_read_without_the_validator_that_explains(tmp_path: Path) -> None:
    """It takes a tenth of the time until a server is ready."""
    (tmp_path / "msgsim.yaml").write_text("clock: frozen\n")
    reading = "from msgsim.cli.settings import read; read({'port': 0}, {'MSGSIM_STRICT': 'yes'}); import sys"
    told = f"{reading}; print('jsonschema' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", told], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert ran.stdout.strip() == "False", ran.stderr
