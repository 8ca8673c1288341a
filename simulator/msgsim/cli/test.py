"""``msgsim test``: scenario files test themselves."""

import click


@click.command("test")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
def command(paths: tuple[str, ...]) -> int:
    """Run the ``expect`` blocks of scenario files, or of all in a folder, on a frozen clock and without a network.

    \b
    Examples:
      msgsim test scenarios/
      msgsim test my-rules.yaml viber-falls-back-to-sms
    """
    from msgsim.cli.check import files_in, tell
    from msgsim.cli.exits import BAD_CONFIGURATION, FAILED, OK
    from msgsim.examples.dry_run import rehearse
    from msgsim.scenarios.yaml import BadFile

    names = [name for path in paths for name in files_in(path)]
    total, failed, code = 0, 0, OK
    for name in names:
        try:
            count, differences = rehearse(name)
        except BadFile as error:
            tell(error.mistakes)
            code = BAD_CONFIGURATION
            continue
        total += count
        failed += bool(differences)
        if differences:
            tell(differences)
        elif count:
            click.echo(f"{click.style('ok', fg='green')}    {name} ({count})")
        else:
            click.echo(f"{click.style('none', fg='yellow')}  {name} expects nothing")
    files = f"{len(names)} file{'s' if len(names) != 1 else ''}"
    click.echo(f"{files}, {total} expectations, {f'{failed} files failed' if failed else 'nothing failed'}")
    return code if code != OK else FAILED if failed else OK
