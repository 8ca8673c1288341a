"""Sandboxes that other replicas own: their names and the addresses of their owners, as far as this replica knows."""

from collections.abc import Iterable

from msgsim.storage.replicas import Placed, Replicas


class Elsewhere(Exception):
    """Another replica owns the sandbox; the request had no effect here and may be passed on."""

    def __init__(self, name: str, address: str) -> None:
        super().__init__(f"sandbox {name!r} is at {address or 'no replica that answers yet'}")
        self.name = name
        self.address = address
        """``host:port`` of the owner; empty while nobody owns the sandbox."""


class Places:
    """The last known owners of sandboxes that are not here. May be outdated: the owner itself says when it is not."""

    def __init__(self, replicas: Replicas) -> None:
        self._replicas = replicas
        self._addresses: dict[str, str] = {}
        self._free: set[int] = set()
        """Numbers of the sandboxes that had no owner at the last call of `learn`."""

    def names(self) -> list[str]:
        return list(self._addresses)

    def forget(self, name: str) -> None:
        self._addresses.pop(name, None)

    def moved(self, name: str) -> None:
        """The replica that was believed to own this sandbox does not."""
        if name in self._addresses:
            self._addresses[name] = ""

    def check(self, name: str) -> None:
        """Raises Elsewhere where another replica is known to own the sandbox."""
        if address := self._addresses.get(name):
            raise Elsewhere(name, address)

    def find(self, name: str, number: int) -> Elsewhere:
        """The owner as the database has it now, as an exception to raise. Raises StoreError."""
        owner = self._replicas.owner(number)
        self._addresses[name] = "" if owner is None else owner.address
        return Elsewhere(name, self._addresses[name])

    def learn(self, placed: Iterable[Placed], here: str) -> list[str]:
        """Remember the owners of all sandboxes; return the names of those without an owner at this call and the last.

        Two calls, because a replica that has just lost its database session may take its sandboxes again in between.
        ``here`` is the name of this replica.
        """
        others = [place for place in placed if place.replica is None or place.replica.name != here]
        self._addresses = {place.name: place.replica.address if place.replica else "" for place in others}
        free = {place.number for place in others if place.replica is None}
        seen, self._free = free & self._free, free
        return [place.name for place in others if place.number in seen]
