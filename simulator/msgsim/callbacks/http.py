"""The only module that makes HTTP requests: one attempt at one callback.

Callbacks go to loopback, private and allow-listed hosts only. Names are resolved once, every address
is checked, and the connection goes to the address that was checked.
"""

import asyncio
import ipaddress
import socket
import sys
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING

from msgsim.clock import machine
from msgsim.config import Config, milliseconds
from msgsim.model import Attempt, Callback, Post

if TYPE_CHECKING:
    import aiohttp
    from aiohttp.abc import ResolveResult
    from yarl import URL

NEAR = tuple(
    map(ipaddress.ip_network, ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7"))
)
"""Loopback and private networks: link-local ones, where clouds keep their credentials, are none."""
SMALL_TURN = 0.0001
"""Seconds for which a thread keeps the interpreter from the loop."""
ANSWER_KEPT = 2048
"""Bytes of a receiver's answer that go into the journal."""


class Forbidden(Exception):
    """The receiver's address is none that callbacks may go to; the text says what to do."""


class Poster:
    """Pooled connections to receivers."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._timeout = milliseconds(config.callback_timeout) / 1000
        self._session: aiohttp.ClientSession | None = None
        self._loading: asyncio.Task[None] | None = None

    def _open(self) -> "aiohttp.ClientSession":
        if self._session is None:
            import aiohttp
            from aiohttp.abc import AbstractResolver

            allowed = self._config.callback_hosts

            class Guarded(AbstractResolver):
                """Resolves like the system, and lets only checked addresses through."""

                async def resolve(
                    self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
                ) -> "list[ResolveResult]":
                    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
                    addresses = [str(address[0]) for *_, address in found]
                    check(host, addresses, allowed)
                    return [
                        {
                            "hostname": host,
                            "host": str(address[0]),
                            "port": port,
                            "family": kind,
                            "proto": protocol,
                            "flags": socket.AI_NUMERICHOST,
                        }
                        for kind, _, protocol, _, address in found
                    ]

                async def close(self) -> None:
                    pass

            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, resolver=Guarded(), use_dns_cache=False),
                timeout=aiohttp.ClientTimeout(total=self._timeout),
                auto_decompress=False,
                cookie_jar=aiohttp.DummyCookieJar(),
                skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding"),
            )
        return self._session

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def attempt(self, callback: Callback, post: Post) -> tuple[Attempt, bool]:
        """Post once. The second value is true when the host is none that callbacks may go to."""
        if self._session is None:
            self._loading = self._loading or asyncio.create_task(_load("aiohttp"))
            await self._loading
        import aiohttp

        session = self._open()
        status, answer, error, refused = None, "", "", False
        begun = machine()
        try:
            url = receiver(callback.url, self._config.callback_hosts)
            async with session.request(
                post.method, url, data=post.body or None, headers=list(post.headers), allow_redirects=False
            ) as response:
                status = response.status
                answer = (await response.content.read(ANSWER_KEPT)).decode(errors="replace")
        except Forbidden as wrong:
            error, refused = str(wrong), True
        except TimeoutError:
            error = f"no answer within {self._config.callback_timeout}"
        except (aiohttp.ClientError, OSError, ValueError) as wrong:
            inner = wrong.__cause__ if isinstance(wrong.__cause__, Forbidden) else wrong
            refused = isinstance(inner, Forbidden)
            error = str(inner) or type(inner).__name__
        attempt = Attempt(
            callback=callback.key,
            subject=callback.subject,
            number=callback.tries + 1,
            url=callback.url,
            kind=callback.kind,
            body=post.body.decode(errors="replace"),
            headers={name: "***" if name.lower() == "authorization" else value for name, value in post.headers},
            status=status,
            answer=answer,
            error=error,
            took=(machine() - begun) // 1000 * 1000,
            method=post.method,
        )
        return attempt, refused


async def _load(module: str) -> None:
    """Import in a thread, in small turns: it takes a fifth of a second, in which every request would wait."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(SMALL_TURN)
    try:
        await asyncio.to_thread(import_module, module)
    finally:
        sys.setswitchinterval(usual)


@lru_cache(maxsize=1024)
def receiver(text: str, allowed: tuple[str, ...]) -> "URL":
    """The URL as the connection will understand it, its host checked where it is a number. Raises Forbidden.

    What ``inet_aton`` reads as an address but is not written as one (``2130706433``, ``127.1``) reaches no resolver
    of ours, so it is refused.
    """
    from yarl import URL

    try:
        url = URL(text)
        host = url.raw_host
    except ValueError:
        raise Forbidden(f"{text!r} is no URL") from None
    if url.scheme not in ("http", "https") or not host:
        raise Forbidden(f"{text!r} is no http or https URL")
    try:
        ipaddress.ip_address(host)
    except ValueError:
        if ":" in host or host.replace(".", "").isdigit():
            raise Forbidden(f"{host} is neither a name nor an address in its usual form") from None
        return url
    check(host, [host], allowed)
    return url


def check(host: str, addresses: list[str], allowed: tuple[str, ...]) -> None:
    """Raises Forbidden unless the host is allow-listed or every address is loopback or private."""
    if host in allowed:
        return
    for text in addresses:
        address = ipaddress.ip_address(text.partition("%")[0])
        address = getattr(address, "ipv4_mapped", None) or address
        if not any(address in network for network in NEAR if network.version == address.version):
            raise Forbidden(f"{host} is at {text}, neither loopback nor private; allow it with --callback-host {host}")
