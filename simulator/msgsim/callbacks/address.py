"""Where a callback goes: parses its URL, and checks whether callbacks may go to that host.

Loopback, private and allow-listed hosts are allowed. A name is resolved once, every address is checked, and the
connection goes to a checked address, so that a second DNS answer cannot redirect it (DNS rebinding).
"""

import base64
import ipaddress
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote, unquote_to_bytes

if TYPE_CHECKING:
    from yarl import URL

NEAR = tuple(
    map(ipaddress.ip_network, ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7"))
)
"""Loopback and private networks. Link-local addresses are not allowed: clouds serve credentials on 169.254.169.254."""
PORTS = {"http": 80, "https": 443}
_PARTS = re.compile(r"(?P<scheme>https?)://(?P<authority>[^/?#]*)(?P<target>[^#]*)", re.IGNORECASE | re.DOTALL)
_UNSENDABLE = re.compile(r"[^\x21-\x7e]+")
"""Characters that a request line cannot contain; they are percent-encoded."""


class Forbidden(Exception):
    """Callbacks may not go to this address; the text says how to allow it."""


class Address(NamedTuple):
    """A URL, split into what a request needs."""

    url: "URL"
    """With path and query unchanged, and without credentials and fragment."""
    headers: tuple[tuple[str, str], ...]
    """An ``Authorization`` header (Basic) with the credentials of the URL; empty where it has none."""


@lru_cache(maxsize=1024)
def address(text: str, allowed: tuple[str, ...]) -> Address:
    """Parse a URL. Raises Forbidden for an invalid URL, and for a forbidden host that is an IP address.

    Host names are checked later, when they are resolved. Addresses in unusual forms (``2130706433``, ``127.1``) are
    refused, because ``inet_aton`` accepts them without a resolver that could check them.
    """
    from yarl import URL  # For start-up time.

    parts = _PARTS.match(text)
    if parts is None:
        raise Forbidden(f"{text!r} is no http or https URL")
    user, _, place = parts["authority"].rpartition("@")
    scheme, target = parts["scheme"].lower(), _sendable(parts["target"])
    try:
        origin = URL(f"{scheme}://{place}")
        host, port = origin.raw_host, origin.port
    except ValueError:
        raise Forbidden(f"{text!r} is no URL") from None
    if not host or port is None:
        raise Forbidden(f"{text!r} names no host")
    _check_number(host, port, allowed)
    path = target if target.startswith("/") else f"/{target}"
    # The query is passed as part of the path, because yarl would encode a separate query again.
    # With encoded=True yarl does not add the brackets of an IPv6 address either.
    url = URL.build(
        scheme=scheme, host=f"[{host}]" if ":" in host else host, port=origin.explicit_port, path=path, encoded=True
    )
    return Address(url, _basic(user))


def _sendable(target: str) -> str:
    return _UNSENDABLE.sub(lambda found: quote(found[0]), target)


def _basic(user: str) -> tuple[tuple[str, str], ...]:
    if not user:
        return ()
    name, _, password = user.partition(":")
    pair = unquote_to_bytes(name) + b":" + unquote_to_bytes(password)
    return (("Authorization", f"Basic {base64.b64encode(pair).decode()}"),)


def _check_number(host: str, port: int, allowed: tuple[str, ...]) -> None:
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        if ":" in host or host.replace(".", "").isdigit():
            raise Forbidden(f"{host} is neither a name nor an address in its usual form") from None
    else:
        check(host, port, [host], allowed)


def check(host: str, port: int, addresses: Iterable[str], allowed: tuple[str, ...]) -> None:
    """Raises Forbidden unless the host is allow-listed or every address is loopback or private."""
    if is_allowed(host, port, allowed):
        return
    for text in addresses:
        found = ipaddress.ip_address(text.partition("%")[0])
        found = getattr(found, "ipv4_mapped", None) or found
        if not any(found in network for network in NEAR if network.version == found.version):
            raise Forbidden(f"{host} is at {text}, neither loopback nor private; allow it with --callback-host {host}")


@lru_cache(maxsize=1024)
def is_allowed(host: str, port: int, allowed: tuple[str, ...]) -> bool:
    """Whether ``allowed`` contains ``host`` or ``host:port``; case and a dot at the end do not matter."""
    name = _bare(host)
    place = f"[{name}]" if ":" in name else name
    return any(_bare(entry) in (name, place, f"{place}:{port}") for entry in allowed)


def _bare(host: str) -> str:
    return host.strip().lower().rstrip(".")
