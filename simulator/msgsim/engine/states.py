"""What decides in a sandbox, from which line of its journal on: kept, so that the journal can be done again.

One state is remembered when a sandbox begins, at each start of the server, and whenever its scenario, its settings or
its seed change. Secrets are disguised; texts of scenarios are kept once each.
"""

from hashlib import blake2b
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct, field

from msgsim.engine.sandbox import Marks, Sandbox
from msgsim.engine.secret_settings import disguised
from msgsim.model import Json
from msgsim.scenarios.scenario import Scenario
from msgsim.storage.keys import SERVER

if TYPE_CHECKING:
    from msgsim.engine.sandboxes import World

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


def remember(world: "World", sandbox: Sandbox, decided: bool = False) -> None:
    """The present state, behind the newest line of the journal.

    ``decided``: the next line tells that somebody changed it; else the sandbox or the server has just begun.
    """
    if sandbox.journal > world.config.journal_limit + SPARE:
        return  # Its first lines are gone: it cannot be done again anyway.
    state = _state(world, sandbox, decided)
    key = f"{state.after:012d}{'+' if decided else ''}"
    world.store.records.keep(sandbox.number, "", "state", key, msgspec.to_builtins(state))


def _state(world: "World", sandbox: Sandbox, decided: bool) -> State:
    scenario = sandbox.scenario
    return State(
        after=sandbox.journal,
        at=sandbox.counts.chosen.get(scenario.key, sandbox.now()),
        seed=sandbox.kept.seed,
        scenario=tuple(document.file for document in scenario.documents),
        texts={document.file: _keep_text(world, document.text) for document in scenario.documents},
        settings={name: given for name in world.providers if (given := _settings(world, sandbox, name))},
        marks=sandbox.marks(),
        strict=world.config.strict,
        pristine=world.config.pristine,
        decided=decided,
    )


def _settings(world: "World", sandbox: Sandbox, name: str) -> dict[str, Json]:
    return disguised(world.given(sandbox, name), world.providers[name], world.disguise)


def _keep_text(world: "World", text: str) -> str:
    """Keep a text unless it is there already; what it is found by."""
    digest = blake2b(text.encode(errors="surrogatepass"), digest_size=16).hexdigest()
    if digest not in world.texts_kept:
        world.store.records.keep(SERVER, "", "scenario", digest, text)
        world.texts_kept.add(digest)
    return digest


def remembered(world: "World", sandbox: Sandbox) -> list[State]:
    """The states of a sandbox in order, with the texts themselves. Empty where it was made by an older version."""
    found = []
    for _, doc in world.store.records.all(sandbox.number, "", "state"):
        state = msgspec.convert(doc, State)
        texts = {name: _text(world, digest) for name, digest in state.texts.items()}
        found.append(msgspec.structs.replace(state, texts=texts))
    return found if found and found[0].after == 0 else []


def _text(world: "World", digest: str) -> str:
    text: str = world.store.records.find(SERVER, "", "scenario", digest) or ""
    return text


def remember_named(world: "World", name: str, scenario: Scenario) -> None:
    """The file of a scenario that requests name, as it was loaded last."""
    document = scenario.documents[0]
    known = {"file": document.file, "text": _keep_text(world, document.text)}
    world.store.records.keep(SERVER, "", "named", name, known)


def named(world: "World", name: str) -> tuple[str, str] | None:
    """File and text of a scenario that requests named; None where none ever did with success."""
    known = world.store.records.find(SERVER, "", "named", name)
    return None if known is None else (known["file"], _text(world, known["text"]))
