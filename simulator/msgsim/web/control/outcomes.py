"""Counts how often each status was reached in a sandbox; each call counts on from the one before."""

from msgsim.engine.receive import Engine
from msgsim.engine.sandbox import Sandbox
from msgsim.engine.tallies import ByState, OutcomeTally
from msgsim.web.control.lists import in_turns


class Outcomes:
    """A tally per sandbox, as long as the sandbox is there."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._tallies: dict[int, OutcomeTally] = {}
        """Number of the sandbox → its tally."""

    async def of(self, sandbox: Sandbox) -> ByState:
        """(provider, status) → how often, until now."""
        engine = self._engine
        for number in self._tallies.keys() - engine.sandboxes.numbered.keys():
            del self._tallies[number]
        if sandbox.number not in self._tallies:
            contracts = {name: provider.contract for name, provider in engine.providers.items()}
            self._tallies[sandbox.number] = OutcomeTally(engine.store, contracts, sandbox.number)
        *_, counted = [piece async for piece in in_turns(self._tallies[sandbox.number].counted(sandbox.now()))]
        return counted
