"""An HTTP proxy that answers requests to the providers' hosts itself and never connects to them.

A ``CONNECT`` to such a host is terminated here with a certificate of our authority; a request in absolute form is
answered as on the plain port, also over TLS (old versions of axios speak TLS to a proxy). Requests to other hosts are
refused, or tunnelled unread if the setting ``proxy_others`` says so.
"""

import asyncio
import base64
import contextlib
import ipaddress
import re
import socket
import ssl
from collections.abc import Callable, Collection
from typing import Literal, NamedTuple, cast

from msgsim.web.edge.calls import Arrival
from msgsim.web.edge.tls import HANDSHAKE, HANDSHAKE_RECORD, Connect, Report, peek, reason, refuse, secure

LONGEST_HEAD = 64 * 1024
"""Largest size in bytes of a request line with its headers."""
ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"
HOP_HEADERS = frozenset(
    {"connection", "proxy-connection", "proxy-authorization", "keep-alive", "host", "upgrade", "te"}
)
"""Headers that a proxy does not pass on; Host is made of the request line (RFC 9112, 3.2.2)."""
REQUEST_LINE = re.compile(rb"([A-Z]+) (\S+) HTTP/1\.[01]", re.ASCII)
PIECE = 64 * 1024
"""Bytes that a tunnel reads at once."""


class NotProxied(Exception):
    """The proxy refuses a request; the text says why and what to do."""

    def __init__(self, status: str, text: str) -> None:
        """``status``: of the answer, such as ``502 Bad Gateway``."""
        super().__init__(text)
        self.status = status


class ProxyHead(NamedTuple):
    """The head of a request to a proxy."""

    method: str
    host: str
    port: int
    path: str
    """Path and query; empty for CONNECT."""
    headers: list[tuple[str, str]]

    @property
    def sandbox(self) -> str:
        """The user name of the credentials for the proxy, which names a sandbox; empty: there are none."""
        for name, value in self.headers:
            scheme, _, given = value.partition(" ")
            if name.lower() == "proxy-authorization" and scheme.lower() == "basic":
                with contextlib.suppress(ValueError):
                    return base64.b64decode(given).decode(errors="replace").partition(":")[0]
        return ""

    def in_origin_form(self) -> bytes:
        """The head as a client without a proxy would send it (RFC 9112, 3.2.1), for one request on its connection."""
        port = "" if self.port in (80, 443) else f":{self.port}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        kept = [f"{name}: {value}" for name, value in self.headers if name.lower() not in HOP_HEADERS]
        lines = [f"{self.method} {self.path} HTTP/1.1", f"Host: {host}{port}", *kept, "Connection: close", "", ""]
        return "\r\n".join(lines).encode("latin-1")


class Proxy:
    """The proxy; `take` serves a connection."""

    def __init__(
        self,
        connect: Connect,
        tls: ssl.SSLContext,
        answers: Callable[[str], bool],
        belongs: Callable[[str], bool],
        others: Literal["refuse", "tunnel"],
        own_ports: Collection[int],
        report: Report,
    ) -> None:
        """``answers``: whether a host is simulated; ``belongs``: whether it is a provider's, simulated or not.

        ``own_ports``: of this server, to which no tunnel is made.
        """
        self._connect = connect
        self._tls = tls
        self._answers = answers
        self._belongs = belongs
        self._others = others
        self._own_ports = own_ports
        self._report = report

    async def take(self, connection: socket.socket) -> None:
        """Serve a connection; returns when it is handed over, refused or tunnelled to its end."""
        loop = asyncio.get_running_loop()
        try:
            if await asyncio.wait_for(peek(connection), HANDSHAKE) == HANDSHAKE_RECORD:
                await secure(connection, self._connect, Arrival("proxy"), self._tls)
                return
            head, rest = await asyncio.wait_for(_head(connection), HANDSHAKE)
            if not self._answers(head.host):
                await self._other(connection, head, rest)
            elif head.method != "CONNECT":
                await self._answer(connection, head, rest)
            elif rest:
                raise NotProxied("400 Bad Request", "nothing may follow CONNECT before it is answered")
            else:
                await loop.sock_sendall(connection, ESTABLISHED)
                await secure(connection, self._connect, Arrival("connect", head.sandbox), self._tls)
        except NotProxied as refused:
            self._report(f"the proxy refused a request: {refused}")
            await refuse(connection, _refusal(refused))
        except (OSError, TimeoutError) as error:
            if not isinstance(error, ConnectionError):
                self._report(f"a connection to the proxy failed: {reason(error)}")
            connection.close()

    async def _answer(self, connection: socket.socket, head: ProxyHead, rest: bytes) -> None:
        """Answer one request and close the connection, because the next request may be for another host."""
        begun = head.in_origin_form() + rest
        protocol = self._connect(Arrival("proxy", head.sandbox))

        class Fed(asyncio.Protocol):
            """Hands the connection over to its protocol, with the bytes that have been read already."""

            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                cast(asyncio.Transport, transport).set_protocol(protocol)
                protocol.connection_made(transport)
                protocol.data_received(begun)

        await asyncio.get_running_loop().connect_accepted_socket(Fed, connection)

    async def _other(self, connection: socket.socket, head: ProxyHead, rest: bytes) -> None:
        """Tunnel a request to a host that is not simulated. Raises NotProxied if that is not allowed or possible."""
        if self._belongs(head.host):
            raise NotProxied(
                "502 Bad Gateway", f"{head.host} is a provider's host that is not simulated, and is never asked"
            )
        if self._others != "tunnel":
            hint = "set proxy_others to tunnel (--proxy-others tunnel) to let it through, or list it in NO_PROXY"
            raise NotProxied("502 Bad Gateway", f"{head.host} is no provider's host; {hint}")
        remote = await self._reach(head)
        loop = asyncio.get_running_loop()
        if head.method == "CONNECT":
            await loop.sock_sendall(connection, ESTABLISHED)
        else:
            rest = head.in_origin_form() + rest
        await loop.sock_sendall(remote, rest)
        await _tunnel(connection, remote)

    async def _reach(self, head: ProxyHead) -> socket.socket:
        """Connect to another host. Raises NotProxied.

        Never to this simulator, and never to link-local addresses, where clouds serve credentials.
        """
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(head.host, head.port, type=socket.SOCK_STREAM)
        except OSError:
            raise NotProxied("502 Bad Gateway", f"{head.host} has no address") from None
        for family, kind, protocol, _, address in found:
            where = ipaddress.ip_address(str(address[0]).partition("%")[0])
            mapped = getattr(where, "ipv4_mapped", None) or where
            if mapped.is_link_local or mapped.is_multicast or mapped.is_unspecified:
                raise NotProxied("502 Bad Gateway", f"{head.host} is at {where}, where the proxy never goes")
            if head.port in self._own_ports and _is_here(mapped):
                raise NotProxied(
                    "502 Bad Gateway", "the simulator itself is not reached through its proxy; see NO_PROXY"
                )
            remote = socket.socket(family, kind, protocol)
            remote.setblocking(False)
            try:
                await asyncio.wait_for(loop.sock_connect(remote, address), HANDSHAKE)
            except (OSError, TimeoutError):
                remote.close()
            else:
                return remote
        raise NotProxied("502 Bad Gateway", f"nobody listens on {head.host}:{head.port}")


