"""How a request to a provider is answered, from top to bottom. Never awaits."""

from collections.abc import Mapping
from typing import NamedTuple

from msgsim.clock import machine
from msgsim.config import Config
from msgsim.engine.acceptance import Acceptance
from msgsim.engine.active_scenarios import Scenarios
from msgsim.engine.body import read_body
from msgsim.engine.decisions import Decisions
from msgsim.engine.disguise import Disguise
from msgsim.engine.exchange import Effects
from msgsim.engine.recorder import Recorder
from msgsim.engine.recording import exchange_of
from msgsim.engine.routing import Found, Routes, with_single_slashes
from msgsim.engine.sandbox import Sandbox
from msgsim.engine.sandboxes import Sandboxes
from msgsim.engine.settings import Settings
from msgsim.engine.signals import Signals
from msgsim.engine.states import States
from msgsim.engine.storable import Unstorable, check_credential
from msgsim.engine.view import RequestView, find_message
from msgsim.model import Call, Credential, Entry, Message, Refusal, Refused, Reply, Unknown
from msgsim.provider import Ask, Endpoint, Provider
from msgsim.scenarios.dictated import with_headers
from msgsim.scenarios.reserved import terms_of
from msgsim.scenarios.scenario import Scenario
from msgsim.scenarios.yaml import BadFile
from msgsim.seed import drawn_key
from msgsim.storage.commits import Commits
from msgsim.storage.keys import SERVER
from msgsim.storage.store import Store


class Unplaced(NamedTuple):
    """A request that belongs to no provider or no sandbox."""

    at: int
    """Time of the machine in milliseconds: without a sandbox there is no other clock."""
    method: str
    path: str
    reason: str


