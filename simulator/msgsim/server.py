"""A server from its settings: everything put together, and run."""

import gc
import socket
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from msgsim.callbacks.dispatcher import Dispatcher
from msgsim.callbacks.http import Poster
from msgsim.config import Config, state_folder
from msgsim.engine.receive import Engine
from msgsim.provider import discover
from msgsim.storage.store import Store
from msgsim.web.edge.replies import Asgi
from msgsim.web.edge.wire import Wire

if TYPE_CHECKING:
    import asyncio

    import uvicorn


class CannotStart(Exception):
    """The port is taken or cannot be used; the text says what to do."""


def store_of(config: Config) -> Store:
    """Raises StoreError."""
    if config.store == "memory":
        return Store(None)
    return Store(Path(config.store).expanduser() if config.store else state_folder() / "store.db")


def build(config: Config) -> Wire:
    """The application. Raises StoreError, ValueError and yamlfile.Wrong."""
    engine = Engine(config, store_of(config), discover())
    dispatcher = Dispatcher(engine, Poster(config), config)

    def ours() -> Asgi:
        from msgsim.web.app import application

        return application(engine, dispatcher, config)

    return Wire(engine, dispatcher, config, ours)


def listen(config: Config) -> socket.socket:
    """A socket bound to the configured address; port 0 picks a free one. Raises CannotStart."""
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((config.host, config.port))
    except OSError as wrong:
        listening.close()
        hint = "choose another with --port (0 picks a free one)" if config.port else "choose another with --host"
        raise CannotStart(f"{config.host}:{config.port}: {wrong.strerror}; {hint}") from None
    return listening


def serve(config: Config, listening: socket.socket, started: Callable[[int], None]) -> "uvicorn.Server":
    """A server that calls ``started`` with its seed when requests are answered; it ends on SIGINT or SIGTERM.

    Raises StoreError, ValueError and yamlfile.Wrong.
    """
    import uvicorn

    app = build(config)

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            _settle_memory()
            if self.started:
                started(app.seed)

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            app.stop()
            await super().shutdown(sockets)

    settings = uvicorn.Config(
        app,
        http=_protocol(),
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=1,
        ws="none",
        lifespan="on",
    )
    return Server(settings)


def _settle_memory() -> None:
    """What is there at start stays: the collector need not look at it again, nor after every few requests."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def _protocol() -> "type[asyncio.Protocol] | str":
    """h11, where there is no httptools, has limits of its own."""
    try:
        from msgsim.web.edge.connection import Connection
    except ImportError:
        return "auto"
    return Connection
