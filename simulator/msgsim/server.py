"""A server from its settings: everything put together, and run."""

import asyncio
import contextlib
import errno
import logging
import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn

from msgsim.callbacks.dispatcher import Dispatcher
from msgsim.callbacks.http import Poster
from msgsim.clock import elapsed
from msgsim.config import POSTGRESQL, Config, state_folder
from msgsim.engine.elsewhere import Elsewhere
from msgsim.engine.receive import Engine
from msgsim.provider import Provider, discover
from msgsim.storage.database import StoreError
from msgsim.storage.store import Store, store_at, store_in
from msgsim.web.edge.passing import Passing
from msgsim.web.edge.replies import Asgi, CannotStart
from msgsim.web.edge.wire import Wire

if TYPE_CHECKING:
    from msgsim.web.edge.authority import Authority
    from msgsim.web.edge.calls import Arrival
    from msgsim.web.edge.ports import Bind, Ports


KEEP_ALIVE = 75
"""Seconds that an idle connection stays open: longer than the pauses of clients that poll, as nginx has it."""


ATTEMPTS = 20
"""Free ports of IPv4 that are tried until one is free for IPv6 too."""
NO_HOST = frozenset({errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT})
"""The address is none of this machine."""
WITHOUT_IPV6 = frozenset({errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, errno.EPROTONOSUPPORT, errno.ENOPROTOOPT})


