"""Sandboxes that other replicas have: their names, and where they are as far as is known."""

from collections.abc import Iterable

from msgsim.storage.replicas import Placed, Replicas


class Elsewhere(Exception):
    """Another replica has the sandbox; nothing was done yet of what was asked."""

    def __init__(self, name: str, address: str) -> None:
        super().__init__(f"sandbox {name!r} is at {address or 'no replica that answers yet'}")
        self.name = name
        self.address = address
        """``host:port``; empty while it changes hands."""


class Places:
    """What was heard last of sandboxes that are not here; whoever is asked there says when it is not so any more."""

    def __init__(self, replicas: Replicas) -> None:
        self._replicas = replicas
        self._addresses: dict[str, str] = {}
        self._free: set[int] = set()
        """Numbers of those that nobody had."""

    def names(self) -> list[str]:
        return list(self._addresses)

    def forget(self, name: str) -> None:
        self._addresses.pop(name, None)

    def moved(self, name: str) -> None:
        """It is not where it was."""
        if name in self._addresses:
            self._addresses[name] = ""

    def check(self, name: str) -> None:
        """Raises Elsewhere where it is known to be with somebody."""
        if address := self._addresses.get(name):
            raise Elsewhere(name, address)

    def find(self, name: str, number: int) -> Elsewhere:
        """Who has it now. Raises StoreError."""
        owner = self._replicas.owner(number)
        self._addresses[name] = "" if owner is None else owner.address
        return Elsewhere(name, self._addresses[name])

    def learn(self, placed: Iterable[Placed], here: str) -> list[str]:
        """All there are now; the names of those that nobody has had for two looks, in order.

        Whoever lost its session a moment ago can have them again in between.
        """
        others = [place for place in placed if place.replica is None or place.replica.name != here]
        self._addresses = {place.name: place.replica.address if place.replica else "" for place in others}
        free = {place.number for place in others if place.replica is None}
        seen, self._free = free & self._free, free
        return [place.name for place in others if place.number in seen]
