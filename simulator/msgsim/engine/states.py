"""Records everything that decides answers in a sandbox (seed, scenario, settings), so that a journal can be replayed.

A state is recorded when a sandbox begins, at each start of the server, and whenever its scenario, settings or seed
change. Secrets are replaced by substitutes; each scenario's text is stored once.
"""

from collections.abc import Mapping
from hashlib import blake2b
from typing import Literal

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
from msgsim.storage.records import Records
from msgsim.storage.store import Store

BEGIN, CHANGE = "begin", "change"
"""Kinds of records in `msgsim.storage.records`."""
Kind = Literal["begun", "started", "decided"]


class State(Struct, frozen=True, omit_defaults=True):
    """What decides answers in a sandbox after a journal entry."""

    after: int
    """Number of the journal entry; 0: from the beginning."""
    at: int
    seed: int
    scenario: tuple[str, ...] = ()
    """Names of files, in order."""
    texts: dict[str, str] = {}
    """Name of a file → its YAML; in the store, the digest of its YAML instead."""
    settings: dict[str, dict[str, Json]] = {}
    """Provider → settings without defaults, with substitutes for secrets."""
    marks: Marks = field(default_factory=Marks)
    strict: bool = False
    pristine: bool = False
    kind: Kind = "begun"
    """The sandbox began, the server was started, or the next journal entry (``decided``) has changed something."""


class States:
    """The states of all sandboxes, in the store."""

    def __init__(
        self, config: Config, store: Store, providers: Mapping[str, Provider], settings: Settings, disguise: Disguise
    ) -> None:
        self._config = config
        self._records = store.records
        self._providers = providers
        self._settings = settings
        self._disguise = disguise
        self._stored: set[str] = set()
        """Digests of the scenario texts that are known to be in the store."""

    def remember(self, sandbox: Sandbox, kind: Kind) -> None:
        """Record the present state after the newest journal entry; nothing once the first state is forgotten."""
        if kind == "begun":
            self._keep(sandbox, BEGIN, "", kind)
        elif self._records.find(sandbox.number, "", BEGIN, "") is not None:
            self._keep(sandbox, CHANGE, f"{sandbox.journal:012d} {kind == 'decided':d}", kind)

    def _keep(self, sandbox: Sandbox, record: str, key: str, kind: Kind) -> None:
        self._records.keep(sandbox.number, "", record, key, msgspec.to_builtins(self._state(sandbox, kind)))

    def _state(self, sandbox: Sandbox, kind: Kind) -> State:
        scenario = sandbox.scenario
        return State(
            after=sandbox.journal,
            at=sandbox.counts.chosen.get(scenario.key, sandbox.now()),
            seed=sandbox.saved.seed,
            scenario=tuple(document.file for document in scenario.documents),
            texts={document.file: self._keep_text(document.text) for document in scenario.documents},
            settings={name: given for name in self._providers if (given := self._disguised(sandbox, name))},
            marks=sandbox.marks(),
            strict=self._config.strict,
            pristine=self._config.pristine,
            kind=kind,
        )

    def _disguised(self, sandbox: Sandbox, name: str) -> dict[str, Json]:
        return disguised(self._settings.given(sandbox, name), self._providers[name], self._disguise)

    def _keep_text(self, text: str) -> str:
        """Store a text unless it is there already; return its digest."""
        digest = blake2b(text.encode(errors="surrogatepass"), digest_size=16).hexdigest()
        if digest not in self._stored:
            self._records.keep(SERVER, "", "scenario", digest, text)
            self._stored.add(digest)
        return digest

    def remembered(self, sandbox: Sandbox) -> list[State]:
        """The states of a sandbox in order, with the texts of scenarios.

        Empty where the first state is forgotten or unreadable, or the sandbox was begun by a version without states.
        """
        begin = self._records.find(sandbox.number, "", BEGIN, "")
        docs = [begin, *(doc for _, doc in self._records.all(sandbox.number, "", CHANGE))]
        try:
            found = [msgspec.convert(doc, State) for doc in docs]
        except msgspec.ValidationError:
            return []
        return [
            msgspec.structs.replace(state, texts={name: self._text(digest) for name, digest in state.texts.items()})
            for state in found
        ]

    def _text(self, digest: str) -> str:
        text: str = self._records.find(SERVER, "", "scenario", digest) or ""
        return text

    def remember_named(self, name: str, scenario: Scenario) -> None:
        """Record the text of a scenario that a request has named."""
        document = scenario.documents[0]
        known = {"file": document.file, "text": self._keep_text(document.text)}
        self._records.keep(SERVER, "", "named", name, known)

    def named(self, name: str) -> tuple[str, str] | None:
        """File and text of a scenario that requests have named; None: no request has named it."""
        known = self._records.find(SERVER, "", "named", name)
        return (known["file"], self._text(known["text"])) if isinstance(known, dict) else None


def forget(records: Records, sandbox: int) -> None:
    """Forget the states of a sandbox: the beginning of its journal was trimmed, so that a replay is impossible."""
    records.drop(sandbox, "", BEGIN, "")
    for key, _ in records.all(sandbox, "", CHANGE):
        records.drop(sandbox, "", CHANGE, key)
