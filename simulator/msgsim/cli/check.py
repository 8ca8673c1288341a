"""``msgsim check``: all mistakes of scenario files at once."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from msgsim.scenarios.yaml import Mistake


@click.command("check")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
def command(paths: tuple[str, ...]) -> int:
    """Check scenario files, or all in a folder, and tell every mistake as FILE:LINE:COLUMN.

    \b
    Examples:
      msgsim check scenarios/
      msgsim check my-rules.yaml viber-falls-back-to-sms
    """
    from msgsim.cli.exits import BAD_CONFIGURATION, OK
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
    if mistakes:
        tell(mistakes)
        return BAD_CONFIGURATION
    click.echo(f"{len(names)} file{'s' if len(names) != 1 else ''} checked, no mistakes")
    return OK


def files_in(path: str) -> list[str]:
    """A folder's files, or the one file or name."""
    folder = Path(path)
    if folder.is_dir():
        return sorted(str(file) for pattern in ("*.yaml", "*.yml") for file in folder.rglob(pattern))
    return [path]


def tell(mistakes: "Iterable[Mistake]") -> None:
    """One line each, the place first, so that editors and terminals can jump there."""
    for mistake in mistakes:
        place = click.style(f"{mistake.file}:{mistake.line}:{mistake.column}:", bold=True)
        click.echo(f"{place} {mistake.reason}", err=True)
