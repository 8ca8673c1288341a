"""docs/control-api.md says what there is, and shows what happens."""

import re

from msgsim.engine.habits import lint
from msgsim.testing import Simulator
from msgsim.web.control.description import described, followed, operations

from tests.conftest import START
from tests.documents import ROOT, blocks, run

FILE = "docs/control-api.md"
TEXT = (ROOT / FILE).read_text()


def test_its_commands_print_what_it_shows() -> None:
    with Simulator(clock=f"frozen@{START}") as sim:
        for block in blocks(FILE, "console"):
            run(block, sim.url)


def test_it_names_every_route() -> None:
    for method, path in operations(described()):
        assert re.search(rf"`{method} {re.escape(path[1:])}`", TEXT), (method, path)


def test_it_names_every_query_parameter_where_it_belongs() -> None:
    rows = {row.split("`")[1]: row for row in TEXT.splitlines() if row.startswith("| `")}
    for (method, path), operation in operations(described()).items():
        for parameter in map(followed, operation["parameters"]):
            if parameter["in"] == "query" and parameter["name"] != "sandbox":
                row = rows[f"{method} {path[1:]}"]
                assert f"`{parameter['name']}" in row, (path, parameter["name"])


def test_it_names_every_finding_of_lint() -> None:
    import inspect

    import msgsim.engine.habits

    assert lint([], {}) == []
    for rule in re.findall(r'"([a-z]+-[a-z-]+)",$', inspect.getsource(msgsim.engine.habits), re.MULTILINE):
        assert f"| `{rule}` |" in TEXT, rule
