"""The sandboxes there are: opened, emptied and closed."""

import contextlib
from collections.abc import Iterable, Iterator, Mapping

import msgspec
from msgspec.structs import replace

from msgsim.config import Config
from msgsim.engine.coverage import Left, Run, outcomes
from msgsim.engine.elsewhere import Elsewhere, Places
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


class Taken(ValueError):
    """Another replica has just made a sandbox of that name."""


class Sandboxes(Mapping[str, Sandbox]):
    """Those that this server has, by their names. ``default`` is always there, here or with another replica."""

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
        self._replicas = store.replicas
        self._places = Places(store.replicas)
        self._by_credential: dict[tuple[str, str], str] = {}
        """Names by provider and credential, wherever they are; none of these is the default one's."""
        self.run = Run(dict.fromkeys(number for number in store.strays() if store.replicas.take(number)))
        signals.committed.follow(self._committed)
        rows = store.sandboxes.all()
        self.seed = self._seed(rows)
        """The server's."""
        for row in rows:
            if store.replicas.take(row.number):
                self._start(row, tolerant=row.name != "default")
        if all(row.name != "default" for row in rows):
            self.open("default", config.seed)
        self._learn()

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

    def _start(self, row: SandboxRow, tolerant: bool) -> Sandbox:
        """Go on with a sandbox where it was left. Raises BadFile unless that is tolerated."""
        sandbox = self._restored(row, restored(row, self._config, self.seed), tolerant)
        self._enter(sandbox)
        self._states.remember(sandbox, "started")
        return sandbox

    def _restored(self, row: SandboxRow, kept: Kept, tolerant: bool) -> Sandbox:
        """One whose scenario cannot be used is without, until its files are back, or raises BadFile."""
        try:
            return Sandbox(row.name, row.number, kept, load(kept.scenario, self._terms))
        except BadFile as error:
            if not tolerant:
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
            known = self._by_credential.get((provider.name, credential))
            if known is not None:
                with contextlib.suppress(Unknown):  # Another replica has closed it.
                    return self.named(known)
        return self.named((call.sandbox if named is None else named) or "default")

    def named(self, name: str) -> Sandbox:
        """Raises Unknown, Elsewhere and StoreError."""
        sandbox = self._named.get(name)
        return self._found(name) if sandbox is None else sandbox

    def _found(self, name: str) -> Sandbox:
        """One that was not here; it is from now on where nobody else has it."""
        self._places.check(name)
        row = self._store.sandboxes.named(name) if self._replicas.shared else None
        if row is None:
            self._places.forget(name)
            self._forget_credentials(name)
            raise Unknown(f"there is no sandbox {name!r}")
        if not self._replicas.take(row.number):
            raise self._places.find(name, row.number)
        return self._take_over(name, row.number)

    def _take_over(self, name: str, number: int) -> Sandbox:
        """As after a restart, with what whoever had it has left. Raises Elsewhere when it was emptied meanwhile."""
        row = self._store.sandboxes.named(name)
        if row is None or row.number != number:
            self._replicas.release(number)
            raise Elsewhere(name, "")
        self._store.forget()
        self._places.forget(name)
        sandbox = self._start(row, tolerant=True)
        self._signals.taken(sandbox)
        return sandbox

    def moved(self, name: str) -> None:
        """Who was thought to have it has not."""
        self._places.moved(name)

    def names(self) -> list[str]:
        """Of all sandboxes, with those of other replicas."""
        return [*self._named, *self._places.names()]

    def look_after(self) -> None:
        """Forget what others have taken over, and take a fair share of what nobody has. Raises StoreError."""
        if self._replicas.lost:
            with contextlib.suppress(StoreError):
                self._commits.now()  # What was written to these is lost.
            for number in self._replicas.lost:
                self._lose(number)
            self._replicas.resume()
        free = self._learn()
        share = -(-len(self.names()) // max(1, len(self._replicas.alive())))
        for name in free[: max(0, share - len(self._named))]:
            with contextlib.suppress(Unknown, Elsewhere):
                self.named(name)

    def _lose(self, number: int) -> None:
        self.run.left.pop(number, None)
        if (sandbox := self.numbered.pop(number, None)) is not None:
            del self._named[sandbox.name]
            self._signals.recorded(sandbox.base)
        self._signals.lost(number)

    def _learn(self) -> list[str]:
        """Which sandboxes there are; those that nobody has. Raises StoreError."""
        free = self._places.learn(self._replicas.placed(), self._replicas.name)
        known = set(self._by_credential.values())
        names = self._places.names()
        for gone in known.difference(names, self._named):
            self._forget_credentials(gone)
        for name in names:
            if name not in known:
                self._learn_credentials(name)
        return free

    def learn(self) -> None:
        """Another replica has made or closed a sandbox. Raises StoreError."""
        if self._replicas.shared:
            self._learn()

    def _learn_credentials(self, name: str) -> None:
        for provider in self._providers.values() if name != "default" else ():
            for credential in provider.credentials(name).values():
                self._by_credential[provider.name, credential] = name

    def _forget_credentials(self, name: str) -> None:
        self._by_credential = {key: known for key, known in self._by_credential.items() if known != name}

    @property
    def default(self) -> Sandbox:
        """Raises Elsewhere and StoreError."""
        return self.named("default")

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
        """An empty sandbox in place of any old one of that name. Raises ValueError, Taken too, and BadFile."""
        scenario, old = self._compiled(kept.scenario, name), self._named.get(name)
        self._replicas.lock_names()
        self._check_free(name, old)
        sandbox = Sandbox(name, self._store.next_sandbox(), kept, scenario)
        self._replicas.take(sandbox.number)
        if old is not None:
            self._store.drop_sandbox(old.number)
        sandbox.save(self._store)
        self._commits.now()
        if old is not None:
            self._leave(old)
        self._enter(sandbox)
        self._states.remember(sandbox, "begun")
        return sandbox

    def _check_free(self, name: str, old: Sandbox | None) -> None:
        """Raises Taken where another replica was quicker."""
        row = self._store.sandboxes.named(name) if self._replicas.shared else None
        if row is not None and (old is None or old.number != row.number):
            self._commits.now()
            raise Taken(f"there is a sandbox {name!r} already; delete it or reset it")

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
        self._places.forget(sandbox.name)
        self._learn_credentials(sandbox.name)

    def close(self, sandbox: Sandbox) -> None:
        self._remember(sandbox)
        self._store.drop_sandbox(sandbox.number)
        self._commits.now()
        self._leave(sandbox)
        del self._named[sandbox.name]
        self._forget_credentials(sandbox.name)

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
                self._replicas.release(number)
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
