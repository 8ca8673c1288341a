"""Several processes that serve on one port: they are started and stopped together, and one that ends is restarted.

Each is a replica with a session of its own in PostgreSQL. They are forked, so that the settings are read, and mistakes
in them printed, only once.
"""

import asyncio
import fcntl
import signal
import socket
import sys
import tempfile
from collections.abc import Callable
from itertools import chain
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from multiprocessing.context import ForkProcess
from typing import Self

from msgsim.cli.exits import BAD_CONFIGURATION, CANNOT_START, FAILED, INTERRUPTED
from msgsim.cli.remote import failed
from msgsim.cli.serving import Origin, Started, serve
from msgsim.clock import elapsed
from msgsim.config import Config
from msgsim.server import Server, bind

SOON = 10.0
"""Seconds; a worker that ends sooner after its start counts as a failed attempt."""
PAUSES = (0.0, 1.0, 2.0, 4.0, 8.0, 16.0)
"""Seconds before each further attempt to start a worker that failed; the last one applies to all later attempts."""
LAST = 10.0
"""Seconds that a worker has to end after it was told to stop; after them it is killed."""
FORK = get_context("fork")
Tell = Callable[[Started], None]
"""Called with the facts for the start message once requests are answered."""
Work = Callable[[Tell], int]
"""What a worker process runs; returns its exit code."""


def serve_with_workers(settings: Config, ports: "SharedPorts", announce: Tell, origin: Origin) -> int:
    """Serve with several processes until stopped; returns the exit code.

    ``announce`` is called once all of them answer requests. ``origin``: as in `serve`.
    """
    turn = Turn()

    def work(tell: Tell) -> int:
        def started(server: Server, facts: Started) -> None:
            _end_with_parent(server)
            tell(facts)

        listening = ports.bind(settings.host, settings.port, "port")
        return serve(settings, listening, started, origin, ports.bind, turn)

    return Workers(settings.workers, work).run(announce)


class Workers:
    """Starts a number of worker processes that all run the same function, restarts those that end, and stops them."""

    def __init__(self, number: int, work: Work, pauses: tuple[float, ...] = PAUSES) -> None:
        self._workers = [Worker(index + 1, work, pauses) for index in range(number)]

    def run(self, announce: Tell) -> int:
        """Run until a worker cannot start, or all end again and again; returns the exit code, after all were stopped.

        A signal stops them too: it raises SystemExit or KeyboardInterrupt, which are passed on. The first worker starts
        alone: it creates the database schema, and if settings are wrong, it alone prints the mistakes.
        """
        first, *others = self._workers
        try:
            facts = first.begin().facts()
            for worker in [worker.begin() for worker in others]:
                worker.facts()
            announce(facts)
            while True:
                self._next()
        except Ended as error:
            return error.code
        finally:
            self._stop()

    def _next(self) -> None:
        """Wait until a worker has ended or is due to be started again, and then check all of them. Raises Ended."""
        due = min((worker.due for worker in self._workers if worker.due is not None), default=None)
        ends = [worker.process.sentinel for worker in self._workers if worker.process is not None]
        wait(ends, None if due is None else max(0.0, due - elapsed()))
        for worker in self._workers:
            worker.look(alone=all(other.hopeless for other in self._workers if other is not worker))

    def _stop(self) -> None:
        """Stop all workers; returns when they have ended. From now on signals are ignored."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        begun = [worker.process for worker in self._workers if worker.process is not None and worker.process.pid]
        for process in begun:  # A worker whose start a signal interrupted is not listed: it ends with its parent.
            process.terminate()
        until = elapsed() + LAST
        for process in begun:
            process.join(max(0.0, until - elapsed()))
            process.kill()
            process.join()


class Ended(Exception):
    """A worker has ended and is not started again; the reason was printed. ``code``: the exit code for the command."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Worker:
    """A worker process, which is started again whenever it has ended."""

    def __init__(self, number: int, work: Work, pauses: tuple[float, ...]) -> None:
        self.process: ForkProcess | None = None
        self.due: float | None = None
        """When to start it again, in seconds of `elapsed`; None: it runs, or was never started."""
        self._number = number
        self._work = work
        self._pauses = pauses
        self._soon = 0
        """How many times in a row it ended within SOON seconds."""

    def begin(self) -> Self:
        """Start the process."""
        self._heard, told = FORK.Pipe(duplex=False)
        self.process = FORK.Process(target=_run, args=(self._work, told.send))
        self.process.start()
        told.close()  # The worker has its own copy: when that closes too, `facts` raises Ended.
        self._began, self.due = elapsed(), None
        return self

    def facts(self) -> Started:
        """Wait until the worker answers requests; returns the facts it sends then. Raises Ended if it ends before."""
        assert self.process is not None
        try:
            facts: Started = self._heard.recv()
        except EOFError:
            self.process.join()
            code = self.process.exitcode or 0
            if code not in (BAD_CONFIGURATION, CANNOT_START):
                failed(f"{self._how(self.process)} before it answered", CANNOT_START)
            raise Ended(code if code > 0 else CANNOT_START) from None
        return facts

    @property
    def hopeless(self) -> bool:
        """Whether it does not run, and has ended too soon more often than there are pauses."""
        return self.process is None and self._soon > len(self._pauses)

    def look(self, alone: bool) -> None:
        """Note whether the process has ended, and start it again when that is due.

        ``alone``: whether all other workers are hopeless. Raises Ended if this one is, too.
        """
        if self.process is not None and not self.process.is_alive():
            self._has_ended(self.process, alone)
        if self.due is not None and self.due <= elapsed():
            self.begin()

    def _has_ended(self, process: ForkProcess, alone: bool) -> None:
        """Print how the process ended, and determine when it is started again. Raises Ended as `look` does."""
        self.process = None
        self._heard.close()
        self._soon = self._soon + 1 if elapsed() - self._began < SOON else 0
        how = self._how(process)
        if alone and self.hopeless:
            reason = f"{how}, {self._soon} times in a row within {SOON:.0f} s; nothing goes on"
            raise Ended(failed(reason, CANNOT_START))
        pause = self._pauses[min(max(0, self._soon - 1), len(self._pauses) - 1)]
        when = f"in {pause:g} s" if pause else "now"
        failed(f"{how}; it is started again {when}", FAILED)
        self.due = elapsed() + pause

    def _how(self, process: ForkProcess) -> str:
        """Which worker has ended, and with which exit code or by which signal, as the beginning of a sentence."""
        code = process.exitcode or 0
        cause = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
        return f"worker {self._number} (process {process.pid}) {cause}"


