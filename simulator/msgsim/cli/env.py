"""``msgsim env``: what an application is to be told, as variables."""

from collections.abc import Callable

import click

from msgsim.cli.remote import remote
from msgsim.client import Client


def _dotenv(name: str, value: str) -> str:
    quoted = value.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$")
    return f'{name}="{quoted}"'


def _sh(name: str, value: str) -> str:
    from shlex import quote

    return f"export {name}={quote(value)}"


def _github(name: str, value: str) -> str:
    return f"{name}={value}"


FORMATS: dict[str, Callable[[str, str], str]] = {"dotenv": _dotenv, "sh": _sh, "github": _github}


@click.command("env")
@click.option("--format", "form", type=click.Choice(list(FORMATS)), default="dotenv", help="[default: dotenv]")
@remote
def command(client: Client, form: str) -> None:
    """Print base URLs and credentials of a sandbox: MESSENTE_BASE_URL, MESSENTE_USERNAME, ...

    \b
    Examples:
      msgsim env > .env
      eval "$(msgsim env --format sh)"
      msgsim env --format github >> "$GITHUB_ENV"
    """
    for name, value in client.environment().items():
        click.echo(FORMATS[form](name, value))
