"""What a shell is offered, asked as bash asks it."""

import pytest
from msgsim.client import Client
from msgsim.testing import Simulator

from tests.cli.conftest import Run


def offered(msgsim: Run, line: str, **variables: str) -> list[str]:
    asked = msgsim(_MSGSIM_COMPLETE="bash_complete", COMP_WORDS=line, COMP_CWORD=str(line.count(" ")), **variables)
    assert (asked.returncode, asked.stderr) == (0, "")
    return [item.partition(",")[2] for item in asked.stdout.split()]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("msgsim ser", ["serve"]),
        ("msgsim send ", ["cima360", "messente", "salesforce", "sinch"]),
        ("msgsim errors --provider s", ["salesforce", "sinch"]),
        ("msgsim wait messages --provider me", ["messente"]),
        ("msgsim scenario use viber-falls", ["viber-falls-back-to-sms"]),
        ("msgsim serve --scenario viber-falls", ["viber-falls-back-to-sms"]),
        ("msgsim messages --status deli", ["delivered"]),
        ("msgsim messages --status DELIVR", ["DELIVRD"]),
        ("msgsim messages --text ", []),
    ],
)
def test_values_are_completed(msgsim: Run, line: str, expected: list[str]) -> None:
    assert offered(msgsim, line) == expected


def test_sandboxes_are_those_of_the_server(msgsim: Run, sim: Simulator) -> None:
    with Client(sim.url) as client:
        client.sandboxes.create("orders")
    assert offered(msgsim, "msgsim messages --sandbox ") == ["default", "orders"]
    assert offered(msgsim, "msgsim sandboxes list --sandbox or") == ["orders"]


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "nowhere"])
def test_without_a_server_there_are_none(msgsim: Run, url: str) -> None:
    assert offered(msgsim, "msgsim messages --sandbox ", MSGSIM_URL=url) == []
