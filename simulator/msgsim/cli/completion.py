"""Values that a shell completes: providers, scenarios, statuses, and the sandboxes of the server that runs.

Which values a parameter takes follows from its name, so that every command has them.
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
    """Neutral words, then those of the providers."""
    from msgsim.contract import KINDS  # For start-up time.
    from msgsim.provider import discover

    found = (status.word for provider in discover().values() for status in provider.contract.statuses.values())
    return dict.fromkeys([*KINDS, *found])


def _sandboxes() -> Iterable[str]:
    """None where no server answers: a shell that completes shows no errors."""
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
"""By the name of a parameter."""


class Word(StringParamType):
    """A text like any other, of which a shell knows the usual values."""

    def __init__(self, values: Callable[[], Iterable[str]]) -> None:
        self._values = values

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        return [CompletionItem(word) for word in self._values() if word.startswith(incomplete)]


def completed(command: click.Command) -> click.Command:
    """The command and those in it, whose texts a shell completes."""
    for parameter in command.params:
        if parameter.name in VALUES and isinstance(parameter.type, StringParamType):
            parameter.type = Word(VALUES[parameter.name])
    for inner in command.commands.values() if isinstance(command, click.Group) else ():
        completed(inner)
    return command
