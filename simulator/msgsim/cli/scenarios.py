"""``msgsim scenarios``: what ships, one line each."""

import click


@click.command("scenarios")
@click.argument("name", required=False)
def command(name: str | None) -> int:
    """List the scenarios that ship with the simulator, or print one.

    \b
    Examples:
      msgsim scenarios
      msgsim scenarios flaky-network > my-rules.yaml
    """
    from msgsim.cli.exits import BAD_CONFIGURATION, OK
    from msgsim.scenarios.scenario import shipped, shipped_file
    from msgsim.scenarios.yaml import Wrong

    if name is not None:
        try:
            click.echo(shipped_file(name).read_text(encoding="utf-8"), nl=False)
        except Wrong as wrong:
            click.secho(wrong.mistakes[0].reason, fg="red", err=True)
            return BAD_CONFIGURATION
        return OK
    listed = list(shipped())
    width = max(len(one.name) for one in listed)
    for one in listed:
        click.echo(f"{click.style(one.name.ljust(width), bold=True)}  {one.title}")
    return OK
