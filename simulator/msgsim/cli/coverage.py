"""``msgsim coverage``: which documented errors and outcomes have occurred since the server started."""

import click

from msgsim.cli.exits import FAILED, OK
from msgsim.cli.remote import failed, remote, show_json
from msgsim.client import Client


@click.command("coverage")
@click.option("--provider", default="", help="Of one provider only.")
@click.option("--fail-under", type=click.FloatRange(0, 100), default=0.0, help="Exit code 1 below so many per cent.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json", "markdown"]),
    default="table",
    help="How it is written.  [default: table]",
)
@click.option("--missing", is_flag=True, help="List what was not seen, below the table.")
@remote
def command(client: Client, provider: str, fail_under: float, form: str, missing: bool) -> int:
    """Show how many documented errors and outcomes were seen since the server started.

    All sandboxes count, those that are gone too; with --sandbox that one alone.

    \b
    Examples:
      msgsim coverage
      msgsim coverage --provider messente --missing
      msgsim coverage --fail-under 80
      msgsim coverage --format markdown >> "$GITHUB_STEP_SUMMARY"
    """
    from msgsim.client import coverage  # For start-up time.

    covered = client.coverage(provider, alone=client.name != "default")
    if form == "json":
        show_json(covered)
    elif form == "markdown":
        click.echo("\n".join(coverage.markdown(covered)))
    else:
        click.echo("\n".join([*coverage.table(covered), *(coverage.missing(covered) if missing else ())]))
    if covered["percent"] < fail_under:
        return failed(f"coverage is {covered['percent']}%, below {fail_under:g}%", FAILED)
    return OK
