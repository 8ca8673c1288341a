"""``msgsim openapi``: prints the OpenAPI document of a provider."""

import click


@click.command("openapi")
@click.argument("provider")
@click.option(
    "--format", "form", type=click.Choice(["json", "yaml"]), default="json", help="How it is written.  [default: json]"
)
def command(provider: str, form: str) -> None:
    """Print a provider's OpenAPI 3.1 document, every error response included.

    \b
    Examples:
      msgsim openapi messente > messente.json
      msgsim openapi sinch --format yaml
    """
    import json  # For start-up time.

    import yaml

    from msgsim.examples.openapi import document
    from msgsim.provider import discover
    from msgsim.scenarios.yaml import suggestion

    providers = discover()
    if provider not in providers:
        raise click.UsageError(f"there is no provider {provider!r}{suggestion(provider, providers)}")
    made = document(providers[provider])
    if form == "json":
        click.echo(json.dumps(made, indent=2, ensure_ascii=False))
    else:
        click.echo(yaml.safe_dump(made, sort_keys=False, allow_unicode=True, width=100), nl=False)
