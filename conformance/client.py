"""What is run against the simulator, and what came of it."""

from collections import Counter

from msgspec import Struct, field


class Client(Struct, frozen=True):
    """A published client, or the samples of a provider's documents in one language."""

    provider: str
    name: str
    version: str
    language: str
    script: str
    """The file in ``conformance/clients/`` that drives it."""
    base_url: str
    """How it is told where the simulator is, and what it cannot be told."""
    by_name: bool = False
    """It is told nothing: it asks the provider's own host names, which are intercepted."""


class Absent(Struct, frozen=True):
    """A client that was not run."""

    provider: str
    name: str
    language: str
    reason: str


class Check(Struct, frozen=True):
    """One assertion about what a client returned or raised."""

    what: str
    reason: str = ""
    """Why it failed; empty: it passed."""


Answered = Counter[tuple[str, str, int]]
"""(method, path, status) of requests to a provider → how often."""


class Report(Struct, frozen=True):
    """What came of one client."""

    client: Client
    runtime: str
    """The interpreter and its version."""
    checks: tuple[Check, ...] = ()
    failure: str = ""
    """Why its runner did not come to an end; empty: it did."""
    answered: Answered = field(default_factory=Counter)
    errors: frozenset[str] = frozenset()
    """Keys of the documented errors it met."""

    @property
    def failed(self) -> list[str]:
        """Everything that went wrong, in one line each."""
        wrong = [f"{check.what}: {check.reason}" for check in self.checks if check.reason]
        if not self.checks and not self.failure:
            wrong.append("its runner made no check")
        return [*wrong, self.failure] if self.failure else wrong
