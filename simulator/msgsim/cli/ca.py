"""``msgsim ca``: the certificate authority of this machine, and how to make programs trust it."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from msgsim.web.edge.authority import Authority

TRUSTING = (
    ("curl", "curl --cacert {ca} https://…   (or CURL_CA_BUNDLE={bundle})"),
    ("Python", "SSL_CERT_FILE={bundle}   requests: REQUESTS_CA_BUNDLE={bundle}"),
    ("Node", "NODE_EXTRA_CA_CERTS={ca}"),
    ("Java", "java -Djavax.net.ssl.trustStore={p12} -Djavax.net.ssl.trustStorePassword=changeit"),
    ("PHP", "php -d curl.cainfo={bundle} -d openssl.cafile={bundle}"),
    ("Ruby, Go", "SSL_CERT_FILE={bundle}"),
    (".NET", "SSL_CERT_FILE={bundle}   (Linux; elsewhere the user's own store)"),
    ("git", "GIT_SSL_CAINFO={bundle}"),
)
"""(ecosystem, how it is made to trust the authority).

``{ca}`` is a file with this authority alone, ``{bundle}`` one with the system's too, ``{p12}`` a trust store for Java.
"""


@click.command("ca")
@click.option("--pem", is_flag=True, help="Print the certificate alone.")
@click.option("--bundle", type=click.Path(path_type=Path), help="Write this and the system's authorities to a file.")
@click.option("--p12", type=click.Path(path_type=Path), help="Write a trust store for Java, password 'changeit'.")
@click.option("--renew", is_flag=True, help="Make a new one; programs that trust the old one must be told.")
@click.option("--ca-folder", help="Where it is kept.  [default: in your state directory]")
@click.option("--config", type=click.Path(), help="Settings file.  [default: msgsim.yaml, if it is there]")
def command(
    pem: bool, bundle: Path | None, p12: Path | None, renew: bool, ca_folder: str | None, config: str | None
) -> int:
    """Show the certificate authority that signs for the providers' host names, and how to trust it.

    It is made when first needed, on this machine, for this machine: nothing installs it anywhere by itself, and it can
    sign for the providers' hosts, localhost, loopback addresses and names below .test only.

    \b
    Examples:
      msgsim ca
      msgsim ca --pem > ca.pem
      msgsim ca --bundle all.pem && export SSL_CERT_FILE=$PWD/all.pem
      msgsim ca --p12 trust.p12
    """
    import os  # For start-up time.

    from msgsim.cli.exits import BAD_CONFIGURATION, CANNOT_START, OK
    from msgsim.cli.remote import failed
    from msgsim.cli.settings import read
    from msgsim.client.errors import SimulatorError
    from msgsim.client.interception import TRUST_STORE_PASSWORD
    from msgsim.client.trust import bundle as whole
    from msgsim.client.trust import trust_store
    from msgsim.config import ConfigError
    from msgsim.provider import discover
    from msgsim.server import authority_of
    from msgsim.web.edge.authority import AuthorityError

    try:
        authority = authority_of(read({"ca_folder": ca_folder}, os.environ, config), discover(), renew)
        written = {} if bundle is None else {bundle: whole(authority.pem)}
        if p12 is not None:
            written[p12] = trust_store(authority.pem, TRUST_STORE_PASSWORD)
        for path, content in written.items():
            path.write_bytes(content)
            click.echo(f"wrote {path}")
    except ConfigError as error:
        return failed(str(error), BAD_CONFIGURATION)
    except (AuthorityError, SimulatorError) as error:
        return failed(str(error), CANNOT_START)
    except OSError as error:
        return failed(f"{error.filename}: {error.strerror}", CANNOT_START)
    if pem:
        click.echo(authority.pem.decode(), nl=False)
    elif bundle is None and p12 is None:
        _show(authority)
    return OK


def _show(authority: "Authority") -> None:
    """Print file, expiry, fingerprint and permitted names of the authority, then TRUSTING."""
    click.echo(f"{click.style('The certificate authority of this machine', bold=True)}: {authority.path}")
    click.echo(f"  valid until {authority.expires:%Y-%m-%d}, SHA-256 {authority.fingerprint}")
    click.echo(f"  signs for {', '.join(authority.limits)}\n")
    click.echo("One program can be told to trust it; nothing else on this machine does:")
    width = max(len(name) for name, _ in TRUSTING)
    for name, how in TRUSTING:
        click.echo(f"  {name:<{width}}  {how.format(ca=authority.path, bundle='all.pem', p12='trust.p12')}")
    click.echo("\nall.pem comes from `msgsim ca --bundle all.pem`, trust.p12 from `msgsim ca --p12 trust.p12`;")
    click.echo("`msgsim exec --intercept -- COMMAND` sets all of it for one command.")
