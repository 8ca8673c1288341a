"""Where a callback goes: its URL as it was given, and whether callbacks may go there at all.

They go to loopback, private and allow-listed hosts only. Names are resolved once, every address is checked, and the
connection goes to the address that was checked.
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
"""Loopback and private networks: link-local ones, where clouds keep their credentials, are none."""
PORTS = {"http": 80, "https": 443}
_PARTS = re.compile(r"(?P<scheme>https?)://(?P<authority>[^/?#]*)(?P<target>[^#]*)", re.IGNORECASE | re.DOTALL)
_UNSENDABLE = re.compile(r"[^\x21-\x7e]+")
"""What no request line can hold as it is."""


class Forbidden(Exception):
    """The receiver's address is none that callbacks may go to; the text says what to do."""


class Address(NamedTuple):
    """A URL in the parts that a request needs."""

    url: "URL"
    """With path and query byte for byte; without credentials and fragment, which do not go into a request line."""
    headers: tuple[tuple[str, str], ...]
    """Credentials of the URL, as Basic."""


@lru_cache(maxsize=1024)
def address(text: str, allowed: tuple[str, ...]) -> Address:
    """Read a URL; a host that is a number is checked. Raises Forbidden.

    What ``inet_aton`` reads as an address but is not written as one (``2130706433``, ``127.1``) reaches no resolver
    of ours, so it is refused.
    """
    from yarl import URL

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
    # All of it as the path: a query of its own would be written anew.
    # Nor does `build` put brackets round an address of IPv6 that it is told to take as it is.
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
    """Whether a list of ``name`` and ``name:port`` has it; case does not matter, nor does a dot at the end."""
    name = _bare(host)
    place = f"[{name}]" if ":" in name else name
    return any(_bare(entry) in (name, place, f"{place}:{port}") for entry in allowed)


def _bare(host: str) -> str:
    return host.strip().lower().rstrip(".")
