"""Scenario files are read again when they were saved; everything in a sandbox stays as it is."""

import asyncio
from pathlib import Path

from msgspec import Struct

from msgsim.clock import machine
from msgsim.engine.receive import Engine
from msgsim.scenarios.yaml import contents, digest
from msgsim.storage.database import StoreError

PAUSE = 0.1
"""Seconds between two looks. What two looks in a row find is read: a file that is still being written is not."""
RECENT = 3000
"""Milliseconds within which a file may change again under the same time of change: some file systems count seconds."""


class Watch:
    """Follows the files that the sandboxes have chosen, whichever these are at the time.

    It looks at what stands at each path, again and again, instead of being told by the system. So it does not matter
    how another file gets there: a save in place, a rename, a folder made anew, a link that was switched somewhere in
    the path, a network file system. Nor is there a moment in which a change is missed: it is compared with what the
    rules in force were made of.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._outdated = asyncio.Event()
        """The files in use may be others than before."""
        self._contents: dict[Path, _Content] = {}
        engine.signals.scenarios.follow(self._outdated.set)

    async def run(self) -> None:
        """Until cancelled."""
        self._outdated.set()
        files: set[Path] = set()
        before: dict[Path, bytes] | None = None
        done: dict[Path, bytes] | None = None
        while True:
            if self._outdated.is_set():
                self._outdated.clear()
                files, done = self._engine.scenarios.followed(), None
            now = {file: self._digest(file) for file in files}
            if now == before and now != done and await self._read(now):
                done = now
            before = now
            if files:
                await asyncio.sleep(PAUSE)
            else:
                await self._outdated.wait()

    async def _read(self, digests: dict[Path, bytes]) -> bool:
        """False where the store cannot be written now: it is tried again."""
        try:
            if self._engine.scenarios.reload(digests):
                await self._engine.commits.durable()
        except StoreError:
            return False
        return True

    def _digest(self, file: Path) -> bytes:
        """What a file holds now, or why it cannot be read.

        It is read when anything about it has changed, or did so just before it was read last.
        """
        try:
            stat = file.stat()
            mark = (stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)
            content = self._contents.get(file)
            changed = max(stat.st_mtime_ns, stat.st_ctime_ns) // 1_000_000
            if content is None or content.mark != mark or content.at - changed < RECENT:
                self._contents[file] = content = _Content(mark, machine(), digest(contents(file)))
            return content.digest
        except (OSError, ValueError) as error:
            return repr(error).encode()


class _Content(Struct, frozen=True):
    """When a file was read, and what it held."""

    mark: tuple[int, ...]
    at: int
    digest: bytes