class Server(uvicorn.Server):
    """Runs until SIGINT or SIGTERM (``run``), with TLS and the proxy beside the plain port where they are wanted."""

    def __init__(self, config: Config, started: Callable[[int], None], binding: "Bind | None" = None) -> None:
        """``started`` is called with the seed; ``binding`` binds the ports of TLS and the proxy (None: `bind` does).

        Raises StoreError, ValueError, BadFile and CannotStart.
        """
        self._bind = binding or bind
        store = store_of(config)
        try:
            engine = Engine(config, store, discover())
            wanted = config.https_port is not None or config.proxy_port is not None
            self.ports = _ports(config, engine, self._bind) if wanted else None
        except BaseException:
            store.close()
            raise
        dispatcher = Dispatcher(engine, Poster(config), config)
        self._config = config
        self._engine = engine
        self._wire = Wire(engine, dispatcher, config, lambda: _control(self, engine, dispatcher, config))
        self._answers = started
        self._plain_port = 0
        super().__init__(
            uvicorn.Config(
                self._wire,
                http=_protocol(config.fast_path),
                timeout_keep_alive=KEEP_ALIVE,
                log_level="warning",
                access_log=False,
                proxy_headers=False,
                server_header=False,
                timeout_graceful_shutdown=1,
                ws="none",
                lifespan="on",
            )
        )

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until told to stop. The loop is this server's alone: some uvicorns choose one for the whole process."""
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(self.serve(sockets))

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        loop = asyncio.get_running_loop()
        if isinstance(loop, asyncio.BaseEventLoop):
            vars(loop)["time"] = elapsed  # Else its timers stand still in a test that freezes time; uvloop has its own.
        await super().startup(sockets)
        try:
            await self.passing.open(self._config)
        except (CannotStart, StoreError):
            await self.shutdown(sockets)
            raise
        if sockets:
            self._plain_port = sockets[0].getsockname()[1]
        if self.ports is not None:
            self.ports.open(self._plain_port, self._connect)
        if self.started:
            self._answers(self._engine.sandboxes.seed)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._wire.stop()
        if self.ports is not None:
            self.ports.close()
        await super().shutdown(sockets)

    @property
    def passing(self) -> Passing:
        return self._wire.passing

    @property
    def engine(self) -> Engine:
        """What answers; its signals tell who follows them of each request."""
        return self._engine

    @property
    def store_summary(self) -> str:
        """Where it keeps what it accepted, and how much was there at the start."""
        if self._config.store == "memory":
            return "in memory: gone when it stops"
        messages = self._engine.store.messages
        kept = sum(messages.count(sandbox.number) for sandbox in self._engine.sandboxes.values())
        where = "in PostgreSQL" if is_postgresql(self._config) else file_of(self._config)
        return f"{where}, {kept} message{'' if kept == 1 else 's'} kept from before"

    def intercept(self) -> "Ports":
        """The ports beside the plain one, both; on free ports where the settings name none. Raises CannotStart."""
        ports = self.ports = self.ports or _ports(self._config, self._engine, self._bind)
        ports.bind("https")
        ports.bind("proxy")
        ports.open(self._plain_port, self._connect)
        return ports

    def _connect(self, arrival: "Arrival") -> asyncio.Protocol:
        """A connection that came by another way than the plain port, made as uvicorn makes its own."""
        kind: Callable[..., asyncio.Protocol] = self.config.http_protocol_class
        return kind(config=self.config, server_state=self.server_state, app_state={"arrival": arrival})


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop's, where it is installed; None: asyncio's own."""
    try:
        import uvloop  # Not everywhere is there one.
    except ImportError:
        return None
    return uvloop.new_event_loop


def _control(server: Server, engine: Engine, dispatcher: Dispatcher, config: Config) -> Asgi:
    from msgsim.web.app import application  # Late: Starlette is imported when the control API or a page is asked for.

    return application(engine, dispatcher, config, server, server.passing)


def store_of(config: Config) -> Store:
    """Raises StoreError."""
    if config.store == "memory":
        return store_in(None)
    if is_postgresql(config):
        return store_at(config.store)
    return store_in(file_of(config))


def is_postgresql(config: Config) -> bool:
    return config.store.startswith(POSTGRESQL)


def file_of(config: Config) -> Path:
    """Where the store is, unless it is in memory or in another database."""
    return Path(config.store).expanduser() if config.store else state_folder() / "store.db"


def authority_of(config: Config, providers: Mapping[str, Provider], renew: bool = False) -> "Authority":
    """The certificate authority of this machine, limited to the providers' hosts and further names of the settings.

    Raises AuthorityError.
    """
    from msgsim.web.edge.authority import (
        Authority,  # Late: cryptography is slow to import, and most servers speak no TLS.
    )

    folder = Path(config.ca_folder).expanduser() if config.ca_folder else state_folder() / "ca"
    hosts = [host.removeprefix("*.") for provider in providers.values() for host in provider.hosts]
    return Authority.open(folder, [*hosts, *config.tls_names], renew)


def _ports(config: Config, engine: Engine, binding: "Bind") -> "Ports":
    """The ports beside the plain one. Raises CannotStart."""
    from msgsim.web.edge.authority import AuthorityError
    from msgsim.web.edge.ports import Ports  # Late, as the authority.

    def report(text: str) -> None:
        logging.getLogger("msgsim").warning("%s", text)
        with contextlib.suppress(Elsewhere, StoreError):
            engine.recorder.control(engine.sandboxes.default, {"action": "connection refused", "reason": text})

    try:
        authority = None if config.tls_cert else authority_of(config, engine.providers)
        return Ports(config, engine.routes.hosts, authority, binding, report)
    except AuthorityError as error:
        raise CannotStart(str(error)) from None
    except OSError as error:
        raise CannotStart(f"{config.tls_cert}, {config.tls_key}: {error.strerror or error}") from None


def listen(config: Config) -> list[socket.socket]:
    """Sockets bound to the configured address, all on one port; 0 picks a free one. Raises CannotStart."""
    return bind(config.host, config.port, "port")


def bind(host: str, port: int, setting: str) -> list[socket.socket]:
    """Bound sockets: one, or for ``localhost`` those of IPv4 and of IPv6 where the machine has it, on the same port.

    Raises CannotStart, which names the flag of the ``setting``.
    """
    try:
        return _both(port) if host.lower() == "localhost" else [_bound(host, port)]
    except OSError as error:
        if error.errno in NO_HOST or (error.errno or 0) < 0 or not port:  # Those of resolvers are below zero.
            setting, hint = "host", "choose another with --host"
        else:
            hint = f"choose another with --{setting} (0 picks a free one)"
        at = error.filename or host
        where = f"[{at}]:{port}" if ":" in at else f"{at}:{port}"
        raise CannotStart(f"{where}: {error.strerror or error}; {hint}", setting.replace("-", "_")) from None


def _both(port: int) -> list[socket.socket]:
    """Raises OSError."""
    for attempt in range(ATTEMPTS):
        first = _bound("127.0.0.1", port)
        try:
            return [first, _bound("::1", int(first.getsockname()[1]))]
        except OSError as error:
            if error.errno in WITHOUT_IPV6:
                return [first]
            first.close()
            if port or attempt == ATTEMPTS - 1:
                raise
    raise AssertionError("the last attempt returns or raises")


def _bound(host: str, port: int) -> socket.socket:
    """Raises OSError, with the host as its ``filename``."""
    listening = None
    try:
        listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if host == "::1":
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listening.bind((host, port))
    except OSError as error:
        if listening is not None:
            listening.close()
        raise OSError(error.errno, error.strerror or str(error), host) from None
    return listening


def _protocol(fast_path: bool) -> "type[asyncio.Protocol] | str":
    """Our connection; h11's of uvicorn where there is no httptools, or another uvicorn than ours is made for."""
    try:
        from msgsim.web.edge.connection import Connection, fits  # Not everywhere is there httptools.

        if not fits():
            return "h11"
    except (ImportError, AttributeError):
        return "h11"
    if not fast_path:
        return Connection
    from msgsim.web.edge.fastpath import FastConnection  # As the connection.

    return FastConnection
