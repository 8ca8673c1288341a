"""Builds a server from its settings (store, engine, dispatcher, ASGI application, sockets) and runs it."""

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
"""Seconds that an idle connection stays open: nginx's default, longer than the pauses of clients that poll."""


ATTEMPTS = 20
"""How many free ports of IPv4 are tried until one is free for IPv6 too."""
NO_HOST = frozenset({errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT})
"""Errors of a socket whose address is not an address of this machine."""
WITHOUT_IPV6 = frozenset({errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, errno.EPROTONOSUPPORT, errno.ENOPROTOOPT})
"""Errors of a socket on ::1 where the machine has no IPv6."""


class Server(uvicorn.Server):
    """uvicorn's server with the simulator as its application, and with the TLS and proxy ports that are configured.

    `run` serves until SIGINT or SIGTERM.
    """

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
        self._notify_started = started
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
        """Serve until told to stop, in an event loop of its own.

        uvicorn's `run` is not used, because some versions set the event loop policy of the whole process.
        """
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(self.serve(sockets))

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        loop = asyncio.get_running_loop()
        if isinstance(loop, asyncio.BaseEventLoop):
            vars(loop)["time"] = elapsed  # So that timers run in a test that freezes time; uvloop's do anyway.
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
            self._notify_started(self._engine.sandboxes.seed)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._wire.stop()
        if self.ports is not None:
            self.ports.close()
        await super().shutdown(sockets)

    @property
    def passing(self) -> Passing:
        """The connection with other replicas."""
        return self._wire.passing

    @property
    def engine(self) -> Engine:
        """The engine that answers requests; ``signals`` of it announces each request."""
        return self._engine

    @property
    def store_summary(self) -> str:
        """For the start message: where the store is, and how many messages it had at the start."""
        if self._config.store == "memory":
            return "in memory: gone when it stops"
        messages = self._engine.store.messages
        kept = sum(messages.count(sandbox.number) for sandbox in self._engine.sandboxes.values())
        where = "in PostgreSQL" if is_postgresql(self._config) else file_of(self._config)
        return f"{where}, {kept} message{'' if kept == 1 else 's'} kept from before"

    def intercept(self) -> "Ports":
        """Open the TLS and the proxy port; those without a configured port take a free one. Raises CannotStart."""
        ports = self.ports = self.ports or _ports(self._config, self._engine, self._bind)
        ports.bind("https")
        ports.bind("proxy")
        ports.open(self._plain_port, self._connect)
        return ports

    def _connect(self, arrival: "Arrival") -> asyncio.Protocol:
        """The protocol of a connection that did not come by the plain port, built as uvicorn builds its own."""
        kind: Callable[..., asyncio.Protocol] = self.config.http_protocol_class
        return kind(config=self.config, server_state=self.server_state, app_state={"arrival": arrival})


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Makes event loops of uvloop; None: it is not installed, and asyncio's own are used."""
    try:
        import uvloop  # Optional: it does not exist for Windows.
    except ImportError:
        return None
    return uvloop.new_event_loop


def _control(server: Server, engine: Engine, dispatcher: Dispatcher, config: Config) -> Asgi:
    """The application below ``/__sim``; called at the first request to it."""
    from msgsim.web.app import application  # Late: Starlette takes time to import, and providers' paths need none.

    return application(engine, dispatcher, config, server, server.passing)


def store_of(config: Config) -> Store:
    """Open the store that the settings name. Raises StoreError."""
    if config.store == "memory":
        return store_in(None)
    if is_postgresql(config):
        return store_at(config.store)
    return store_in(file_of(config))


def is_postgresql(config: Config) -> bool:
    """Whether the settings name a PostgreSQL database as store."""
    return config.store.startswith(POSTGRESQL)


def file_of(config: Config) -> Path:
    """The file of an SQLite store; meaningless for one in memory or in PostgreSQL."""
    return Path(config.store).expanduser() if config.store else state_folder() / "store.db"


def authority_of(config: Config, providers: Mapping[str, Provider], renew: bool = False) -> "Authority":
    """The certificate authority of this machine; created if there is none, or if ``renew``.

    It may sign for the providers' hosts and the names in ``tls_names`` only. Raises AuthorityError.
    """
    from msgsim.web.edge.authority import (  # For start-up time.
        Authority,  # Late: cryptography is slow to import, and most servers speak no TLS.
    )

    folder = Path(config.ca_folder).expanduser() if config.ca_folder else state_folder() / "ca"
    hosts = [host.removeprefix("*.") for provider in providers.values() for host in provider.hosts]
    return Authority.open(folder, [*hosts, *config.tls_names], renew)


def _ports(config: Config, engine: Engine, binding: "Bind") -> "Ports":
    """The TLS and proxy ports, with the configured ones bound. Raises CannotStart."""
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
    """Sockets bound to the configured host and port. Raises CannotStart."""
    return bind(config.host, config.port, "port")


def bind(host: str, port: int, setting: str) -> list[socket.socket]:
    """Bound sockets, all on one port: one, or for ``localhost`` one of IPv4 and, where the machine has it, one of IPv6.

    ``port`` 0 picks a free one; ``setting``: its flag without dashes, for the message. Raises CannotStart.
    """
    try:
        return _both(port) if host.lower() == "localhost" else [_bound(host, port)]
    except OSError as error:
        if error.errno in NO_HOST or (error.errno or 0) < 0 or not port:  # Errors of name resolution are negative.
            setting, hint = "host", "choose another with --host"
        else:
            hint = f"choose another with --{setting} (0 picks a free one)"
        at = error.filename or host
        where = f"[{at}]:{port}" if ":" in at else f"{at}:{port}"
        raise CannotStart(f"{where}: {error.strerror or error}; {hint}", setting.replace("-", "_")) from None


def _both(port: int) -> list[socket.socket]:
    """Sockets on 127.0.0.1 and ::1 with the same port. Raises OSError."""
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
    """A bound TCP socket. Raises OSError, with the host as its ``filename``."""
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
    """The class of connections; uvicorn's ``h11`` where httptools is missing or uvicorn is another version."""
    try:
        from msgsim.web.edge.connection import Connection, fits  # Here, because httptools may be missing.

        if not fits():
            return "h11"
    except (ImportError, AttributeError):
        return "h11"
    if not fast_path:
        return Connection
    from msgsim.web.edge.fastpath import FastConnection  # It imports httptools too.

    return FastConnection
