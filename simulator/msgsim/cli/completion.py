"""Values that a shell completes: providers, scenarios, statuses, and the sandboxes of the running server.

The name of a parameter determines its values, so that they are the same in every command.
"""

from collections.abc import Callable, Iterable

import click
from click.shell_completion import CompletionItem
from click.types import StringParamType


def _providers() -> Iterable[str]:
    from msgsim.provider import discover  # For start-up time.

    return discover()


def _scenarios() -> Iterable[str]:
    from msgsim.scenarios.library import shipped  # For start-up time.

    return shipped()


def _statuses() -> Iterable[str]:
    """The neutral words, then the words of all providers; each once."""
    from msgsim.contract import KINDS  # For start-up time.
    from msgsim.provider import discover

    found = (status.word for provider in discover().values() for status in provider.contract.statuses.values())
    return dict.fromkeys([*KINDS, *found])


def _sandboxes() -> Iterable[str]:
    """The names of the server's sandboxes; empty: no server answers, and completion must not print an error."""
    from msgsim.client import Client, SimulatorError  # For start-up time.

    try:
        with Client() as client:
            return [sandbox["name"] for sandbox in client.sandboxes.list()]
    except (SimulatorError, ValueError):
        return []


VALUES: dict[str, Callable[[], Iterable[str]]] = {
    "provider": _providers,
    "only": _providers,
    "scenario": _scenarios,
    "names": _scenarios,
    "status": _statuses,
    "sandbox": _sandboxes,
}
"""Name of a parameter → function that lists its values."""


class Word(StringParamType):
    """The type of a parameter that accepts any text; a shell completes its usual values."""

    def __init__(self, values: Callable[[], Iterable[str]]) -> None:
        self._values = values

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        return [CompletionItem(word) for word in self._values() if word.startswith(incomplete)]


def completed(command: click.Command) -> click.Command:
    """The same command, after its parameters in VALUES, and those of its subcommands, got the type `Word`."""
    for parameter in command.params:
        if parameter.name in VALUES and isinstance(parameter.type, StringParamType):
            parameter.type = Word(VALUES[parameter.name])
    for inner in command.commands.values() if isinstance(command, click.Group) else ():
        completed(inner)
    return command
