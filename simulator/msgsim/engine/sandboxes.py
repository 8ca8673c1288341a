"""The sandboxes there are: opened, emptied and closed."""

from collections.abc import Iterable, Iterator, Mapping

import msgspec
from msgspec.structs import replace

from msgsim.config import Config
from msgsim.engine.coverage import Left, Run, outcomes
from msgsim.engine.recorder import Recorder
from msgsim.engine.sandbox import Kept, Marks, Sandbox, clock_of, fresh, restored, seed_of
from msgsim.engine.settings import Settings
from msgsim.engine.signals import Signals
from msgsim.engine.states import States
from msgsim.model import Call, Json, Unknown
from msgsim.provider import Provider
from msgsim.scenarios.library import Choice, load
from msgsim.scenarios.reserved import Terms
from msgsim.scenarios.scenario import Counts, Scenario
from msgsim.scenarios.yaml import BadFile
from msgsim.seed import Seed, drawn, following
from msgsim.storage.changes import Changes
from msgsim.storage.commits import Commits
from msgsim.storage.database import StoreError
from msgsim.storage.keys import SERVER, SHIFT
from msgsim.storage.sandboxes import SandboxRow
from msgsim.storage.store import Store


class Sandboxes(Mapping[str, Sandbox]):
    """By their names; ``default`` is always there."""

    def __init__(
        self,
        config: Config,
        store: Store,
        commits: Commits,
        providers: Mapping[str, Provider],
        terms: Mapping[str, Terms],
        settings: Settings,
        states: States,
        recorder: Recorder,
        signals: Signals,
    ) -> None:
        """Raises ValueError for settings, BadFile for a scenario that cannot be used."""
        self._config = config
        self._store = store
        self._commits = commits
        self._providers = providers
        self._terms = terms
        self._settings = settings
        self._states = states
        self._recorder = recorder
        self._signals = signals
        self._named: dict[str, Sandbox] = {}
        self.numbered: dict[int, Sandbox] = {}
        """The same by their numbers."""
        self._by_credential: dict[tuple[str, str], Sandbox] = {}
        """By provider and credential; none of these is the default one's."""
        self.run = Run(dict.fromkeys(store.strays()))
        signals.committed.follow(self._committed)
        rows = store.sandboxes.all()
        self.seed = self._seed(rows)
        """The server's."""
        for row in rows:
            sandbox = self._restored(row, restored(row, config, self.seed))
            self._enter(sandbox)
            states.remember(sandbox, "started")
        if "default" not in self:
            self.open("default", config.seed)

    def __getitem__(self, name: str) -> Sandbox:
        return self._named[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._named)

    def __len__(self) -> int:
        return len(self._named)

    def _seed(self, rows: Iterable[SandboxRow]) -> int:
        """The server's seed: as the flag says, else the store's own, which is drawn for a new one."""
        known = self._store.records.find(SERVER, "", "seed", "")
        before = next((row.doc.get("seed") for row in rows if row.name == "default"), None)
        found = next((seed for seed in (self._config.seed, known, before) if type(seed) is int), None)
        seed = drawn() if found is None else found
        if seed != known:
            self._store.records.keep(SERVER, "", "seed", "", seed)
        return seed

    def _restored(self, row: SandboxRow, kept: Kept) -> Sandbox:
        """Raises BadFile for the scenario of the default sandbox; another one is without, until its files are back."""
        try:
            return Sandbox(row.name, row.number, kept, load(kept.scenario, self._terms))
        except BadFile as error:
            if row.name == "default":
                raise
            sandbox = Sandbox(row.name, row.number, kept, Scenario((), self._terms))
            sandbox.mistakes = [str(mistake) for mistake in error.mistakes]
            return sandbox

    def _committed(self, changes: Changes, error: StoreError | None) -> None:
        """What was reserved in a transaction that is lost has to be reserved again."""
        if error is not None:
            for sandbox in self._named.values():
                sandbox.kept.marks = sandbox.marks()

    def of(self, call: Call, provider: Provider, credential: str) -> Sandbox:
        """By the header, by the credentials for the provider, by those for the proxy, else the default one.

        Raises Unknown.
        """
        named = call.headers.get("x-sim-sandbox")
        if named is None and credential:
            sandbox = self._by_credential.get((provider.name, credential))
            if sandbox is not None:
                return sandbox
        named = call.sandbox if named is None else named
        if not named:
            return self.default
        if named not in self._named:
            raise Unknown(f"there is no sandbox {named!r}")
        return self._named[named]

    @property
    def default(self) -> Sandbox:
        return self._named["default"]

    def open(
        self,
        name: str,
        seed: int | None = None,
        clock: str | None = None,
        settings: dict[str, dict[str, Json]] | None = None,
        scenario: Choice | None = None,
        seed_from: str | None = None,
    ) -> Sandbox:
        """A new, empty sandbox. Raises ValueError and BadFile.

        Where no seed is given, its own follows from ``seed_from``, else from its name: then ids go on where those of
        a sandbox that had the name before have ended.
        """
        own = seed if seed is not None else seed_of(name, self.seed) if seed_from is None else following(seed_from)
        kept = fresh(self._config, own, clock_of(clock or self._config.clock), self._settings.checked(settings or {}))
        kept.seeded = seed is not None
        if self._is_own(name, kept) and (marks := self._store.records.find(SERVER, "", "marks", name)) is not None:
            kept.marks = msgspec.convert(marks, Marks)
        if scenario is not None:
            kept.scenario = scenario
        return self._open(name, kept)

    def _open(self, name: str, kept: Kept) -> Sandbox:
        """An empty sandbox in place of any old one of that name. Raises ValueError and BadFile."""
        sandbox = Sandbox(name, self._store.next_sandbox(), kept, self._compiled(kept.scenario, name))
        if (old := self._named.get(name)) is not None:
            self._store.drop_sandbox(old.number)
        sandbox.save(self._store)
        self._commits.now()
        if old is not None:
            self._leave(old)
        self._enter(sandbox)
        self._states.remember(sandbox, "begun")
        return sandbox

    def _compiled(self, choice: Choice, name: str) -> Scenario:
        """Rules never change, so sandboxes of one choice share them; a reset keeps the last good ones."""
        for one in (self._named.get(name), self._named.get("default")):
            if one is not None and one.kept.scenario == choice:
                return one.scenario
        return load(choice, self._terms)

    def _leave(self, sandbox: Sandbox) -> None:
        """Its rows are swept when there is time. It has to be dropped for good before."""
        del self.numbered[sandbox.number]
        self.run.left[sandbox.number] = Left(sandbox.begun, sandbox.now())
        self._signals.recorded(sandbox.base)

    def _enter(self, sandbox: Sandbox) -> None:
        sandbox.resume(self._store)
        self._settings.compile(sandbox)
        self._named[sandbox.name] = self.numbered[sandbox.number] = sandbox
        self._signals.scenarios()
        for name in self._providers:
            for credential in self._providers[name].credentials(sandbox.name).values():
                if sandbox.name != "default":
                    self._by_credential[name, credential] = sandbox

    def close(self, sandbox: Sandbox) -> None:
        self._remember(sandbox)
        self._store.drop_sandbox(sandbox.number)
        self._commits.now()
        self._leave(sandbox)
        del self._named[sandbox.name]
        self._by_credential = {key: one for key, one in self._by_credential.items() if one is not sandbox}

    def _remember(self, sandbox: Sandbox) -> None:
        """How far the ids have come that follow from its name alone."""
        if self._is_own(sandbox.name, sandbox.kept):
            self._store.records.keep(SERVER, "", "marks", sandbox.name, msgspec.to_builtins(sandbox.marks()))

    def _is_own(self, name: str, kept: Kept) -> bool:
        return not kept.seeded and kept.seed == seed_of(name, self.seed)

    def reset(self, sandbox: Sandbox) -> Sandbox:
        """Empty it: the same seed, settings and scenario, and the clock where it stands.

        Where the seed was given, the same requests then bring the same ids again; else ids go on.
        """
        marks = Marks() if sandbox.kept.seeded else sandbox.marks()
        kept = replace(sandbox.kept, clock=sandbox.clock, counts=Counts({}, {}, {}), marks=marks)
        emptied = self._open(sandbox.name, kept)
        self._recorder.control(emptied, {"action": "reset"})
        return emptied

    def configure(self, sandbox: Sandbox, settings: dict[str, dict[str, Json]]) -> None:
        """Change a sandbox's settings. Raises ValueError."""
        sandbox.kept.settings |= self._settings.checked(settings)
        self._settings.compile(sandbox)
        sandbox.save(self._store)
        self._states.remember(sandbox, "decided")
        self._recorder.control(sandbox, {"action": "settings", "providers": list(settings)})

    def reseed(self, sandbox: Sandbox, seed: int) -> None:
        """Everything from now on follows from another seed."""
        self._remember(sandbox)
        sandbox.kept.seed, sandbox.kept.seeded = seed, True
        sandbox.seed = Seed(seed)
        sandbox.save(self._store)
        self._states.remember(sandbox, "decided")
        self._recorder.control(sandbox, {"action": "seed", "seed": seed})

    def sweep(self, most: int = 250) -> bool:
        """Remove some rows of a sandbox that is gone; false when there is none left."""
        for number, left in self.run.left.items():
            if left is not None:
                gone = self._store.messages.newest(number, limit=most)
                self.run.outcomes.update(outcomes(gone, left.begun, left.moment))
            if not self._store.sweep(number, most):
                del self.run.left[number]
            return True
        return False

    def save(self) -> None:
        """The last thing before the store is closed: what was reserved and never given is free again."""
        for sandbox in self._named.values():
            sandbox.kept.marks = sandbox.marks()
            sandbox.save(self._store)

    def owner(self, key: int) -> Sandbox:
        """The sandbox a key belongs to. Raises Unknown when it is gone."""
        sandbox = self.numbered.get(key >> SHIFT)
        if sandbox is None:
            raise Unknown("its sandbox is gone")
        return sandbox
