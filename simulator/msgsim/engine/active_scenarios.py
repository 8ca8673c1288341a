"""Which scenario is active in a sandbox, and which for requests that name a scenario in ``X-Sim-Scenario``."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

from msgsim.config import Config
from msgsim.engine.recorder import Recorder
from msgsim.engine.sandbox import Sandbox
from msgsim.engine.sandboxes import Sandboxes
from msgsim.engine.signals import Signals
from msgsim.engine.states import States
from msgsim.model import Json
from msgsim.scenarios.library import Choice, files_of, load, offered
from msgsim.scenarios.reserved import Terms
from msgsim.scenarios.scenario import Counts, Scenario, carried
from msgsim.scenarios.yaml import BadFile
from msgsim.storage.store import Store


class Scenarios:
    """Loads scenarios, activates them in sandboxes, and reloads them when their files have changed."""

    def __init__(
        self,
        config: Config,
        store: Store,
        sandboxes: Sandboxes,
        terms: Mapping[str, Terms],
        states: States,
        recorder: Recorder,
        signals: Signals,
    ) -> None:
        self._config = config
        self._store = store
        self._sandboxes = sandboxes
        self._terms = terms
        self._states = states
        self._recorder = recorder
        self._signals = signals
        self._named: dict[Choice, Scenario] = {}
        """Scenarios that requests have named, compiled once."""
        self._provided: dict[str, Scenario] = {}

    def choose(self, sandbox: Sandbox, choice: Choice) -> None:
        """Activate a scenario; messages accepted before keep their plans. Raises BadFile."""
        sandbox.scenario = load(choice, self._terms)
        sandbox.read = sandbox.scenario.digests
        sandbox.saved.scenario = choice
        sandbox.counts = sandbox.saved.counts = Counts({}, {}, {sandbox.scenario.key: sandbox.now()})
        sandbox.mistakes = []
        sandbox.save(self._store)
        self._states.remember(sandbox, "decided")
        self._recorder.control(sandbox, {"action": "scenario", "names": list(sandbox.scenario.names)})
        self._signals.scenarios()

    def followed(self) -> set[Path]:
        """The files of all scenarios in use: by sandboxes, and by requests that named a scenario."""
        choices = {sandbox.saved.scenario for sandbox in self._sandboxes.values()} | set(self._named)
        return {file for choice in choices for file in files_of(choice)}

    def reload(self, digests: Mapping[Path, bytes]) -> bool:
        """Reload the scenario of each sandbox whose files have changed; return whether any was reloaded.

        ``digests``: of the present contents of all `followed` files. For a file with a mistake the last good rules stay
        active; the mistake is shown in the sandbox and recorded in its journal.
        """
        compiled: dict[Choice, Scenario | BadFile] = {}
        for sandbox in self._sandboxes.values():
            choice = sandbox.saved.scenario
            now = tuple(digests[file] for file in files_of(choice))
            if now == sandbox.read:
                continue
            if choice not in compiled:
                try:
                    compiled[choice] = load(choice, self._terms)
                except BadFile as error:
                    compiled[choice] = error
            sandbox.read = now
            self.reloaded(sandbox, compiled[choice])
        for choice, scenario in list(self._named.items()):
            if tuple(digests[file] for file in files_of(choice)) != scenario.digests:
                del self._named[choice]
        return bool(compiled)

    def reloaded(self, sandbox: Sandbox, new: Scenario | BadFile) -> None:
        """Put a reloaded scenario into force, or record why it cannot be used."""
        if isinstance(new, BadFile):
            sandbox.mistakes = [str(mistake) for mistake in new.mistakes]
            logging.getLogger("msgsim").warning(
                "sandbox %s goes on with the last good scenario:\n%s", sandbox.name, "\n".join(sandbox.mistakes)
            )
        else:
            sandbox.counts = sandbox.saved.counts = carried(sandbox.counts, sandbox.scenario, new)
            sandbox.scenario, sandbox.mistakes, sandbox.read = new, [], new.digests
            sandbox.save(self._store)
            self._states.remember(sandbox, "decided")
        details: Json = {"mistakes": sandbox.mistakes} if sandbox.mistakes else {}
        self._recorder.control(sandbox, {"action": "reload", "names": list(sandbox.scenario.names), **details})

    def named(self, name: str) -> Scenario:
        """The scenario of this name: a file the server was started with, or a shipped scenario. Raises BadFile.

        No other file can be named: a client must not make the server read arbitrary paths.
        """
        if (provided := self._provided.get(name)) is not None:
            return provided
        choice = self.offered((name,))
        if choice not in self._named:
            self._named[choice] = load(choice, self._terms)
            self._states.remember_named(name, self._named[choice])
            self._signals.scenarios()
        return self._named[choice]

    def provide(self, name: str, scenario: Scenario) -> None:
        """From now on requests that name ``name`` get this scenario, whatever files there are."""
        self._provided[name] = scenario

    def offered(self, names: Sequence[str], texts: Mapping[str, str] | None = None) -> Choice:
        """A choice made by a client: files the server was started with, shipped scenarios, and texts it sends by name.

        Raises BadFile for a name that is none of these.
        """
        sent = texts or {}
        chosen = tuple(name if name in sent else offered(name, self._config.scenario) for name in names)
        return Choice(chosen, tuple(sent.items()))
