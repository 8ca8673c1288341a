"""The further ports of a server: TLS, and the proxy that answers for the providers' hosts."""

import asyncio
import socket
from collections.abc import Callable, Coroutine
from itertools import chain
from typing import Literal

from msgsim.config import Config, is_local
from msgsim.engine.routing import Hosts
from msgsim.web.edge.authority import Authority, server_context
from msgsim.web.edge.proxy import Proxy
from msgsim.web.edge.tls import Connect, Report, accept, context, serve_tls

Kind = Literal["https", "proxy"]
Bind = Callable[[str, int, str], list[socket.socket]]
"""Host, port and the name of its flag → bound sockets, all on one port."""


class Ports:
    """The TLS and the proxy port: bound by `bind`, served from `open` to `close`."""

    def __init__(self, config: Config, hosts: Hosts, authority: Authority | None, bind: Bind, report: Report) -> None:
        """Bind the configured ports. ``authority``: None if the settings name a certificate of the user's.

        Raises OSError if that certificate cannot be used, and what ``bind`` raises.
        """
        self._config = config
        self._hosts = hosts
        self._bind = bind
        self._report = report
        self._sockets: dict[Kind, list[socket.socket]] = {}
        self._tasks: dict[Kind, asyncio.Task[None]] = {}
        self.authority = authority
        if authority is None:
            self._tls = server_context(config.tls_cert, config.tls_key)
        else:
            self._tls = context(authority, self._serves, report)
        if config.https_port is not None:
            self.bind("https", config.https_port)
        if config.proxy_port is not None:
            self.bind("proxy", config.proxy_port)

    def bind(self, kind: Kind, port: int = 0) -> None:
        """Bind a port, unless it is bound already; 0 picks a free one."""
        if kind not in self._sockets:
            self._sockets[kind] = self._bind(self._config.host, port, f"{kind}-port")

    def port(self, kind: Kind) -> int | None:
        """The number of a port; None: it is not bound."""
        return int(self._sockets[kind][0].getsockname()[1]) if kind in self._sockets else None

    def open(self, plain_port: int, connect: Connect) -> None:
        """Accept connections on the bound ports; ``connect`` makes the protocol of each connection."""
        own = {plain_port, *(int(bound[0].getsockname()[1]) for bound in self._sockets.values())}
        for kind in self._sockets.keys() - self._tasks.keys():
            for listening in self._sockets[kind]:
                listening.listen(2048)
            self._tasks[kind] = asyncio.create_task(self._accept(kind, connect, own))

    async def _accept(self, kind: Kind, connect: Connect, own: set[int]) -> None:
        take: Callable[[socket.socket], Coroutine[None, None, None]]
        if kind == "https":
            take = lambda taken: serve_tls(taken, connect, self._tls, self._report)  # noqa: E731
        else:
            others, answers = self._config.proxy_others, self._answers
            take = Proxy(connect, self._tls, answers, self._hosts.belongs, others, own, self._report).take
        await asyncio.gather(
            *(accept(one, lambda taken: asyncio.create_task(take(taken))) for one in self._sockets[kind])
        )

    def _answers(self, host: str) -> bool:
        return self._hosts.provider(host) is not None

    def _serves(self, name: str) -> bool:
        """Whether TLS is served for a host name."""
        further = name in self._config.tls_names or name.endswith(".test")
        return further or is_local(name) or self._answers(name)

    def close(self) -> None:
        for task in self._tasks.values():
            task.cancel()
        for listening in chain.from_iterable(self._sockets.values()):
            listening.close()
