"""``msgsim export``: writes a replay bundle of a sandbox."""

from pathlib import Path

import click

from msgsim.cli.exits import FAILED, OK
from msgsim.cli.remote import failed, remote
from msgsim.client import Client


@click.command("export")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@remote
def command(client: Client, file: Path) -> int:
    """Write into FILE what happened in a sandbox, so that ``msgsim replay`` does it again.

    It has requests, answers, callbacks, moves of the clock, and texts of scenarios; recipients and texts of messages,
    but no secrets.

    \b
    Examples:
      msgsim export bug.msgsim
      msgsim export --sandbox ci-17 bug.msgsim
    """
    import gzip  # For start-up time.

    lines = client.bundle().encode()
    try:
        file.write_bytes(gzip.compress(lines, mtime=0))
    except OSError as error:
        return failed(f"{file}: {error.strerror}", FAILED)
    count = lines.count(b"\n")
    click.echo(f"{file}: {count} lines; do them again with: msgsim replay {file}")
    return OK