class Engine:
    """Answers requests to the providers, and holds the parts that this takes."""

    def __init__(self, config: Config, store: Store, providers: Mapping[str, Provider]) -> None:
        """Raises ValueError for invalid settings, BadFile for a scenario that cannot be used."""
        self.config = config
        self.store = store
        self.providers = providers
        self.routes = Routes(providers)
        self.signals = signals = Signals()
        self.commits = Commits(store, signals.committed)
        self.terms = terms = {name: terms_of(provider) for name, provider in providers.items()}
        self.settings = settings = Settings(config.providers, providers)
        with store.replicas.starting():
            self.key = _key(store)
            """A secret of the store: replicas that share the store prove themselves to each other with it."""
            self.disguise = Disguise(self.key)
            self.states = states = States(config, store, providers, settings, self.disguise)
            self.recorder = recorder = Recorder(store, config.journal_limit, signals.recorded)
            self.sandboxes = Sandboxes(
                config, store, self.commits, providers, terms, settings, states, recorder, signals
            )
            self.commits.now()
        self.scenarios = Scenarios(config, store, self.sandboxes, terms, states, recorder, signals)
        self.unplaced: Unplaced | None = None
        """The last request that belonged to no provider or sandbox; None: there was none."""

    def find(self, sandbox: Sandbox, id: str) -> Message:
        """The message with this id, of any provider. Raises Unknown."""
        message = find_message(self.store, sandbox, id)
        if message is None:
            raise Unknown(f"there is no message {id}")
        return message

    def stop(self) -> None:
        """Wake every long poll and stream, so that the server can stop."""
        self.signals.closing = True
        for sandbox in self.sandboxes.values():
            self.signals.recorded(sandbox.base)

    def receive(self, call: Call) -> Reply:
        """Answer a request in the provider's words, and store its messages, callbacks and journal entry.

        Raises Unknown when the request belongs to no provider or no sandbox.
        """
        try:
            return self._receive(call)
        except Unknown as error:
            self.unplaced = Unplaced(machine(), call.method, call.path, str(error))
            raise

    def _receive(self, call: Call) -> Reply:
        written = call.path
        if "//" in written:
            call = with_single_slashes(call)
        found = self.routes.find(call)
        if found is None:
            raise Unknown(f"no provider knows the path {call.path}")
        claimed = found.voice.identify(call)
        view = self._view(call, found, claimed)
        effects = Effects(view.sandbox.next_entry(), view.sandbox.next_request())
        try:
            if call.path != written:
                view.written = written
                view.note(f"the path is written {written}, and taken as {call.path}")
            endpoint = self._authorized(found, claimed, view)
            reply = self._answer(endpoint, view, effects)
            self._keep_messages(effects)
        except (Refused, Unstorable) as error:
            reply = _refuse(error, view, effects)
        return self._keep(found, view, effects, reply)

    def _view(self, call: Call, found: Found, claimed: Credential | None) -> RequestView:
        provider = found.provider
        sandbox = self.sandboxes.of(call, provider, claimed.name if claimed else "")
        settings = self.settings.of(sandbox, provider.name)
        strict = self.config.strict
        return RequestView(call, provider, found.voice, sandbox, self.store, settings, found.params, claimed, strict)

    def _authorized(self, found: Found, claimed: Credential | None, view: RequestView) -> Endpoint:
        """The endpoint, once the credentials are accepted (open endpoints need none). Raises Refused and Unstorable."""
        provider, endpoint = found.provider, found.endpoint
        if endpoint is None and not provider.authorize_first:
            raise _nowhere(found, view.call)
        if not (isinstance(endpoint, Ask) and endpoint.open):
            view.credential = found.voice.authorize(endpoint, claimed, view)
            check_credential(view.credential)
        if endpoint is None:
            raise _nowhere(found, view.call)
        return endpoint

    def _answer(self, endpoint: Endpoint, view: RequestView, effects: Effects) -> Reply:
        decisions = Decisions(self._scenario(view), endpoint, view, effects)
        decisions.before_body()
        body = read_body(endpoint, view)
        decisions.after_body(body)
        if isinstance(endpoint, Ask):
            return endpoint.answer(body, view)
        return Acceptance(endpoint, decisions, view, effects).answer(body)

    def _scenario(self, view: RequestView) -> Scenario:
        if (name := view.call.headers.get("x-sim-scenario")) is not None:
            try:
                return self.scenarios.named(name)
            except BadFile as error:
                raise Unknown(f"X-Sim-Scenario: {error}") from None
        return view.sandbox.scenario

    def _keep_messages(self, effects: Effects) -> None:
        """Store the messages, before anything else of the request, so that a failure still leads to a plain refusal.

        Raises Unstorable for content that is not JSON or is nested too deeply.
        """
        if effects.messages:
            try:
                self.store.messages.add(effects.messages)
            except (TypeError, ValueError, OverflowError, RecursionError) as error:
                raise Unstorable(str(error)) from None

    def _keep(self, found: Found, view: RequestView, effects: Effects, reply: Reply) -> Reply:
        """Store callbacks, replies and the journal entry in the transaction of the messages; complete the answer."""
        store, name = self.store, found.provider.name
        for inbound in effects.inbound:
            store.inbound.add(inbound)
        if effects.callbacks:
            store.callbacks.add(effects.callbacks)
        key = view.sandbox.base + effects.number
        view.sandbox.asked = (machine(), key)
        exchange = exchange_of(view, effects, found, reply, self.disguise)
        self.recorder.add(view.sandbox, Entry(key, view.now, "exchange", name, exchange=exchange))
        self.sandboxes.run.requests[name, reply.status] += 1
        if effects.refusals:
            keys = [(name, refusal.key) for refusal in effects.refusals]
            view.sandbox.refused.update(keys)
            self.sandboxes.run.errors.update(keys)
        headers = reply.headers
        if not self.config.pristine:
            headers = (*headers, ("X-Sim-Exchange", str(effects.number)))
            if found.missing:
                headers = (*headers, ("X-Sim-Not-Simulated", found.missing))
        return Reply(reply.status, reply.body, headers, reply.media, effects.fault, effects.early())


def _key(store: Store) -> bytes:
    """The store's secret key; drawn at random for a new store."""
    known = store.records.find(SERVER, "", "disguise", "")
    if not isinstance(known, str):
        known = drawn_key().hex()
        store.records.keep(SERVER, "", "disguise", "", known)
    return bytes.fromhex(known)


def _refuse(error: Refused | Unstorable, view: RequestView, effects: Effects) -> Reply:
    """The answer to a request that is refused as a whole."""
    refused = error if isinstance(error, Refused) else Refused(Refusal("malformed", reason=str(error)))
    effects.refuse(view.known(refused.refusals))
    reply = refused.reply or view.voice.refuse(refused.refusals, view)
    return with_headers(reply, refused.headers)


def _nowhere(found: Found, call: Call) -> Refused:
    """The refusal of an unknown path, or of a wrong method with the right ones in ``Allow`` (RFC 9110)."""
    if found.allowed:
        refusal = Refusal("wrong_method", values={"method": call.method})
        return Refused(refusal, headers=(("Allow", ", ".join(found.allowed)),))
    return Refused(Refusal("unknown_path", values={"path": call.path}, reason=found.missing or None))
