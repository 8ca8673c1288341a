"""The sandboxes of this server: opening, finding, resetting, closing."""

import contextlib
from collections.abc import Iterable, Iterator, Mapping

import msgspec
from msgspec.structs import replace

from msgsim.config import Config
from msgsim.engine.coverage import Closed, Run, outcomes
from msgsim.engine.elsewhere import Elsewhere, Places
from msgsim.engine.recorder import Recorder
from msgsim.engine.sandbox import Marks, Sandbox, Saved, clock_of, fresh, restored, seed_of
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
    """Another replica has just opened a sandbox with this name."""


class Sandboxes(Mapping[str, Sandbox]):
    """The sandboxes that this server owns, by name. ``default`` always exists, here or on another replica."""

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
        """Restores the sandboxes of the store. Raises ValueError for invalid settings, BadFile for a scenario."""
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
        """The same sandboxes by number."""
        self._replicas = store.replicas
        self._places = Places(store.replicas)
        self._by_credential: dict[tuple[str, str], str] = {}
        """(provider, credential) → name of its sandbox on any replica. Credentials of ``default`` are not listed."""
        self.run = Run(dict.fromkeys(number for number in store.strays() if store.replicas.take(number)))
        signals.committed.follow(self._committed)
        rows = store.sandboxes.all()
        self.seed = self._seed(rows)
        """The server's seed."""
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
        """The server's seed: of the flag, else of the store, else drawn at random and stored."""
        known = self._store.records.find(SERVER, "", "seed", "")
        before = next((row.doc.get("seed") for row in rows if row.name == "default"), None)
        found = next((seed for seed in (self._config.seed, known, before) if type(seed) is int), None)
        seed = drawn() if found is None else found
        if seed != known:
            self._store.records.keep(SERVER, "", "seed", "", seed)
        return seed

    def _start(self, row: SandboxRow, tolerant: bool) -> Sandbox:
        """Restore a sandbox from its row. Raises BadFile for a scenario that cannot be used, unless ``tolerant``."""
        sandbox = self._restored(row, restored(row, self._config, self.seed), tolerant)
        self._enter(sandbox)
        self._states.remember(sandbox, "started")
        return sandbox

    def _restored(self, row: SandboxRow, saved: Saved, tolerant: bool) -> Sandbox:
        """A sandbox of a row. Where an unusable scenario is tolerated, it has no rules until the files are mended."""
        try:
            return Sandbox(row.name, row.number, saved, load(saved.scenario, self._terms))
        except BadFile as error:
            if not tolerant:
                raise
            sandbox = Sandbox(row.name, row.number, saved, Scenario((), self._terms))
            sandbox.mistakes = [str(mistake) for mistake in error.mistakes]
            return sandbox

    def _committed(self, changes: Changes, error: StoreError | None) -> None:
        """After a lost commit set the marks back, so that numbers are reserved again."""
        if error is not None:
            for sandbox in self._named.values():
                sandbox.saved.marks = sandbox.marks()

    def of(self, call: Call, provider: Provider, credential: str) -> Sandbox:
        """The sandbox of a request: by header, by the provider's credentials, by the proxy's, else ``default``.

        Raises Unknown, Elsewhere and StoreError.
        """
        named = call.headers.get("x-sim-sandbox")
        if named is None and credential:
            known = self._by_credential.get((provider.name, credential))
            if known is not None:
                with contextlib.suppress(Unknown):  # Another replica has closed it.
                    return self.named(known)
        return self.named((call.sandbox if named is None else named) or "default")

    def named(self, name: str) -> Sandbox:
        """The sandbox of this name, taken over where no replica owns it. Raises Unknown, Elsewhere and StoreError."""
        sandbox = self._named.get(name)
        return self._found(name) if sandbox is None else sandbox

    def _found(self, name: str) -> Sandbox:
        """A sandbox that this server does not own yet; takes it over where no other replica does."""
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
        """Restore a sandbox that another replica has left. Raises Elsewhere when it was reset in between."""
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
        """The replica that was believed to own this sandbox does not."""
        self._places.moved(name)

    def names(self) -> list[str]:
        """The names of all sandboxes, those of other replicas included."""
        return [*self._named, *self._places.names()]

    def look_after(self) -> None:
        """Forget sandboxes that other replicas have taken over, and take a fair share of those without an owner.

        Raises StoreError.
        """
        if self._replicas.lost:
            with contextlib.suppress(StoreError):
                self._commits.now()  # What was written to the lost sandboxes fails here.
            for number in self._replicas.lost:
                self._lose(number)
            self._replicas.resume()
        free = self._learn()
        share = -(-len(self.names()) // max(1, len(self._replicas.alive())))
        for name in free[: max(0, share - len(self._named))]:
            with contextlib.suppress(Unknown, Elsewhere):
                self.named(name)

    def _lose(self, number: int) -> None:
        """Forget a sandbox that another replica owns by now."""
        self.run.closed.pop(number, None)
        if (sandbox := self.numbered.pop(number, None)) is not None:
            del self._named[sandbox.name]
            self._signals.recorded(sandbox.base)
        self._signals.lost(number)

    def _learn(self) -> list[str]:
        """Read from the database which sandboxes exist; return those without an owner. Raises StoreError."""
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
        """Another replica has opened or closed a sandbox: read again which exist. Raises StoreError."""
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
        """The sandbox ``default``. Raises Elsewhere and StoreError."""
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
        """Open a new, empty sandbox, in place of any sandbox of this name.

        ``seed``: None: derived from ``seed_from``, else from the name; then ids continue after those of earlier
        sandboxes of this name. ``clock``, ``scenario``: None: the server's.
        Raises ValueError for an invalid clock or settings, Taken, and BadFile.
        """
        own = seed if seed is not None else seed_of(name, self.seed) if seed_from is None else following(seed_from)
        saved = fresh(self._config, own, clock_of(clock or self._config.clock), self._settings.checked(settings or {}))
        saved.seeded = seed is not None
        if self._is_own(name, saved) and (marks := self._store.records.find(SERVER, "", "marks", name)) is not None:
            saved.marks = msgspec.convert(marks, Marks)
        if scenario is not None:
            saved.scenario = scenario
        return self._open(name, saved)

    def _open(self, name: str, saved: Saved) -> Sandbox:
        """Open an empty sandbox in place of any sandbox of this name. Raises Taken and BadFile."""
        scenario, old = self._compiled(saved.scenario, name), self._named.get(name)
        self._replicas.lock_names()
        self._check_free(name, old)
        sandbox = Sandbox(name, self._store.next_sandbox(), saved, scenario)
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
        """Raises Taken where another replica has opened a sandbox of this name since."""
        row = self._store.sandboxes.named(name) if self._replicas.shared else None
        if row is not None and (old is None or old.number != row.number):
            self._commits.now()
            raise Taken(f"there is a sandbox {name!r} already; delete it or reset it")

    def _compiled(self, choice: Choice, name: str) -> Scenario:
        """The compiled scenario: sandboxes of one choice share it; a reset keeps the last good rules."""
        for sandbox in (self._named.get(name), self._named.get("default")):
            if sandbox is not None and sandbox.saved.scenario == choice:
                return sandbox.scenario
        return load(choice, self._terms)

    def _leave(self, sandbox: Sandbox) -> None:
        """Forget a closed sandbox, once its closing is committed; `sweep` removes its rows later."""
        del self.numbered[sandbox.number]
        self.run.closed[sandbox.number] = Closed(sandbox.begun, sandbox.now())
        self._signals.recorded(sandbox.base)

    def _enter(self, sandbox: Sandbox) -> None:
        """Make a sandbox reachable by name, number and credentials."""
        sandbox.resume(self._store)
        self._settings.compile(sandbox)
        self._named[sandbox.name] = self.numbered[sandbox.number] = sandbox
        self._signals.scenarios()
        self._places.forget(sandbox.name)
        self._learn_credentials(sandbox.name)

    def close(self, sandbox: Sandbox) -> None:
        """Close a sandbox for good. Raises StoreError."""
        self._remember(sandbox)
        self._store.drop_sandbox(sandbox.number)
        self._commits.now()
        self._leave(sandbox)
        del self._named[sandbox.name]
        self._forget_credentials(sandbox.name)

    def _remember(self, sandbox: Sandbox) -> None:
        """Store the marks of a sandbox without an explicit seed: a later sandbox of this name continues there."""
        if self._is_own(sandbox.name, sandbox.saved):
            self._store.records.keep(SERVER, "", "marks", sandbox.name, msgspec.to_builtins(sandbox.marks()))

    def _is_own(self, name: str, saved: Saved) -> bool:
        """Whether a sandbox's seed is derived from its name alone."""
        return not saved.seeded and saved.seed == seed_of(name, self.seed)

    def reset(self, sandbox: Sandbox) -> Sandbox:
        """Replace a sandbox by an empty one with the same seed, settings, scenario and clock.

        With an explicit seed the same requests get the same ids again; otherwise ids continue.
        """
        marks = Marks() if sandbox.saved.seeded else sandbox.marks()
        saved = replace(sandbox.saved, clock=sandbox.clock, counts=Counts({}, {}, {}), marks=marks)
        emptied = self._open(sandbox.name, saved)
        self._recorder.control(emptied, {"action": "reset"})
        return emptied

    def configure(self, sandbox: Sandbox, settings: dict[str, dict[str, Json]]) -> None:
        """Replace the settings of some providers in a sandbox. Raises ValueError for invalid settings."""
        sandbox.saved.settings |= self._settings.checked(settings)
        self._settings.compile(sandbox)
        sandbox.save(self._store)
        self._states.remember(sandbox, "decided")
        self._recorder.control(sandbox, {"action": "settings", "providers": list(settings)})

    def reseed(self, sandbox: Sandbox, seed: int) -> None:
        """Derive ids and chance from another seed from now on."""
        self._remember(sandbox)
        sandbox.saved.seed, sandbox.saved.seeded = seed, True
        sandbox.seed = Seed(seed)
        sandbox.save(self._store)
        self._states.remember(sandbox, "decided")
        self._recorder.control(sandbox, {"action": "seed", "seed": seed})

    def sweep(self, most: int = 250) -> bool:
        """Remove up to about ``most`` rows of a closed sandbox; False when there is no such sandbox."""
        for number, closed in self.run.closed.items():
            if closed is not None:
                gone = self._store.messages.newest(number, limit=most)
                self.run.outcomes.update(outcomes(gone, closed.begun, closed.moment))
            if not self._store.sweep(number, most):
                del self.run.closed[number]
                self._replicas.release(number)
            return True
        return False

    def save(self) -> None:
        """Save all sandboxes before the store is closed, with unused reservations of numbers given back."""
        for sandbox in self._named.values():
            sandbox.saved.marks = sandbox.marks()
            sandbox.save(self._store)

    def owner(self, key: int) -> Sandbox:
        """The sandbox of a row's key. Raises Unknown when it is closed."""
        sandbox = self.numbered.get(key >> SHIFT)
        if sandbox is None:
            raise Unknown("its sandbox is gone")
        return sandbox
