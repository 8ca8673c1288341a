"""The world: every sandbox, and what they share. It changes; what it holds does not."""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import msgspec
from msgspec.structs import replace

from msgsim.config import Config
from msgsim.engine.coverage import Left, Run, outcomes
from msgsim.engine.disguise import Disguise
from msgsim.engine.sandbox import Kept, Marks, Sandbox, clock_of, fresh, merged, restored, seed_of
from msgsim.engine.states import remember, remember_named
from msgsim.engine.view import find_message
from msgsim.model import Entry, Json, Message, Unknown, whole
from msgsim.provider import AnySend, Provider
from msgsim.scenarios.library import Choice, files_of, load, offered
from msgsim.scenarios.reserved import Terms
from msgsim.scenarios.scenario import Counts, Scenario, carried
from msgsim.scenarios.yaml import BadFile
from msgsim.seed import Seed, drawn, drawn_key, following
from msgsim.storage.changes import Changes
from msgsim.storage.commits import Commits
from msgsim.storage.database import StoreError
from msgsim.storage.keys import SERVER, SHIFT
from msgsim.storage.sandboxes import SandboxRow
from msgsim.storage.store import Store


class World:
    """Providers, sandboxes and the store, put together."""

    def __init__(self, config: Config, store: Store, providers: Mapping[str, Provider]) -> None:
        """Raises ValueError for settings, BadFile for a scenario that cannot be used."""
        self.config = config
        self.store = store
        self.commits = Commits(store)
        self.providers = providers
        self.terms = {name: terms_of(provider) for name, provider in providers.items()}
        self.sandboxes: dict[str, Sandbox] = {}
        self.numbered: dict[int, Sandbox] = {}
        """The same by their numbers."""
        self.by_credential: dict[tuple[str, str], Sandbox] = {}
        self.chosen: Callable[[], None] = lambda: None
        """Told when a sandbox may have another scenario than before."""
        self.watchers: list[Callable[[int], None]] = []
        """Told the key of every new line of a journal, and the first key of a sandbox that is gone."""
        self.closing = False
        """The server stops; nobody should wait for anything any longer."""
        self.disguise = Disguise(self._key())
        self.texts_kept: set[str] = set()
        """Digests of texts of scenarios that the store has."""
        self.run = Run(dict.fromkeys(store.strays()))
        self._settings: dict[tuple[str, str], dict[str, Json]] = {}
        self._named: dict[Choice, Scenario] = {}
        """Of requests that name a scenario."""
        self._configured = self._checked(config.providers)
        self.commits.followers.append(self._committed)
        rows = store.sandboxes.all()
        self.seed = self._seed(rows)
        for row in rows:
            self._enter(self._restored(row, restored(row, config, self.seed)))
            remember(self, self.sandboxes[row.name])
        if "default" not in self.sandboxes:
            self.open("default", config.seed)
        self.commits.now()

    def _seed(self, rows: Iterable[SandboxRow]) -> int:
        """The server's seed: as the flag says, else the store's own, which is drawn for a new one."""
        known = self.store.records.find(SERVER, "", "seed", "")
        before = next((row.doc.get("seed") for row in rows if row.name == "default"), None)
        found = next((seed for seed in (self.config.seed, known, before) if type(seed) is int), None)
        seed = drawn() if found is None else found
        if seed != known:
            self.store.records.keep(SERVER, "", "seed", "", seed)
        return seed

    def _key(self) -> bytes:
        """What disguised secrets depend on: the store's own, drawn for a new one."""
        known = self.store.records.find(SERVER, "", "disguise", "")
        if not isinstance(known, str):
            known = drawn_key().hex()
            self.store.records.keep(SERVER, "", "disguise", "", known)
        return bytes.fromhex(known)

    def _restored(self, row: SandboxRow, kept: Kept) -> Sandbox:
        """Raises BadFile for the scenario of the default sandbox; another one is without, until its files are back."""
        try:
            return Sandbox(row.name, row.number, kept, load(kept.scenario, self.terms))
        except BadFile as error:
            if row.name == "default":
                raise
            sandbox = Sandbox(row.name, row.number, kept, Scenario((), self.terms))
            sandbox.mistakes = [str(mistake) for mistake in error.mistakes]
            return sandbox

    def _committed(self, changes: Changes, error: StoreError | None) -> None:
        """What was reserved in a transaction that is lost has to be reserved again."""
        if error is not None:
            for sandbox in self.sandboxes.values():
                sandbox.kept.marks = sandbox.marks()

    @property
    def default(self) -> Sandbox:
        return self.sandboxes["default"]

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
        kept = fresh(self.config, own, clock_of(clock or self.config.clock), self._checked(settings or {}))
        kept.seeded = seed is not None
        if self._is_own(name, kept) and (marks := self.store.records.find(SERVER, "", "marks", name)) is not None:
            kept.marks = msgspec.convert(marks, Marks)
        if scenario is not None:
            kept.scenario = scenario
        return self._open(name, kept)

    def _open(self, name: str, kept: Kept) -> Sandbox:
        """An empty sandbox in place of any old one of that name. Raises ValueError and BadFile."""
        sandbox = Sandbox(name, self.store.next_sandbox(), kept, self._compiled(kept.scenario, name))
        if (old := self.sandboxes.get(name)) is not None:
            self.store.drop_sandbox(old.number)
        sandbox.save(self.store)
        self.commits.now()
        if old is not None:
            self._leave(old)
        self._enter(sandbox)
        remember(self, sandbox)
        return sandbox

    def _compiled(self, choice: Choice, name: str) -> Scenario:
        """Rules never change, so sandboxes of one choice share them; a reset keeps the last good ones."""
        for one in (self.sandboxes.get(name), self.sandboxes.get("default")):
            if one is not None and one.kept.scenario == choice:
                return one.scenario
        return load(choice, self.terms)

    def _leave(self, sandbox: Sandbox) -> None:
        """Its rows are swept when there is time. It has to be dropped for good before."""
        del self.numbered[sandbox.number]
        self.run.left[sandbox.number] = Left(sandbox.begun, sandbox.now())
        self._tell(sandbox.base)

    def _enter(self, sandbox: Sandbox) -> None:
        sandbox.resume(self.store)
        self.sandboxes[sandbox.name] = self.numbered[sandbox.number] = sandbox
        self.chosen()
        for name in self.providers:
            self._settings.pop((sandbox.name, name), None)
            for credential in self.providers[name].credentials(sandbox.name).values():
                if sandbox.name != "default":
                    self.by_credential[name, credential] = sandbox

    def close(self, sandbox: Sandbox) -> None:
        self._remember(sandbox)
        self.store.drop_sandbox(sandbox.number)
        self.commits.now()
        self._leave(sandbox)
        del self.sandboxes[sandbox.name]
        self.by_credential = {key: one for key, one in self.by_credential.items() if one is not sandbox}

    def _remember(self, sandbox: Sandbox) -> None:
        """How far the ids have come that follow from its name alone."""
        if self._is_own(sandbox.name, sandbox.kept):
            self.store.records.keep(SERVER, "", "marks", sandbox.name, msgspec.to_builtins(sandbox.marks()))

    def _is_own(self, name: str, kept: Kept) -> bool:
        return not kept.seeded and kept.seed == seed_of(name, self.seed)

    def reset(self, sandbox: Sandbox) -> Sandbox:
        """Empty it: the same seed, settings and scenario, and the clock where it stands.

        Where the seed was given, the same requests then bring the same ids again; else ids go on.
        """
        marks = Marks() if sandbox.kept.seeded else sandbox.marks()
        kept = replace(sandbox.kept, clock=sandbox.clock, counts=Counts({}, {}, {}), marks=marks)
        emptied = self._open(sandbox.name, kept)
        self.control(emptied, {"action": "reset"})
        return emptied

    def sweep(self, most: int = 250) -> bool:
        """Remove some rows of a sandbox that is gone; false when there is none left."""
        for number, left in self.run.left.items():
            if left is not None:
                gone = self.store.messages.newest(number, limit=most)
                self.run.outcomes.update(outcomes(gone, left.begun, left.moment))
            if not self.store.sweep(number, most):
                del self.run.left[number]
            return True
        return False

    def stop(self) -> None:
        """Let everybody go who waits for something to happen."""
        self.closing = True
        for sandbox in self.sandboxes.values():
            self._tell(sandbox.base)

    def save(self) -> None:
        """The last thing before the store is closed: what was reserved and never given is free again."""
        for sandbox in self.sandboxes.values():
            sandbox.kept.marks = sandbox.marks()
            sandbox.save(self.store)

    def _tell(self, key: int) -> None:
        for watch in self.watchers:
            watch(key)

    def given(self, sandbox: Sandbox, provider: str) -> dict[str, Json]:
        """What the settings of the server and of the sandbox say of one provider."""
        return merged({}, self._configured.get(provider, {}), sandbox.kept.settings.get(provider, {}))

    def settings(self, sandbox: Sandbox, provider: Provider) -> dict[str, Json]:
        """Defaults, then the server's settings, then the sandbox's."""
        key = (sandbox.name, provider.name)
        if key not in self._settings:
            self._settings[key] = merged(provider.contract.settings, self.given(sandbox, provider.name))
        return self._settings[key]

    def configure(self, sandbox: Sandbox, settings: dict[str, dict[str, Json]]) -> None:
        """Change a sandbox's settings. Raises ValueError."""
        sandbox.kept.settings |= self._checked(settings)
        for name in settings:
            self._settings.pop((sandbox.name, name), None)
        sandbox.save(self.store)
        remember(self, sandbox, decided=True)
        self.control(sandbox, {"action": "settings", "providers": list(settings)})

    def reseed(self, sandbox: Sandbox, seed: int) -> None:
        """Everything from now on follows from another seed."""
        self._remember(sandbox)
        sandbox.kept.seed, sandbox.kept.seeded = seed, True
        sandbox.seed = Seed(seed)
        sandbox.save(self.store)
        remember(self, sandbox, decided=True)
        self.control(sandbox, {"action": "seed", "seed": seed})

    def _checked(self, settings: dict[str, dict[str, Json]]) -> dict[str, dict[str, Json]]:
        """Raises ValueError."""
        for name, chosen_settings in settings.items():
            if name not in self.providers:
                raise ValueError(f"there is no provider {name!r} (there are {', '.join(self.providers)})")
            contract = self.providers[name].contract
            if chosen_settings and (mistake := contract.wrong_settings(chosen_settings)):
                raise ValueError(f"settings of {name}: {mistake}")
        return {name: whole(one) for name, one in settings.items()}

    def choose(self, sandbox: Sandbox, choice: Choice) -> None:
        """Switch the scenario; everything accepted so far keeps its plan. Raises BadFile."""
        sandbox.scenario = load(choice, self.terms)
        sandbox.read = sandbox.scenario.digests
        sandbox.kept.scenario = choice
        sandbox.counts = sandbox.kept.counts = Counts({}, {}, {sandbox.scenario.key: sandbox.now()})
        sandbox.mistakes = []
        sandbox.save(self.store)
        remember(self, sandbox, decided=True)
        self.control(sandbox, {"action": "scenario", "names": list(sandbox.scenario.names)})
        self.chosen()

    def followed(self) -> set[Path]:
        """The files that the rules of any sandbox, or of a request that named a scenario, come from."""
        choices = {sandbox.kept.scenario for sandbox in self.sandboxes.values()} | set(self._named)
        return {file for choice in choices for file in files_of(choice)}

    def reload(self, digests: Mapping[Path, bytes]) -> bool:
        """Sandboxes whose files hold something else than was read go on with it, or with the last good rules.

        ``digests`` tell what the `followed` files hold now. A mistake is kept in the sandbox and goes into its journal.
        Whether anything was read.
        """
        compiled: dict[Choice, Scenario | BadFile] = {}
        for sandbox in self.sandboxes.values():
            choice = sandbox.kept.scenario
            now = tuple(digests[file] for file in files_of(choice))
            if now == sandbox.read:
                continue
            if choice not in compiled:
                try:
                    compiled[choice] = load(choice, self.terms)
                except BadFile as error:
                    compiled[choice] = error
            sandbox.read = now
            self.reloaded(sandbox, compiled[choice])
        for choice, scenario in list(self._named.items()):
            if tuple(digests[file] for file in files_of(choice)) != scenario.digests:
                del self._named[choice]
        return bool(compiled)

    def reloaded(self, sandbox: Sandbox, new: Scenario | BadFile) -> None:
        if isinstance(new, BadFile):
            sandbox.mistakes = [str(mistake) for mistake in new.mistakes]
            logging.getLogger("msgsim").warning(
                "sandbox %s goes on with the last good scenario:\n%s", sandbox.name, "\n".join(sandbox.mistakes)
            )
        else:
            sandbox.counts = sandbox.kept.counts = carried(sandbox.counts, sandbox.scenario, new)
            sandbox.scenario, sandbox.mistakes, sandbox.read = new, [], new.digests
            sandbox.save(self.store)
            remember(self, sandbox, decided=True)
        details: Json = {"mistakes": sandbox.mistakes} if sandbox.mistakes else {}
        self.control(sandbox, {"action": "reload", "names": list(sandbox.scenario.names), **details})

    def named(self, name: str) -> Scenario:
        """One of the server's own files, or a shipped scenario; never any file that a client names. Raises BadFile."""
        choice = self.offered((name,))
        if choice not in self._named:
            self._named[choice] = load(choice, self.terms)
            remember_named(self, name, self._named[choice])
            self.chosen()
        return self._named[choice]

    def offered(self, names: Sequence[str], texts: Mapping[str, str] | None = None) -> Choice:
        """What a client chooses: of the server's own files, of the shipped ones, of texts it sends. Raises BadFile."""
        sent = texts or {}
        chosen = tuple(name if name in sent else offered(name, self.config.scenario) for name in names)
        return Choice(chosen, tuple(sent.items()))

    def kept(self, sandbox: Sandbox, key: int) -> None:
        """The journal has a new line: the oldest ones go, and whoever watches is told."""
        number = key - sandbox.base
        if number % 1000 == 0 and number > self.config.journal_limit:
            self.store.journal.trim(sandbox.number, number, self.config.journal_limit)
        if self.watchers:
            self._tell(key)

    def owner(self, key: int) -> Sandbox:
        """The sandbox a key belongs to. Raises Unknown when it is gone."""
        sandbox = self.numbered.get(key >> SHIFT)
        if sandbox is None:
            raise Unknown("its sandbox is gone")
        return sandbox

    def find(self, sandbox: Sandbox, id: str) -> Message:
        """Raises Unknown."""
        message = find_message(self.store, sandbox, id)
        if message is None:
            raise Unknown(f"there is no message {id}")
        return message

    def control(self, sandbox: Sandbox, action: dict[str, Json]) -> None:
        """Put a control action into the journal."""
        key = sandbox.base + sandbox.next_entry()
        self.store.journal.add(Entry(key, sandbox.now(), "control", control=action))
        self.kept(sandbox, key)


def terms_of(provider: Provider) -> Terms:
    """Raises BadCatalogue."""
    for voice in provider.voices():
        voice.contract.require(provider.strict)
    return Terms(
        provider.contract,
        endpoints=tuple(dict.fromkeys(endpoint.name for endpoint in provider.endpoints)),
        channels=provider.channels,
        phones=provider.phones,
        sends=frozenset(endpoint.name for endpoint in provider.endpoints if isinstance(endpoint, AnySend)),
        reports=provider.callbacks is not None,
        receives=provider.receive is not None,
        apis={endpoint.name: api.name for api in provider.apis for endpoint in api.endpoints},
    )
