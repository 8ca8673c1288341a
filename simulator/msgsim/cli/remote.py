"""Shared by commands that talk to a running simulator: its address, error messages, tables."""

import json
import os
import sys
from collections.abc import Callable, Sequence
from functools import wraps

import click

from msgsim.cli.exits import BAD_CONFIGURATION, CANNOT_START, FAILED, OK, TIMED_OUT
from msgsim.client import DEFAULT_URL, Client, Problem, TimedOut, Unreachable
from msgsim.client.api import Json

NEEDS_TOKEN = 401
"""HTTP status of the control API if the token is missing or wrong."""
OURS = frozenset({"MSGSIM_URL", "MSGSIM_SANDBOX", "MSGSIM_TOKEN"})
"""Environment variables that these commands read."""
KINDS = {
    "queued": "cyan", "sent": "cyan", "scheduled": "cyan", "delivered": "green", "seen": "green",
    "failed": "red", "rejected": "red", "expired": "yellow", "cancelled": "yellow",
}  # fmt: skip
"""Kind of a status → colour."""


at_url = click.option(
    "--url",
    envvar="MSGSIM_URL",
    default=DEFAULT_URL,
    help=f"Where the simulator is: MSGSIM_URL.  [default: {DEFAULT_URL}]",
)
of_sandbox = click.option(
    "--sandbox", envvar="MSGSIM_SANDBOX", default="default", help="Whose messages: MSGSIM_SANDBOX.  [default: default]"
)


def remote(run: Callable[..., int | None]) -> Callable[..., int]:
    """A command with the options --url, --sandbox and --token. It calls ``run`` with a `Client`; returns an exit code.

    ``run`` returns an exit code too; None: OK. Errors of the client are printed instead of raised. A ValueError becomes
    click.UsageError.
    """

    @at_url
    @of_sandbox
    @click.option(
        "--token", envvar="MSGSIM_TOKEN", default="", help="What a server beyond loopback asks for: MSGSIM_TOKEN."
    )
    @wraps(run)
    def command(url: str, sandbox: str, token: str, **options: Json) -> int:
        if strange := _unknown_variables():
            return failed(strange, BAD_CONFIGURATION)
        try:
            with Client(url, sandbox, token) as client:
                return run(client, **options) or OK
        except Unreachable as error:
            return failed(str(error), CANNOT_START)
        except TimedOut as error:
            return failed(str(error), TIMED_OUT)
        except Problem as error:
            return failed(_token_needed(token) if error.status == NEEDS_TOKEN else str(error), FAILED)
        except LookupError as error:
            return failed(str(error), FAILED)
        except ValueError as error:
            raise click.UsageError(str(error)) from None

    return command


def _token_needed(given: str) -> str:
    """Why the server refused a token, and what to do. The server's own text is meant for authors of HTTP requests.

    ``given``: the token that was sent; empty: none.
    """
    reason = "the token is not that of this server" if given else "this server wants its token"
    return f"{reason}, which it printed at start: set MSGSIM_TOKEN, or give --token"


def _unknown_variables() -> str:
    """A line for each unknown variable that begins with MSGSIM_; empty: there is none.

    They are refused because a command with a misspelled MSGSIM_SANDBOX would ask another sandbox.
    """
    if all(name in OURS for name in os.environ if name.startswith("MSGSIM_")):
        return ""
    from msgsim.cli.settings import unknown  # Late: seldom needed, and it imports modules of the server.

    return "\n".join(unknown(os.environ))


as_json = click.option("--json", "raw", is_flag=True, help="JSON, for scripts.")


def failed(reason: str, code: int) -> int:
    """Print each line of a reason as an error message on standard error; returns ``code``."""
    for line in reason.splitlines():
        click.secho(f"msgsim: {line}", fg="red", err=True)
    return code


class DefaultGroup(click.Group):
    """A group of commands; ``default`` is the name of the one that runs if none is named."""

    def __init__(self, *arguments: Json, default: str, **options: Json) -> None:
        super().__init__(*arguments, **options)
        self._default = default

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if ctx.resilient_parsing and not args:
            return super().parse_args(ctx, args)  # A shell completes the commands too.
        if not args or (args[0].startswith("-") and args[0] not in ctx.help_option_names):
            args = [self._default, *args]
        return super().parse_args(ctx, args)


def show_json(value: Json) -> None:
    """Print JSON; characters outside ASCII are escaped unless the output is in UTF."""
    unicode = (sys.stdout.encoding or "").lower().startswith("utf")
    click.echo(json.dumps(value, indent=2, ensure_ascii=not unicode))


def show_table(rows: Sequence[Sequence[str]]) -> None:
    """Print rows of equally many cells. Each column is as wide as its widest cell; the last one is not padded."""
    if not rows:
        return
    widths = [max(len(click.unstyle(row[column])) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = [cell + " " * (width - len(click.unstyle(cell))) for cell, width in zip(row, widths, strict=True)]
        click.echo("  ".join([*cells[:-1], row[-1]]).rstrip())


def show_rows(rows: Sequence[Json], row: Callable[[Json], Sequence[str]], raw: bool, what: str) -> None:
    """Print a list as a table, in which ``row`` makes the cells of each element; ``raw``: as JSON.

    ``what``: the plural noun for the elements, for the message about an empty list.
    """
    if raw:
        show_json(rows)
    elif rows:
        show_table([row(each) for each in rows])
    else:  # On standard error: a script that counts lines finds none.
        click.secho(f"msgsim: no {what}", dim=True, err=True)


def brief(text: str | None, most: int = 40) -> str:
    """A text on one line, cut to ``most`` characters; None becomes an empty text."""
    line = " ".join((text or "").split())
    return line if len(line) <= most else f"{line[: most - 1]}…"


def message_row(message: Json) -> list[str]:
    """Time, provider, recipient, state, channels with their statuses, id, and text."""
    channels = [f"{one['channel']} {one['status'] or '-'}" for one in message["channels"]]
    state = click.style(message["state"], fg=KINDS.get(message["state"]))
    text = next((one["text"] for one in message["channels"] if one["text"]), "")
    return [message["accepted"][11:23], message["provider"], message["to"], state, ", ".join(channels), message["id"],
            brief(text)]  # fmt: skip


def request_row(entry: Json) -> list[str]:
    """Number, time, provider, HTTP status, method with path, and keys of errors."""
    status = click.style(str(entry["status"]), fg="green" if entry["status"] < 400 else "red")
    refusals = ", ".join(refusal["key"] for refusal in entry.get("refusals", ()))
    return [str(entry["number"]), entry["at"][11:23], entry["provider"], status, f"{entry['method']} {entry['path']}",
            refusals]  # fmt: skip


def callback_row(one: Json) -> list[str]:
    """Number, due time, state, reported status (else the kind of callback), URL, and number of attempts."""
    state = click.style(one["state"], fg={"done": "green", "pending": "cyan"}.get(one["state"], "red"))
    return [str(one["number"]), one["due"][11:23], state, one["status"] or one["kind"], one["url"],
            f"{len(one['attempts'])} attempt{'s' if len(one['attempts']) != 1 else ''}"]  # fmt: skip


ROWS = {"messages": message_row, "requests": request_row, "callbacks": callback_row}
"""Name of a list → function that makes the cells of one of its elements."""
