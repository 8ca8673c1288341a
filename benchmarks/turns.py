"""A server that watches its own event loop: its longest turn, in processor time, so that other processes do not count.

``python -m benchmarks.turns PORT STORE CLOCK FILE``; at SIGUSR1 it writes milliseconds into FILE, and begins anew.
"""

import asyncio
import os
import signal
import sys
import time
from pathlib import Path

from msgsim import server as simulator
from msgsim.config import Config

from benchmarks.run import Server

BEAT = 0.001


class Turns:
    def __init__(self, file: Path) -> None:
        self.longest = 0.0
        self._file = file

    def watch(self, seed: int) -> None:
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGUSR1, self._tell)
        self._watching = loop.create_task(self._watch())

    async def _watch(self) -> None:
        while True:
            before = time.thread_time()
            await asyncio.sleep(BEAT)
            self.longest = max(self.longest, time.thread_time() - before)

    def _tell(self) -> None:
        self._file.write_text(f"{self.longest * 1000:.1f}")
        self.longest = 0.0


class Watched(Server):
    """The server, seen from outside."""

    def __init__(self, store: Path, clock: str = "real") -> None:
        self._file = store.with_suffix(".turns")
        super().__init__(sys.executable, "-m", "benchmarks.turns", "PORT", str(store), clock, str(self._file))

    def longest(self) -> float:
        """The longest turn since this was asked last, in milliseconds."""
        self._file.unlink(missing_ok=True)
        os.kill(self.process.pid, signal.SIGUSR1)
        while not self._file.exists() or not (text := self._file.read_text()):
            time.sleep(0.01)
        return float(text)


def main() -> None:
    port, store, clock, file = sys.argv[1:]
    config = Config(port=int(port), store=store, clock=clock)
    turns = Turns(Path(file))
    simulator.Server(config, turns.watch).run(simulator.listen(config))


if __name__ == "__main__":
    main()
