"""``msgsim test``: runs the ``expect`` blocks of scenario files."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from msgsim.scenarios.yaml import Mistake


@dataclass(frozen=True)
class Result:
    """The result of one scenario file."""

    file: str
    expectations: int = 0
    """How many the file has."""
    unreadable: "tuple[Mistake, ...]" = ()
    """Mistakes because of which the file could not be run; empty: it was run."""
    differences: "tuple[Mistake, ...]" = ()
    """Expectations that were not met, each with the reason."""


@click.command("test")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "junit"]),
    default="text",
    help="How it is written.  [default: text]",
)
def command(paths: tuple[str, ...], form: str) -> int:
    """Run the ``expect`` blocks of scenario files, or of all in a folder, on a frozen clock and without a network.

    \b
    Examples:
      msgsim test scenarios/
      msgsim test my-rules.yaml viber-falls-back-to-sms
      msgsim test scenarios/ --format junit > report.xml
    """
    from msgsim.cli.check import files_in  # For start-up time.
    from msgsim.cli.exits import BAD_CONFIGURATION, FAILED, OK

    results = [_rehearsed(name) for path in paths for name in files_in(path)]
    if form == "json":
        import msgspec

        click.echo(msgspec.json.format(msgspec.json.encode(results), indent=2))
    elif form == "junit":
        click.echo(_junit(results))
    else:
        _show(results)
    if any(result.unreadable for result in results):
        return BAD_CONFIGURATION
    return FAILED if any(result.differences for result in results) else OK


def _rehearsed(name: str) -> "Result":
    from msgsim.examples.rehearsal import rehearse  # For start-up time.
    from msgsim.scenarios.yaml import BadFile

    try:
        count, differences = rehearse(name)
    except BadFile as error:
        return Result(name, unreadable=tuple(error.mistakes))
    return Result(name, count, differences=tuple(differences))


def _show(results: "Sequence[Result]") -> None:
    from msgsim.cli.check import tell  # For start-up time.

    for result in results:
        if result.unreadable or result.differences:
            tell([*result.unreadable, *result.differences])
        elif result.expectations:
            click.echo(f"{click.style('ok', fg='green')}    {result.file} ({result.expectations})")
        else:
            click.echo(f"{click.style('none', fg='yellow')}  {result.file} expects nothing")
    files = f"{len(results)} file{'s' if len(results) != 1 else ''}"
    failed = sum(bool(result.differences) for result in results)
    total = sum(result.expectations for result in results)
    click.echo(f"{files}, {total} expectations, {f'{failed} files failed' if failed else 'nothing failed'}")


def _junit(results: "Sequence[Result]") -> str:
    """The results as JUnit XML, which CI servers read: a test case per file."""
    from xml.etree import ElementTree  # For start-up time.

    failures = str(sum(bool(result.differences) for result in results))
    errors = str(sum(bool(result.unreadable) for result in results))
    suite = ElementTree.Element("testsuite", name="msgsim", tests=str(len(results)), failures=failures, errors=errors)
    for result in results:
        case = ElementTree.SubElement(suite, "testcase", classname="msgsim", name=result.file, file=result.file)
        for kind, mistakes in (("error", result.unreadable), ("failure", result.differences)):
            if mistakes:
                ElementTree.SubElement(case, kind, message=mistakes[0].reason).text = _lines(mistakes)
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True)


def _lines(mistakes: "Iterable[Mistake]") -> str:
    return "\n".join(map(str, mistakes))