def _run(work: Work, tell: Tell) -> None:
    """The main function of a worker process; ends it with the exit code of ``work``."""
    try:
        code = work(tell)
    except KeyboardInterrupt:
        code = INTERRUPTED
    sys.exit(code)


def _end_with_parent(server: Server) -> None:
    """Stop the server of this worker when the parent process is gone, as nothing would restart or stop it any more."""
    parent = parent_process()
    assert parent is not None
    loop, alive = asyncio.get_running_loop(), parent.sentinel

    def ended() -> None:
        loop.remove_reader(alive)
        server.should_exit = True

    loop.add_reader(alive, ended)


class SharedPorts:
    """Ports that the parent process binds, so that no other program gets them, and on which each worker listens.

    Workers have sockets of their own, with SO_REUSEPORT. Linux distributes connections over all listening sockets; a
    worker that has ended has none, and gets no connections.
    """

    def __init__(self, config: Config) -> None:
        """Bind the plain port and, if they are set, those for TLS and the proxy. Raises CannotStart."""
        wanted = {"port": config.port, "https-port": config.https_port, "proxy-port": config.proxy_port}
        self._bound = {
            setting: bind(config.host, port, setting) for setting, port in wanted.items() if port is not None
        }
        for bound in chain.from_iterable(self._bound.values()):
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)

    @property
    def port(self) -> int:
        """The number of the plain port."""
        return int(self._bound["port"][0].getsockname()[1])

    def bind(self, host: str, port: int, setting: str) -> list[socket.socket]:
        """As `msgsim.server.bind`, called in a worker: sockets at the shared port of a setting.

        A port that is not shared, because it is opened later, is bound for this worker alone.
        """
        bound = self._bound.get(setting)
        return bind(host, port, setting) if bound is None else list(map(_beside, bound))


def _beside(bound: socket.socket) -> socket.socket:
    """A further socket bound to the address of ``bound``. Raises OSError."""
    beside = socket.socket(bound.family, bound.type)
    for option in (socket.SO_REUSEADDR, socket.SO_REUSEPORT):
        beside.setsockopt(socket.SOL_SOCKET, option, 1)
    if bound.family == socket.AF_INET6:
        only = bound.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY)
        beside.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, only)
    beside.bind(bound.getsockname())
    return beside


class Turn:
    """A lock between processes, held by one at a time; the system releases it when its holder is killed.

    It is held while lines are printed, because a pipe may mix long writes of several processes.
    """

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - it is there as long as the process

    def __enter__(self) -> None:
        fcntl.lockf(self._file, fcntl.LOCK_EX)

    def __exit__(self, *_: object) -> None:
        fcntl.lockf(self._file, fcntl.LOCK_UN)
