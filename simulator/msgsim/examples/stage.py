"""Replays the entries of a journal one by one, and compares what comes of each with what was recorded."""

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from msgsim.callbacks import http
from msgsim.callbacks.address import Forbidden, address
from msgsim.clock import Clock, instant, iso, machine
from msgsim.config import Config
from msgsim.engine import actions
from msgsim.engine.disguise import with_password
from msgsim.engine.receive import Engine
from msgsim.engine.recording import line_of
from msgsim.engine.routing import root_url
from msgsim.engine.sandbox import Sandbox
from msgsim.engine.states import State
from msgsim.examples import bundle
from msgsim.examples.bundle import AttemptLine, BadBundle, ControlLine, ExchangeLine, Header
from msgsim.model import Call, Json, Unknown
from msgsim.provider import discover
from msgsim.scenarios import yaml
from msgsim.scenarios.library import Choice, load
from msgsim.scenarios.scenario import Scenario
from msgsim.seed import Seed
from msgsim.storage.keys import FROM_PHONES
from msgsim.storage.store import store_in

NOT_COMPARED = frozenset({"headers", "body", "query", "path", "method", "way", "number", "at", "kind"})
"""Members of an exchange that belong to the request, which is replayed, and not to what came of it."""
TOGETHER = 200
"""Entries of the journal that are replayed in one transaction."""
_WORD = re.compile(r"""[^\s"'&=<>,;{}\[\]]+""")
"""A word of an answer, which may be a token."""


class Difference(Struct, frozen=True):
    """The first difference between a bundle and its replay."""

    what: str
    """``request 5, POST /v1/omnimessage at 2026-01-01T00:00:01.000Z``"""
    part: str
    """``answer``, ``body``, ``status``, ..."""
    expected: Json
    """The value in the bundle; None: there is none."""
    got: Json


