"""Scenario files are read again when they are saved; everything in a sandbox stays as it is."""

import asyncio
import contextlib
from collections.abc import Iterable
from pathlib import Path

from msgsim.engine.receive import Engine
from msgsim.scenarios.library import files_of
from msgsim.storage.database import StoreError


class Watch:
    """Follows the files that the sandboxes have chosen, whichever these are at the time."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._chosen = asyncio.Event()
        engine.chosen = self._chosen.set

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            self._chosen.clear()
            files = self.files()
            folders = {file.parent for file in files if file.parent.is_dir()}
            if folders:
                await self._follow(files, folders)
            else:
                await self._chosen.wait()

    def files(self) -> set[Path]:
        return {file for sandbox in self._engine.sandboxes.values() for file in files_of(sandbox.kept.scenario)}

    async def _follow(self, files: set[Path], folders: set[Path]) -> None:
        """Folders are watched, not files: editors save by putting another file in the place of the first."""
        from watchfiles import awatch

        changing = awatch(
            *folders,
            watch_filter=lambda _, path: Path(path).resolve() in files,
            stop_event=self._chosen,
            recursive=False,
            debounce=200,
        )
        async for changes in changing:
            self._engine.reload(_resolved(path for _, path in changes))
            with contextlib.suppress(StoreError):
                await self._engine.commits.durable()


def _resolved(paths: Iterable[str]) -> set[Path]:
    return {Path(path).resolve() for path in paths}
