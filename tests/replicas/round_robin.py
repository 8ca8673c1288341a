"""Three replicas in this process behind a round-robin: each connection meets the next one."""

import asyncio
import contextlib
import itertools
import socket
import struct
import threading
from collections.abc import Callable

import msgspec
from msgsim.config import Config
from msgsim.server import Server, listen
from msgsim.testing import Simulator

RESET = struct.pack("ii", 1, 0)
REPLICAS = 3


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Until one side ends; a connection that breaks breaks the other."""
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.write_eof()
    except ConnectionError:
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        writer.transport.abort()
    except OSError:
        writer.close()


class RoundRobin:
    """Hands connections on to ports in turn, byte by byte."""

    def __init__(self, ports: Callable[[], list[int]]) -> None:
        self._ports = ports
        self._turns = itertools.count()
        self._tasks: set[asyncio.Task[None]] = set()

    async def serve(self, listening: list[socket.socket]) -> None:
        """Until cancelled."""
        servers = [await asyncio.start_server(self._take, sock=one) for one in listening]
        try:
            await asyncio.Event().wait()
        finally:
            for server in servers:
                server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            await asyncio.sleep(0)  # What was closed is let go.

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """To the next that takes connections."""
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        for _ in self._ports():
            ports = self._ports()
            try:
                there = await asyncio.open_connection("127.0.0.1", ports[next(self._turns) % len(ports)])
            except OSError:
                continue
            try:
                await asyncio.gather(_copy(reader, there[1]), _copy(there[0], writer))
            finally:
                for one in (writer, there[1]):
                    one.close()
            return
        writer.close()


class Several:
    """In place of one server of a `Simulator`: replicas on one database behind a round-robin."""

    should_exit = False

    def __init__(self, url: str, config: Config, started: Callable[[int], None]) -> None:
        """Raises what a server raises."""
        self._started = started
        self._seeds: list[int] = []
        self._there = threading.Event()
        first = msgspec.structs.replace(config, port=0, store=url)
        plain = msgspec.structs.replace(first, https_port=None, proxy_port=None)
        configs = [first, *[plain] * (REPLICAS - 1)]
        self._listening = [listen(one) for one in configs]
        self.servers: list[Server] = []
        try:
            for one in configs:
                self.servers.append(Server(one, self._answers))
        except BaseException:
            self._close()
            raise

    @property
    def urls(self) -> list[str]:
        """Of each replica by itself."""
        return [f"http://127.0.0.1:{own[0].getsockname()[1]}" for own in self._listening]

    def __getattr__(self, name: str) -> object:
        """What a test wants of a server, it gets of the first."""
        return getattr(self.servers[0], name)

    def _close(self) -> None:
        for listening in itertools.chain.from_iterable(self._listening):
            listening.close()
        for server in self.servers:
            server._engine.store.close()

    def _answers(self, seed: int) -> None:
        self._seeds.append(seed)
        if len(self._seeds) == REPLICAS:
            self._there.set()

    def run(self, listening: list[socket.socket]) -> None:
        """As `uvicorn.Server.run`."""
        asyncio.run(self._run(listening))

    async def _run(self, listening: list[socket.socket]) -> None:
        threads = [
            threading.Thread(target=server.run, args=(own,), daemon=True)
            for server, own in zip(self.servers, self._listening, strict=True)
        ]
        for thread in threads:
            thread.start()
        while not await asyncio.to_thread(self._there.wait, 0.05) and all(thread.is_alive() for thread in threads):
            pass
        ports = [own[0].getsockname()[1] for own in self._listening]
        relay = asyncio.create_task(RoundRobin(lambda: ports).serve(listening))
        await asyncio.sleep(0)
        if self._there.is_set():
            self._started(self._seeds[0])
        while (  # noqa: ASYNC110 - a simulator says only this way that it is over
            not self.should_exit and any(thread.is_alive() for thread in threads)
        ):
            await asyncio.sleep(0.01)
        for server in self.servers:
            server.should_exit = True
        for thread in threads:
            await asyncio.to_thread(thread.join, 10)
        relay.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await relay


def replicas_of(sim: Simulator) -> list[str]:
    """Where each replica behind a simulator is asked by itself; one process is its only one."""
    server: object = sim._server
    return server.urls if isinstance(server, Several) else [sim.url]
