"""Which of the servers on one database has which sandbox. A store in a file has one server: all of it is its own."""

import contextlib
from contextlib import AbstractContextManager

from msgspec import Struct


class Replica(Struct, frozen=True):
    """A server that is alive: its session holds a lock."""

    name: str
    address: str
    """Where the others reach it, ``host:port``; empty: it does not answer yet."""


class Placed(Struct, frozen=True):
    """A sandbox, and where it is."""

    number: int
    name: str
    replica: Replica | None
    """None: nobody has it."""


class Replicas:
    """Of a store with one server; `msgsim.storage.postgresql_replicas` is for several.

    A sandbox belongs to the replica that has taken its number, until it releases that or its session ends.
    """

    shared = False
    """Others may have sandboxes of the store."""
    name = ""
    """Of this server, among the replicas."""

    def __init__(self) -> None:
        self.lost: set[int] = set()
        """Numbers that were taken by a session that ended, and that somebody else had since. Nothing can be read or
        written until `resume` is called."""

    def resume(self) -> None:
        """What was lost is forgotten here."""
        self.lost.clear()

    def starting(self) -> AbstractContextManager[None]:
        """While nobody else starts. Raises StoreError."""
        return contextlib.nullcontext()

    def register(self, address: str) -> None:
        """Say where the others reach this server. Raises StoreError."""

    def alive(self) -> list[Replica]:
        """All there are. Raises StoreError."""
        return []

    def placed(self) -> list[Placed]:
        """All sandboxes. Raises StoreError."""
        return []

    def take(self, number: int) -> bool:
        """Whether this server has a sandbox from now on. Raises StoreError."""
        return True

    def release(self, number: int) -> None:
        """Others may have it, or nothing of it is left. Raises StoreError."""

    def owner(self, number: int) -> Replica | None:
        """Who has it; None: nobody. Raises StoreError."""
        return None

    def lock_names(self) -> None:
        """Until the next commit nobody else makes a sandbox."""

    def next_number(self, highest: int) -> int:
        """A number that no sandbox of another server has had. ``highest``: of those there are. Raises StoreError."""
        return highest + 1
