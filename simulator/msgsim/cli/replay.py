"""``msgsim replay``: replays a bundle on a fresh simulator, and prints the first difference."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from msgsim.cli.exits import BAD_CONFIGURATION, FAILED, OK
from msgsim.cli.remote import as_json, failed, show_json

if TYPE_CHECKING:
    from msgsim.examples.replay import ReplayOutcome
    from msgsim.examples.stage import Difference
    from msgsim.model import Json

AROUND = 60
"""Most characters that are shown before the first one that differs, and from it on."""


@click.command("replay")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@as_json
def command(file: Path, raw: bool) -> int:
    """Do again, on a fresh simulator, what FILE has, and tell the first answer, callback or journal entry that differs.

    Nothing goes over a network: callbacks get the answers that they got then. Exit codes: 0 nothing differs,
    1 something does, 2 the file is no bundle that can be read here.

    \b
    Examples:
      msgsim replay bug.msgsim
      msgsim replay bug.msgsim --json
    """
    from msgspec import to_builtins  # For start-up time.

    from msgsim.examples.bundle import BadBundle, read
    from msgsim.examples.replay import replay

    try:
        outcome = replay(read(file))
    except BadBundle as error:
        return failed(f"{file}: {error}", BAD_CONFIGURATION)
    if raw:
        show_json(to_builtins(outcome))
    else:
        _show(outcome)
    return OK if outcome.difference is None else FAILED


def _show(outcome: "ReplayOutcome") -> None:
    from msgsim import __version__  # For start-up time.

    if outcome.version != __version__:
        click.echo(f"the bundle comes from version {outcome.version}, this is {__version__}")
    counted = (
        (outcome.requests, "request"),
        (outcome.callbacks, "callback attempt"),
        (outcome.actions, "control action"),
    )
    done = ", ".join(f"{count} {name}{'' if count == 1 else 's'}" for count, name in counted)
    if outcome.difference is None:
        click.echo(f"{done} done again: {click.style('nothing differs', fg='green')}")
        return
    click.echo(f"{done} done again, then:")
    _show_difference(outcome.difference)


def _show_difference(difference: "Difference") -> None:
    click.secho(f"{difference.what}: {difference.part} differs", fg="red")
    expected, got = _text(difference.expected), _text(difference.got)
    same = next((at for at, pair in enumerate(zip(expected, got, strict=False)) if pair[0] != pair[1]), None)
    place = min(len(expected), len(got)) if same is None else same
    click.echo(f"  expected  {_around(expected, place)}")
    click.echo(f"  got       {_around(got, place)}")
    click.echo(f"            {' ' * min(place, AROUND + 1)}^ the first difference, at character {place}")


def _text(value: "Json") -> str:
    """A text as it is, anything else as JSON; None: ``nothing``."""
    from msgspec.json import encode  # For start-up time.

    if value is None:
        return "nothing"
    return value if isinstance(value, str) else encode(value).decode()


def _around(text: str, place: int) -> str:
    """A text on one line, cut to AROUND characters on both sides of a place.

    Each unprintable character becomes one ``·``, so that the mark below the line stands in the right column.
    """
    line = "".join(letter if letter.isprintable() else "·" for letter in text)
    start = max(place - AROUND, 0)
    return f"{'…' if start else ''}{line[start : place + AROUND]}{'…' if len(line) > place + AROUND else ''}"
