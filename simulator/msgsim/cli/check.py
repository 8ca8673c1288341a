"""``msgsim check``: prints all mistakes in scenario files."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from msgsim.scenarios.yaml import Mistake


@click.command("check")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "github"]),
    default="text",
    help="How it is written.  [default: text]",
)
def command(paths: tuple[str, ...], form: str) -> int:
    """Check scenario files, or all in a folder, and tell every mistake as FILE:LINE:COLUMN.

    github writes annotations that a workflow of GitHub shows beside the line.

    \b
    Examples:
      msgsim check scenarios/
      msgsim check my-rules.yaml viber-falls-back-to-sms
      msgsim check scenarios/ --format json
    """
    from msgsim.cli.exits import BAD_CONFIGURATION, OK  # For start-up time.
    from msgsim.provider import discover
    from msgsim.scenarios.library import Choice, load
    from msgsim.scenarios.reserved import terms_of
    from msgsim.scenarios.yaml import BadFile

    terms = {name: terms_of(provider) for name, provider in discover().items()}
    names = [name for path in paths for name in files_in(path)]
    mistakes: list[Mistake] = []
    for name in names:
        try:
            load(Choice((name,)), terms)
        except BadFile as error:
            mistakes += error.mistakes
    mistakes.sort()
    if form == "json":
        import msgspec

        click.echo(msgspec.json.format(msgspec.json.encode(mistakes), indent=2))
    elif form == "github":
        for mistake in mistakes:
            click.echo(f"::error file={mistake.file},line={mistake.line},col={mistake.column}::{mistake.reason}")
    elif mistakes:
        tell(mistakes)
    else:
        click.echo(f"{len(names)} file{'s' if len(names) != 1 else ''} checked, no mistakes")
    return BAD_CONFIGURATION if mistakes else OK


def files_in(path: str) -> list[str]:
    """The YAML files in a folder and its subfolders, sorted; for any other path, or a scenario's name, that alone."""
    folder = Path(path)
    if folder.is_dir():
        return sorted(str(file) for pattern in ("*.yaml", "*.yml") for file in folder.rglob(pattern))
    return [path]


def tell(mistakes: "Iterable[Mistake]", err: bool = False) -> None:
    """Print a line per mistake. It begins with FILE:LINE:COLUMN, which editors and terminals can open.

    ``err``: on standard error.
    """
    for mistake in mistakes:
        place = click.style(f"{mistake.file}:{mistake.line}:{mistake.column}:", bold=True)
        click.echo(f"{place} {mistake.reason}", err=err)
