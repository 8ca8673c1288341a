"""``msgsim scenarios``: lists or prints the shipped scenarios."""

import click


@click.command("scenarios")
@click.argument("name", required=False)
def command(name: str | None) -> int:
    """List the scenarios that ship with the simulator, or print one.

    The first line of one tells editors its JSON Schema, at /__sim/schemas/scenario.json of a running simulator:
    that of MSGSIM_URL, else http://127.0.0.1:8080.

    \b
    Examples:
      msgsim scenarios
      msgsim scenarios flaky-network > my-rules.yaml
    """
    from msgsim.cli.exits import BAD_CONFIGURATION, OK  # For start-up time.
    from msgsim.scenarios.library import shipped
    from msgsim.scenarios.yaml import suggestion

    known = shipped()
    if name is None:
        width = max(map(len, known))
        for one in known.values():
            click.echo(f"{click.style(one.name.ljust(width), bold=True)}  {one.title}")
        return OK
    if name not in known:
        click.secho(f"no scenario of that name ships{suggestion(name, known)}", fg="red", err=True)
        return BAD_CONFIGURATION
    click.echo(_with_schema(known[name].file.read_text(encoding="utf-8")), nl=False)
    return OK


def _with_schema(text: str) -> str:
    """The text of a shipped file; the path of the schema in its first line is replaced by a URL of a running simulator.

    The path is valid in a checkout of the repository only.
    """
    import os  # For start-up time.

    from msgsim.client import DEFAULT_URL

    where = f"{os.environ.get('MSGSIM_URL', DEFAULT_URL).rstrip('/')}/__sim/schemas/scenario.json"
    return text.replace("$schema=../schemas/simulator/scenario.json", f"$schema={where}", 1)
