"""What decides in a sandbox, from which line of its journal on: kept, so that the journal can be done again.

One state is remembered when a sandbox begins, at each start of the server, and whenever its scenario, its settings or
its seed change. Secrets are disguised; texts of scenarios are kept once each.
"""

from collections.abc import Mapping
from hashlib import blake2b

import msgspec
from msgspec import Struct, field

from msgsim.config import Config
from msgsim.engine.disguise import Disguise
from msgsim.engine.sandbox import Marks, Sandbox
from msgsim.engine.secret_settings import disguised
from msgsim.engine.settings import Settings
from msgsim.model import Json
from msgsim.provider import Provider
from msgsim.scenarios.scenario import Scenario
from msgsim.storage.keys import SERVER
from msgsim.storage.store import Store

SPARE = 1000
"""Lines that a journal may be longer than its limit, before the oldest go: its first line is there until then."""


class State(Struct, frozen=True, omit_defaults=True):
    """From behind a line of the journal on."""

    after: int
    """Number of the line; 0: from the beginning."""
    at: int
    seed: int
    scenario: tuple[str, ...] = ()
    """Names of files, in order."""
    texts: dict[str, str] = {}
    """Their YAML by name; in the store, what tells one text from another."""
    settings: dict[str, dict[str, Json]] = {}
    """Per provider: the server's and the sandbox's own."""
    marks: Marks = field(default_factory=Marks)
    strict: bool = False
    pristine: bool = False
    decided: bool = False
    """The next line of the journal tells that somebody changed it; else the server has begun anew."""


class States:
    """Those of all sandboxes, in the store."""

    def __init__(
        self, config: Config, store: Store, providers: Mapping[str, Provider], settings: Settings, disguise: Disguise
    ) -> None:
        self._config = config
        self._records = store.records
        self._providers = providers
        self._settings = settings
        self._disguise = disguise
        self._kept: set[str] = set()
        """Digests of texts of scenarios that the store has."""

    def remember(self, sandbox: Sandbox, decided: bool = False) -> None:
        """The present state, behind the newest line of the journal.

        ``decided``: the next line tells that somebody changed it; else the sandbox or the server has just begun.
        """
        if sandbox.journal > self._config.journal_limit + SPARE:
            return  # Its first lines are gone: it cannot be done again anyway.
        state = self._state(sandbox, decided)
        key = f"{state.after:012d}{'+' if decided else ''}"
        self._records.keep(sandbox.number, "", "state", key, msgspec.to_builtins(state))

    def _state(self, sandbox: Sandbox, decided: bool) -> State:
        scenario = sandbox.scenario
        return State(
            after=sandbox.journal,
            at=sandbox.counts.chosen.get(scenario.key, sandbox.now()),
            seed=sandbox.kept.seed,
            scenario=tuple(document.file for document in scenario.documents),
            texts={document.file: self._keep_text(document.text) for document in scenario.documents},
            settings={name: given for name in self._providers if (given := self._disguised(sandbox, name))},
            marks=sandbox.marks(),
            strict=self._config.strict,
            pristine=self._config.pristine,
            decided=decided,
        )

    def _disguised(self, sandbox: Sandbox, name: str) -> dict[str, Json]:
        return disguised(self._settings.given(sandbox, name), self._providers[name], self._disguise)

    def _keep_text(self, text: str) -> str:
        """Keep a text unless it is there already; what it is found by."""
        digest = blake2b(text.encode(errors="surrogatepass"), digest_size=16).hexdigest()
        if digest not in self._kept:
            self._records.keep(SERVER, "", "scenario", digest, text)
            self._kept.add(digest)
        return digest

    def remembered(self, sandbox: Sandbox) -> list[State]:
        """The states of a sandbox in order, with the texts themselves. Empty where it was made by an older version."""
        found = []
        for _, doc in self._records.all(sandbox.number, "", "state"):
            state = msgspec.convert(doc, State)
            texts = {name: self._text(digest) for name, digest in state.texts.items()}
            found.append(msgspec.structs.replace(state, texts=texts))
        return found if found and found[0].after == 0 else []

    def _text(self, digest: str) -> str:
        text: str = self._records.find(SERVER, "", "scenario", digest) or ""
        return text

    def remember_named(self, name: str, scenario: Scenario) -> None:
        """The file of a scenario that requests name, as it was loaded last."""
        document = scenario.documents[0]
        known = {"file": document.file, "text": self._keep_text(document.text)}
        self._records.keep(SERVER, "", "named", name, known)

    def named(self, name: str) -> tuple[str, str] | None:
        """File and text of a scenario that requests named; None where none ever did with success."""
        known = self._records.find(SERVER, "", "named", name)
        return None if known is None else (known["file"], self._text(known["text"]))
