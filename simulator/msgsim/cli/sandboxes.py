"""``msgsim sandboxes``: lists, creates and deletes the sandboxes of a server."""

import click

from msgsim.cli.remote import DefaultGroup, as_json, remote, show_json, show_rows
from msgsim.client import Client
from msgsim.client.answers import ClockState, Sandbox


@click.group("sandboxes", cls=DefaultGroup, default="list")
def command() -> None:
    """List the sandboxes, make one, or take one away.

    \b
    Examples:
      msgsim sandboxes
      msgsim sandboxes create ci-17 --clock frozen --seed 1
      msgsim sandboxes delete ci-17
    """


@command.command("list")
@as_json
@remote
def list_all(client: Client, raw: bool) -> None:
    """List all of them: name, time and pace, number of messages, scenarios."""
    show_rows(client.sandboxes.list(), _row, raw, "sandboxes")


@command.command("create")
@click.argument("name", required=False, default="")
@click.option("--seed", type=int, help="Ids and chance follow from it.  [default: from the name]")
@click.option("--clock", default="", help="real, frozen, frozen@2026-01-01T00:00:00Z, or a rate such as 60x.")
@click.option("--scenario", multiple=True, help="A file or a shipped scenario; may be given several times.")
@as_json
@remote
def create(client: Client, name: str, seed: int | None, clock: str, scenario: tuple[str, ...], raw: bool) -> None:
    """Make a new, empty one, and show what an application puts into its configuration.

    Without a NAME it is given one.
    """
    made = client.sandboxes.create(name, seed=seed, clock=clock, scenario=scenario)
    if raw:
        show_json(made)
        return
    click.echo(f"sandbox {made['name']}, seed {made['seed']}, {_pace(made)}")
    for variable, value in client.sandbox(made["name"]).environment().items():
        click.echo(f"  {variable}={value}")


@command.command("delete")
@click.argument("name")
@remote
def delete(client: Client, name: str) -> None:
    """Take one away with all that is in it."""
    client.sandboxes.delete(name)
    click.echo(f"sandbox {name} is gone")


def _row(sandbox: Sandbox) -> list[str]:
    count = sandbox["messages"]
    return [
        click.style(sandbox["name"], bold=True),
        sandbox["now"],
        _pace(sandbox),
        f"{count} message{'' if count == 1 else 's'}",
        ", ".join(sandbox["scenario"]),
    ]


def _pace(clock: ClockState) -> str:
    return "frozen" if clock["frozen"] else f"{clock['rate']:g}x"
