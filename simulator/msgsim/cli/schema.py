"""``msgsim schema``: prints the JSON Schemas of scenario files and of the settings file."""

import click


@click.command("schema")
@click.argument("name", type=click.Choice(["scenario", "config"]))
def command(name: str) -> None:
    """Print the JSON Schema of scenario files, or of the settings file.

    A running simulator serves the same at /__sim/schemas/scenario.json and /__sim/schemas/config.json.

    \b
    Examples:
      msgsim schema scenario > scenario.json
      msgsim schema config | jq '.properties | keys'
    """
    from msgsim.cli.remote import show_json  # For start-up time.
    from msgsim.examples.schemas import SCHEMAS

    show_json(SCHEMAS[name]())
