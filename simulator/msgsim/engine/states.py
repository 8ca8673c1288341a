"""What decides in a sandbox, from which line of its journal on: kept, so that the journal can be done again.

One state is remembered when a sandbox begins, at each start of the server, and whenever its scenario, its settings or
its seed change. Secrets are disguised; texts of scenarios are kept once each.
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
"""Kinds of records."""
Kind = Literal["begun", "started", "decided"]


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
    kind: Kind = "begun"
    """The sandbox began, the server was started again, or the next line tells that somebody changed it."""


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

    def remember(self, sandbox: Sandbox, kind: Kind) -> None:
        """The present state, behind the newest line of the journal; in vain once the beginning is forgotten."""
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
            seed=sandbox.kept.seed,
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
        """Keep a text unless it is there already; what it is found by."""
        digest = blake2b(text.encode(errors="surrogatepass"), digest_size=16).hexdigest()
        if digest not in self._kept:
            self._records.keep(SERVER, "", "scenario", digest, text)
            self._kept.add(digest)
        return digest

    def remembered(self, sandbox: Sandbox) -> list[State]:
        """The states of a sandbox in order, with the texts themselves.

        Empty where its beginning is forgotten, cannot be read, or was never remembered, by an older version.
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
        """The file of a scenario that requests name, as it was loaded last."""
        document = scenario.documents[0]
        known = {"file": document.file, "text": self._keep_text(document.text)}
        self._records.keep(SERVER, "", "named", name, known)

    def named(self, name: str) -> tuple[str, str] | None:
        """File and text of a scenario that requests named; None where none ever did with success."""
        known = self._records.find(SERVER, "", "named", name)
        return (known["file"], self._text(known["text"])) if isinstance(known, dict) else None


def forget(records: Records, sandbox: int) -> None:
    """The first lines of a sandbox's journal are gone: nothing can be done again."""
    records.drop(sandbox, "", BEGIN, "")
    for key, _ in records.all(sandbox, "", CHANGE):
        records.drop(sandbox, "", CHANGE, key)