class Stage:
    """A fresh simulator on which the entries of a journal are done again, in their order."""

    def __init__(self, header: Header, states: list[State]) -> None:
        """``states``: of the sandbox, in order; the first is its beginning. Raises BadFile and BadBundle."""
        begin, self._states = states[0], states[1:]
        config = Config(store="memory", clock="frozen", seed=0, strict=begin.strict, pristine=begin.pristine)
        self._engine = Engine(config, store_in(None), discover())
        for name, text in header.named.items():
            self._engine.scenarios.provide(name, Scenario([yaml.parse(text.text, text.file)], self._engine.terms))
        try:
            self._sandbox = self._engine.sandboxes.open(
                header.sandbox, begin.seed, f"frozen@{iso(begin.at)}", begin.settings, _choice(begin)
            )
        except ValueError as error:
            raise BadBundle(f"line 2: {error}") from None
        _count_from(self._sandbox, begin)
        self._secrets = dict(header.credentials)
        """Placeholder of a secret in the bundle → the secret of this simulator."""
        self._alike: dict[tuple[str, Json], Json] = {}
        """(part, value in the bundle) → value here, for values derived from secrets."""

    def close(self) -> None:
        self._engine.store.close()

    def _restart(self, state: State) -> None:
        """Continue with a state as after a restart, perhaps with other settings. Raises BadFile and ValueError."""
        engine, sandbox = self._engine, self._sandbox
        engine.config = replace(engine.config, strict=state.strict, pristine=state.pristine)
        sandbox.saved.settings, sandbox.saved.seed = engine.settings.checked(state.settings), state.seed
        engine.settings.compile(sandbox)
        sandbox.seed = Seed(state.seed)
        sandbox.scenario = load(_choice(state), engine.terms)
        sandbox.counts.chosen.setdefault(sandbox.scenario.key, state.at)
        _count_from(sandbox, state)

    def do(self, line: bundle.EntryLine) -> Difference | None:
        """Replay an entry of the journal and return its first difference; None: there is none. Raises BadBundle."""
        self._go_on(line)
        match line:
            case ExchangeLine():
                return self._exchange(line)
            case AttemptLine():
                return self._attempt(line)
            case ControlLine():
                return self._control(line)
        return None

    def _go_on(self, line: bundle.EntryLine) -> None:
        """Set the clock and the state to those of an entry. Raises BadBundle if it is out of order."""
        sandbox, now = self._sandbox, _moment(line.at)
        if not sandbox.journal < line.number < FROM_PHONES:
            raise BadBundle(f"entry {line.number} does not follow entry {sandbox.journal}")
        decides = isinstance(line, ControlLine) and line.action in _DECIDING
        while self._states and self._states[0].after < line.number - (decides and self._states[0].kind == "decided"):
            self._restart(self._states.pop(0))
        sandbox.clock = Clock(now, machine(), 0)
        sandbox.journal = line.number - 1
        if line.number % TOGETHER == 0:
            self._engine.commits.now()

    # Requests

    def _exchange(self, line: ExchangeLine) -> Difference | None:
        what = f"request {line.number}, {line.method} {line.path} at {line.at}"
        try:
            reply = self._engine.receive(self._call(line))
        except Exception as error:  # Any exception counts as a difference.
            return Difference(what, "answer", line.line.get("answer", ""), f"none: {error}")
        self._learn(line.original.answer, reply.body.decode(errors="replace"))
        return self._compared(what, line, NOT_COMPARED, {"credential"} if line.original.headers else frozenset())

    def _call(self, line: ExchangeLine) -> Call:
        """The recorded request, with the secrets of this simulator in place of placeholders."""
        original = line.original
        headers = {name: self._header(value) for name, value in {**line.headers, **original.headers}.items()}
        get, scheme = headers.get, "https" if line.way in ("https", "connect") else "http"
        return Call(
            line.method,
            self._text(original.path or line.path),
            self._text(original.query or line.query),
            headers,
            self._text(original.body or line.body).encode(original.encoding or "utf-8", "surrogatepass"),
            root_url(get("x-forwarded-proto"), get("x-forwarded-host"), get("host"), scheme),
            original.client or "127.0.0.1",
            line.way,
            self._sandbox.name,
        )

    def _header(self, value: str) -> str:
        scheme, space, secret = value.rpartition(" ")
        if scheme.lower() == "basic":
            return f"{scheme}{space}{with_password(secret, self._secret)}"
        return self._text(value)

    def _secret(self, other: str) -> str:
        return self._secrets.get(other, other)

    def _text(self, text: str) -> str:
        for other, secret in self._secrets.items():
            if other in text:
                text = text.replace(other, secret)
        return text

    def _learn(self, disguised: str, answer: str) -> None:
        """Note secrets in an answer of this simulator, at the places where the recorded answer has placeholders."""
        before, now = _WORD.findall(disguised), _WORD.findall(answer)
        if len(before) == len(now):
            self._secrets |= {other: secret for other, secret in zip(before, now, strict=True) if other != secret}

    # Callbacks

    def _attempt(self, line: AttemptLine) -> Difference | None:
        engine, sandbox = self._engine, self._sandbox
        what = f"callback {line.callback}, attempt {line.line.get('attempt')} at {line.at}"
        callback = engine.store.callbacks.by_key(sandbox.base + line.callback)
        if callback is None:
            return Difference(what, "callback", "owed", None)
        if callback.state != "pending":
            return Difference(what, "state", "pending", callback.state)
        if callback.due > sandbox.now():
            return Difference(what, "due", f"by {line.at}", iso(callback.due))
        try:
            post = actions.post(engine, callback)
        except Exception as error:  # Any exception of a provider counts as a difference.
            return Difference(what, "body", line.line.get("body", ""), f"none: {error}")
        headers: tuple[tuple[str, str], ...] = ()
        if not line.refused:
            try:
                headers = (*address(callback.url, (urlsplit(callback.url).hostname or "",)).headers, *post.headers)
            except (Forbidden, ValueError) as error:
                return Difference(what, "url", line.line.get("url", ""), str(error))
        answer = http.ReceiverAnswer(line.status, line.answer, line.error, line.refused)
        actions.settle(engine, callback, http.attempt_of(callback, post, headers, answer, line.took), line.refused)
        return self._compared(what, line, frozenset({"headers"})) or self._headers(what, line)

    def _headers(self, what: str, line: AttemptLine) -> Difference | None:
        """Compare headers. Signatures depend on secrets: equal ones must be equal again, but may have other values."""
        before, now = line.line.get("headers", {}), self._recorded(line).get("headers", {})
        for name in {**before, **now}:
            may_differ = "signature" in name.lower()
            if not self._same(f"header {name}", before.get(name), now.get(name), may_differ):
                return Difference(what, f"header {name}", before.get(name), now.get(name))
        return None

    # Control actions

    def _control(self, line: ControlLine) -> Difference | None:
        what = f"{line.action or 'control action'} {line.number} at {line.at}"
        try:
            self._act(line)
        except (Unknown, ValueError) as error:
            return Difference(what, "action", "done", f"not possible: {error}")
        return self._compared(what, line)

    def _act(self, line: ControlLine) -> None:
        """Raises Unknown, ValueError and BadFile."""
        engine, sandbox = self._engine, self._sandbox
        match line.action:
            case "force":
                actions.force(engine, sandbox, engine.find(sandbox, line.message), line.status, line.err)
            case "cancel":
                actions.cancel(engine, sandbox, engine.find(sandbox, line.message))
            case "inbound":
                provider = engine.providers.get(line.provider)
                if provider is None:
                    raise Unknown(f"there is no provider {line.provider!r}")
                actions.inbound(engine, sandbox, provider, line.sender, line.to, line.text)
            case "replay":
                callback = engine.store.callbacks.by_key(sandbox.base + line.callback)
                if callback is None:
                    raise Unknown(f"there is no callback {line.callback}")
                actions.replay(engine, callback)
            case action if action in _DECIDING and not line.mistakes:
                self._decide(line)
            case _:  # A move of the clock, or mistakes in a scenario: the entry is recorded, and nothing else is done.
                members = {name: value for name, value in line.line.items() if name not in ("number", "at", "kind")}
                engine.recorder.control(sandbox, members)

    def _decide(self, line: ControlLine) -> None:
        """Apply a change of scenario, settings or seed, from the state that the bundle has for it. Raises BadBundle."""
        if not self._states or self._states[0].after != line.number - 1:
            raise BadBundle(f"entry {line.number}: its state is missing")
        engine, sandbox, state = self._engine, self._sandbox, self._states.pop(0)
        if line.action == "scenario":
            engine.scenarios.choose(sandbox, _choice(state))
        elif line.action == "reload":
            engine.scenarios.reloaded(sandbox, load(_choice(state), engine.terms))
        elif line.action == "settings":
            engine.sandboxes.configure(sandbox, {name: state.settings.get(name, {}) for name in line.providers})
        else:
            engine.sandboxes.reseed(sandbox, state.seed)

    # What is the same

    def _recorded(self, line: bundle.EntryLine) -> dict[str, Json]:
        """The journal's entry of a replayed entry, as it would be exported; empty: there is none."""
        entry = self._engine.store.journal.by_key(self._sandbox.base + line.number)
        members: dict[str, Json] = {} if entry is None else msgspec.json.decode(msgspec.json.encode(line_of(entry)))
        return members

    def _compared(
        self, what: str, line: bundle.EntryLine, left_out: frozenset[str] = frozenset(), free: Iterable[str] = ()
    ) -> Difference | None:
        """The first member that differs; ``left_out`` are not compared, ``free`` are derived from secrets."""
        now = self._recorded(line)
        for part in {**line.line, **now}:
            if part in left_out:
                continue
            if not self._same(part, line.line.get(part), now.get(part), part in free):
                return Difference(what, part, line.line.get(part), now.get(part))
        return None

    def _same(self, part: str, before: Json, now: Json, free: bool) -> bool:
        if before == now:
            return True
        if not free or before is None or now is None:
            return False
        return bool(self._alike.setdefault((part, before), now) == now)

    def holds(self, line: bundle.MessageLine | bundle.CallbackLine) -> Difference | None:
        """The first difference of a message or callback at the end of the replay; None: there is none."""
        found = self._held(line)
        if found is None:
            return Difference(f"{line.name} in the end", "itself", "there", None)
        if isinstance(line, bundle.CallbackLine) and line.state == "failed" and line.tries == found["tries"]:
            return None  # It could not be posted at all, which is no entry of the journal.
        before = msgspec.to_builtins(line)
        for part in before:
            if before[part] != found[part]:
                return Difference(f"{line.name} in the end", part, before[part], found[part])
        return None

    def _held(self, line: bundle.MessageLine | bundle.CallbackLine) -> dict[str, Json] | None:
        key, store = self._sandbox.base + line.number, self._engine.store
        if isinstance(line, bundle.MessageLine):
            message = store.messages.by_key(key)
            return None if message is None else msgspec.to_builtins(bundle.message_line(message))
        callback = store.callbacks.by_key(key)
        return None if callback is None else msgspec.to_builtins(bundle.callback_line(callback))


_DECIDING = frozenset({"scenario", "reload", "settings", "seed"})
"""Control actions that change the scenario, the settings or the seed."""


def _moment(text: str) -> int:
    """Milliseconds since 1970. Raises BadBundle."""
    try:
        return instant(text)
    except ValueError as error:
        raise BadBundle(f"{text!r} is no time: {error}") from None


def _choice(state: State) -> Choice:
    return Choice(state.scenario, tuple(state.texts.items()))


def _count_from(sandbox: Sandbox, state: State) -> None:
    """Continue the sandbox's counters from those of a state."""
    marks = state.marks
    sandbox.messages, sandbox.callbacks, sandbox.inbound = marks.messages, marks.callbacks, marks.inbound & ~FROM_PHONES
    sandbox.journal, sandbox.ticks, sandbox.requests = marks.journal, marks.ticks, marks.requests
