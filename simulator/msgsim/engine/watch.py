"""Reloads scenario files after they were saved; messages and all other state of sandboxes stay."""

import asyncio
from pathlib import Path

from msgspec import Struct

from msgsim.clock import machine
from msgsim.engine.receive import Engine
from msgsim.scenarios.yaml import contents, digest
from msgsim.storage.database import StoreError

PAUSE = 0.1
"""Seconds between two polls. Only contents that two polls in a row have found are loaded, never half a file."""
RECENT = 3000
"""Milliseconds within which two changes may have the same modification time: some file systems count seconds."""


class Watch:
    """Polls the scenario files in use and reloads those whose contents differ from the active rules.

    Polls instead of using notifications of the system, because these miss changes: a folder that was created again, a
    symbolic link that was switched, a network file system. Comparing with what the active rules were made of leaves no
    moment in which a change could be missed.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._outdated = asyncio.Event()
        """Set when the files in use may have changed."""
        self._contents: dict[Path, _Content] = {}
        engine.signals.scenarios.follow(self._outdated.set)

    async def run(self) -> None:
        """Poll until cancelled."""
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
        """Reload scenarios. False when the store cannot be written now; the next poll tries again."""
        try:
            if self._engine.scenarios.reload(digests):
                await self._engine.commits.durable()
        except StoreError:
            return False
        return True

    def _digest(self, file: Path) -> bytes:
        """A digest of a file's contents, or the text of the error where it cannot be read.

        The file is read only when its metadata has changed, or had changed shortly (RECENT) before the last reading.
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
    """A file as last read: its metadata, the time of the machine in milliseconds, and the digest of its contents."""

    mark: tuple[int, ...]
    at: int
    digest: bytes
