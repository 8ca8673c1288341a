"""``msgsim check``: all mistakes of scenario files at once."""

from pathlib import Path

import click


@click.command("check")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
def command(paths: tuple[str, ...]) -> int:
    """Check scenario files, or all in a folder, and tell every mistake as FILE:LINE:COLUMN.

    \b
    Examples:
      msgsim check scenarios/
      msgsim check my-rules.yaml viber-falls-back-to-sms
    """
    from simulator.cli import BAD_CONFIGURATION, OK
    from simulator.engine import terms_of
    from simulator.provider import discover
    from simulator.scenario import load
    from simulator.yamlfile import Wrong

    terms = {name: terms_of(provider) for name, provider in discover().items()}
    names = [name for path in paths for name in _files(path)]
    mistakes = []
    for name in names:
        try:
            load((name,), terms)
        except Wrong as wrong:
            mistakes += wrong.mistakes
    for mistake in mistakes:
        place = click.style(f"{mistake.file}:{mistake.line}:{mistake.column}:", bold=True)
        click.echo(f"{place} {mistake.reason}", err=True)
    if mistakes:
        return BAD_CONFIGURATION
    click.echo(f"{len(names)} file{'s' if len(names) != 1 else ''} checked, no mistakes")
    return OK


def _files(path: str) -> list[str]:
    folder = Path(path)
    if folder.is_dir():
        return sorted(str(file) for pattern in ("*.yaml", "*.yml") for file in folder.rglob(pattern))
    return [path]
