"""The page about the command line says what is true of it."""

import re
from pathlib import Path

from msgsim.cli import cli, exits

PAGE = Path("docs/cli.md").read_text(encoding="utf-8")


def test_every_command_is_on_the_page_and_no_other() -> None:
    table = PAGE[PAGE.index("| to |") : PAGE.index("## What commands")]
    named = re.findall(r"`([a-z-]+)`", table)
    assert sorted(named) == cli.list_commands(None)  # type: ignore[arg-type]


def test_every_exit_code_is_on_the_page() -> None:
    listed = re.findall(r"^\| (\d+) \| ([A-Z_]+) \|", PAGE, re.MULTILINE)
    codes = {name: value for name, value in vars(exits).items() if name.isupper()}
    assert {name: int(code) for code, name in listed} == codes
