"""``msgsim env``: base URLs and credentials of a sandbox, as environment variables for an application."""

from collections.abc import Callable

import click

from msgsim.cli.remote import remote, show_json
from msgsim.client import Client
from msgsim.client.sandboxes import dotenv


def _sh(name: str, value: str) -> str:
    from shlex import quote  # For start-up time.

    return f"export {name}={quote(value)}"


def _github(name: str, value: str) -> str:
    return f"{name}={value}"


FORMATS: dict[str, Callable[[str, str], str]] = {"dotenv": dotenv, "sh": _sh, "github": _github}
"""Format → function that writes a variable, given by name and value, as a line."""


@click.command("env")
@click.option(
    "--format",
    "form",
    type=click.Choice([*FORMATS, "json"]),
    default="dotenv",
    help="How it is written.  [default: dotenv]",
)
@click.option("--intercept", is_flag=True, help="Also what an unmodified program needs: proxy, certificates.")
@remote
def command(client: Client, form: str, intercept: bool) -> None:
    """Print base URLs and credentials of a sandbox: MESSENTE_BASE_URL, MESSENTE_USERNAME, ...

    With --intercept the ports for TLS and the proxy are opened, and HTTPS_PROXY, SSL_CERT_FILE, JAVA_TOOL_OPTIONS, ...
    come along; the files that they name are kept in your state directory.

    \b
    Examples:
      msgsim env > .env
      eval "$(msgsim env --format sh)"
      msgsim env --format github >> "$GITHUB_ENV"
      eval "$(msgsim env --intercept --format sh)"
    """
    found = client.environment()
    if intercept:
        found |= _intercepting(client)
    if form == "json":
        show_json(found)
        return
    for name, value in found.items():
        click.echo(FORMATS[form](name, value))


def _intercepting(client: Client) -> dict[str, str]:
    """The variables for ``--intercept``. The files that they name are written to the state directory."""
    from msgsim.client.interception import server_at, variables  # For start-up time.
    from msgsim.config import state_folder

    server = server_at(client.url, client.interception())
    folder = state_folder() / f"intercept-{server.plain_port}"
    folder.mkdir(parents=True, exist_ok=True)
    return variables(server, folder, client.name if client.name != "default" else "")
