"""``msgsim``: one module per command in ``msgsim/cli``, imported when it is asked for."""

import importlib
import os
import pkgutil
import sys
from io import TextIOWrapper
from typing import NoReturn

import click

from msgsim import __version__
from msgsim.cli.exits import FAILED, INTERRUPTED, OK, USAGE

SHARED = frozenset({"completion", "exits", "remote", "request_log", "serving", "settings", "workers"})
"""Modules of this folder that are no commands."""


class Commands(click.Group):
    """The group of all commands: each module of this folder but those in SHARED is one."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(info.name.replace("_", "-") for info in pkgutil.iter_modules(__path__) if info.name not in SHARED)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Raises UsageError for an unknown command; its text suggests the most similar name."""
        if args and not args[0].startswith("-") and args[0] not in self.list_commands(ctx):
            from msgsim.scenarios.yaml import suggestion  # Late: only a misspelled name needs it.

            ctx.fail(f"there is no command {args[0]!r}{suggestion(args[0], self.list_commands(ctx))}")
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> object:
        """Run a command. If the reader of its output has closed the pipe (``| head -1``), the exit code is OK.

        With click's own handling it would be 1.
        """
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Output not flushed yet goes there.
            return OK

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        module = importlib.import_module(f"msgsim.cli.{cmd_name.replace('-', '_')}")
        command: click.Command = module.command
        if "_MSGSIM_COMPLETE" not in os.environ:
            return command
        from msgsim.cli.completion import completed  # Late: only completion by a shell needs it.

        return completed(command)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="msgsim")
def cli() -> None:
    """Four messaging providers on your own machine: Salesforce OTT, Messente, Sinch SMS, CIMA360.

    \b
    Start it, and point your application's base URL at it:
      msgsim serve
    See what it can answer:
      msgsim errors --provider messente
    """


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run a command and exit with a code of `msgsim.cli.exits`. ``arguments``: None: those of the process.

    Characters that the encoding of the output does not have are written as escapes, instead of ending the command.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        code = cli.main(arguments, prog_name="msgsim", standalone_mode=False)
    except click.UsageError as error:
        error.show()
        code = USAGE
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        code = INTERRUPTED
    except OSError as error:
        click.echo(f"msgsim: {error.strerror or error}", err=True)
        code = FAILED
    sys.exit(code if isinstance(code, int) else OK)
