"""``msgsim plan``: the answer, statuses and callbacks that a request would get under scenarios; nothing is sent."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from msgsim.model import Json


@click.command("plan")
@click.argument("scenarios", nargs=-1, metavar="[FILE]...")
@click.option("--request", "file", type=click.Path(), help="JSON or YAML: a body, or {provider, to, channels, text}.")
@click.option("--provider", help="Whose request it is, where the file does not say; without a file: a sample of it.")
@click.option("--endpoint", default="", help="The endpoint, where it is not the provider's first.")
@click.option("--seed", type=int, default=1, help="Ids and chance follow from it.  [default: 1]")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "mermaid"]),
    default="text",
    help="How it is written.  [default: text]",
)
def command(
    scenarios: tuple[str, ...], file: str | None, provider: str | None, endpoint: str, seed: int, form: str
) -> int:
    """Show the whole future of a request under scenarios: the answer, every status, every callback.

    \b
    Examples:
      msgsim plan viber-falls-back-to-sms --request r.json --provider messente
      msgsim plan my-rules.yaml --provider sinch --format mermaid
    """
    import msgspec  # For start-up time.

    from msgsim.cli.check import tell
    from msgsim.cli.exits import BAD_CONFIGURATION, OK
    from msgsim.examples.dry_run import foresee, request_in
    from msgsim.model import Unknown
    from msgsim.scenarios.yaml import BadFile

    if file is None and provider is None:
        raise click.UsageError("name a --request, or a --provider for a sample of its requests")
    try:
        asked = request_in(file, provider or "", endpoint) if file else {"provider": provider}
        outlook = foresee(scenarios, asked, seed)
    except BadFile as error:
        tell(error.mistakes, err=True)
        return BAD_CONFIGURATION
    except (ValueError, Unknown) as unusable:
        click.secho(f"msgsim: {unusable}", fg="red", err=True)
        return BAD_CONFIGURATION
    if form == "json":
        click.echo(msgspec.json.format(msgspec.json.encode(outlook), indent=2))
    else:
        click.echo("\n".join(_text(outlook) if form == "text" else _mermaid(outlook)))
    return OK


def _text(outlook: "dict[str, Json]") -> Iterator[str]:
    """The lines of the format text; ``outlook`` is the result of `foresee`."""
    answer = outlook["answer"]
    why = f"  {', '.join(answer['errors'])}" if answer["errors"] else ""
    rule = f"  ({answer['rule']})" if answer["rule"] else ""
    yield f"{outlook['request']} -> {answer['status']}{why}{_fault(answer)}{rule}"
    for message in outlook["messages"]:
        ways = ", ".join(f"{one['channel']} ({one['rule']})" for one in message["channels"])
        yield f"message {message['id']} to {message['to']} by {ways}"
    for after, line in sorted(_events(outlook), key=lambda event: event[0]):
        yield f"  {_span(after):>8}  {line}"


def _events(outlook: "dict[str, Json]") -> "Iterator[tuple[int, str]]":
    """(milliseconds after the request, text) of each status and callback."""
    for message in outlook["messages"]:
        for step in message["plan"]:
            code = "" if step["code"] is None else f" {step['code']}"
            yield step["after"], f"{step['channel']:<10} {step['status']}{code}"
    for callback in outlook["callbacks"]:
        yield callback["after"], f"{'callback':<10} {_callback(callback)}"


def _callback(callback: "dict[str, Json]") -> str:
    status = f" {callback['status']}" if callback["status"] else ""
    twists = f" [{', '.join(callback['twists'])}]" if callback["twists"] else ""
    never = "" if callback["leaves"] else ", never sent"
    return f"{callback['kind']}{status}{twists}{never}"


def _fault(answer: "dict[str, Json]") -> str:
    return f", {answer['fault']['kind']}" if answer["fault"] else ""


def _mermaid(outlook: "dict[str, Json]") -> Iterator[str]:
    """The lines of a sequence diagram in the language of Mermaid."""
    answer, provider = outlook["answer"], outlook["provider"]
    yield "sequenceDiagram"
    yield "  participant app as Your application"
    yield f"  participant sim as {provider}"
    yield "  participant phone as Recipient"
    yield f"  app->>sim: {outlook['request']}"
    first = [one for one in outlook["callbacks"] if one["before_answer"]]
    for callback in first:
        yield f"  sim->>app: before the answer: {_callback(callback)}"
    yield f"  sim-->>app: {answer['status']} {', '.join(answer['errors'])}".rstrip() + _fault(answer)
    later: list[tuple[int, str]] = []
    for message in outlook["messages"]:
        for step in message["plan"]:
            arrow = "->>" if step["kind"] in ("delivered", "seen") else "--x" if step["kind"] in _LOST else "-)"
            code = "" if step["code"] is None else f" {step['code']}"
            line = f"  sim{arrow}phone: {_span(step['after'])} {step['channel']} {step['status']}{code}"
            later.append((step["after"], line))
    for callback in outlook["callbacks"]:
        if callback not in first:
            arrow = "->>" if callback["leaves"] else "--x"
            later.append((callback["after"], f"  sim{arrow}app: {_span(callback['after'])} {_callback(callback)}"))
    for _, line in sorted(later, key=lambda event: event[0]):
        yield line


_LOST = ("failed", "rejected", "expired", "cancelled")
"""Kinds of statuses whose arrow ends in a cross."""


def _span(milliseconds: int) -> str:
    """A duration in the largest unit in which it has at most one decimal: ``+200ms``, ``+1.5s``, ``+10m``, ``+6h``."""
    for size, unit in ((86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1000, "s")):
        if milliseconds >= size and (milliseconds * 10) % size == 0:
            return f"+{milliseconds / size:g}{unit}"
    return f"+{milliseconds}ms"