def _is_here(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Whether an address belongs to this machine, which is tried by binding a socket to it."""
    with socket.socket(socket.AF_INET6 if address.version == 6 else socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((str(address), 0))
        except OSError:
            return False
    return True


async def _head(connection: socket.socket) -> tuple[ProxyHead, bytes]:
    """Read the head of a request; returns it and the bytes that were read after it. Raises NotProxied and OSError."""
    loop = asyncio.get_running_loop()
    read = b""
    while b"\r\n\r\n" not in read:
        if len(read) > LONGEST_HEAD:
            raise NotProxied(
                "431 Request Header Fields Too Large", f"at most {LONGEST_HEAD} bytes of headers are taken"
            )
        more = await loop.sock_recv(connection, PIECE)
        if not more:
            raise ConnectionResetError("the client left")
        read += more
    head, _, rest = read.partition(b"\r\n\r\n")
    return parse_head(head), rest


def parse_head(head: bytes) -> ProxyHead:
    """Parse a head; the empty line at its end is left out. Raises NotProxied if it is no request to a proxy."""
    first, *lines = head.split(b"\r\n")
    found = REQUEST_LINE.fullmatch(first)
    if found is None:
        text = "this is an HTTP proxy: it speaks plain HTTP" if head[:1] == b"\x16" else "this is no HTTP request"
        raise NotProxied("400 Bad Request", text)
    method, target = found[1].decode(), found[2].decode("latin-1")
    headers = []
    for line in lines:
        name, colon, value = line.decode("latin-1").partition(":")
        if not colon or not name or name != name.strip():
            raise NotProxied("400 Bad Request", f"{line[:40]!r} is no header")
        headers.append((name, value.strip()))
    scheme, separator, rest = target.partition("://")
    if method == "CONNECT":
        authority, path, usual = target, "", 443
    elif separator and scheme.lower() in ("http", "https"):
        authority, slash, path = rest.partition("/")
        path, usual = f"{slash}{path}" or "/", 80 if scheme.lower() == "http" else 443
    else:
        raise NotProxied("400 Bad Request", "this is a proxy: name it in HTTPS_PROXY, and address the provider itself")
    host, port = _authority(authority, usual)
    return ProxyHead(method, host, port, path, headers)


def _authority(text: str, usual: int) -> tuple[str, int]:
    """Host and port of a request line; ``usual``: the port if none is written. Raises NotProxied."""
    bare = text.rpartition("@")[2]
    found = re.fullmatch(r"(\[[0-9A-Fa-f:.]+\]|[^\[\]:/?#@\s]+)(?::(\d{1,5}))?", bare)
    if found is None or not 0 < int(found[2] or usual) < 65536:
        raise NotProxied("400 Bad Request", f"{bare[:80]!r} is no host")
    return found[1].strip("[]").lower().rstrip("."), int(found[2] or usual)


def _refusal(refused: NotProxied) -> bytes:
    text = f"msgsim: {refused}\n".encode()
    head = f"HTTP/1.1 {refused.status}\r\nX-Sim-Error: The proxy refused\r\nContent-Type: text/plain; charset=utf-8\r\n"
    return f"{head}Content-Length: {len(text)}\r\nConnection: close\r\n\r\n".encode() + text


async def _tunnel(one: socket.socket, other: socket.socket) -> None:
    """Copy bytes both ways until both sides have closed."""
    try:
        await asyncio.gather(_pump(one, other), _pump(other, one))
    finally:
        one.close()
        other.close()


async def _pump(source: socket.socket, target: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    with contextlib.suppress(ConnectionError):
        while piece := await loop.sock_recv(source, PIECE):
            await loop.sock_sendall(target, piece)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)
