"""What every --help says is in sentences."""

import re
from collections.abc import Iterator

import click
import pytest
from msgsim.cli import cli

from tests.cli.conftest import Run


def test_a_group_completes_its_commands(msgsim: Run) -> None:
    asked = msgsim(_MSGSIM_COMPLETE="bash_complete", COMP_WORDS="msgsim callbacks ", COMP_CWORD="2")
    assert [item.partition(",")[2] for item in asked.stdout.split()] == ["list", "replay", "show"]


def module_and_name(command: click.Command) -> str:
    module = getattr(command.callback, "__module__", "").rpartition(".")[2]
    return f"{module}-{command.name}"


def commands(command: click.Command, ctx: click.Context) -> Iterator[click.Command]:
    yield command
    if isinstance(command, click.Group):
        for name in command.list_commands(ctx):
            below = command.get_command(ctx, name)
            assert below is not None
            yield from commands(below, click.Context(below, parent=ctx, info_name=name))


@pytest.mark.parametrize("command", [*commands(cli, click.Context(cli))], ids=module_and_name)
def test_help_is_in_sentences(command: click.Command) -> None:
    first = (command.help or "").strip().partition("\n\n")[0]
    assert re.fullmatch(r"[A-Z`].*\.", first, re.DOTALL), first
    for option in (param for param in command.params if isinstance(param, click.Option)):
        text = re.sub(r"\s*\[default: [^\]]*\]$", "", option.help or "")
        assert text.endswith("."), f"{option.opts[0]}: {text}"
