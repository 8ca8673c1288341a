"""``msgsim mcp``: the simulator as tools for an assistant, over standard input and output (Model Context Protocol)."""

import click

from msgsim.cli.exits import BAD_CONFIGURATION, OK
from msgsim.cli.remote import at_url, failed, of_sandbox


@click.command("mcp")
@at_url
@of_sandbox
def command(url: str, sandbox: str) -> int:
    """Serve a running simulator to an assistant, as a few tools.

    They send samples, list, explain, advance the clock, choose scenarios and list errors. It speaks the Model Context
    Protocol on standard input and output, and needs the extra mcp: pip install 'messaging-simulator[mcp]'.

    \b
    Examples:
      msgsim mcp
      msgsim mcp --sandbox assistant
    """
    try:
        from msgsim.client.assistant import served  # For start-up time.
    except ImportError as error:
        missing = f"{error.name} is missing: pip install 'messaging-simulator[mcp]'"
        return failed(missing, BAD_CONFIGURATION)
    served(url, sandbox).run()
    return OK
