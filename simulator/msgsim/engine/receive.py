"""The story of a request: from bytes to answer, and what it sets in motion. Never awaits."""

from collections.abc import Mapping
from typing import NamedTuple

from msgsim.clock import machine
from msgsim.config import Config
from msgsim.engine.acceptance import Acceptance
from msgsim.engine.body import read_body
from msgsim.engine.decisions import Decisions
from msgsim.engine.exchange import Effects
from msgsim.engine.keeping import Unkeepable, check_credential
from msgsim.engine.recording import exchange_of
from msgsim.engine.routing import Found, Routes, with_single_slashes
from msgsim.engine.sandbox import Sandbox
from msgsim.engine.sandboxes import World
from msgsim.engine.view import RequestView
from msgsim.model import Call, Credential, Entry, Refusal, Refused, Reply, Unknown
from msgsim.provider import Ask, Endpoint, Provider
from msgsim.scenarios.dictated import with_headers
from msgsim.scenarios.scenario import Scenario
from msgsim.scenarios.yaml import BadFile
from msgsim.storage.store import Store


class Unplaced(NamedTuple):
    """A request whose provider or sandbox cannot be told."""

    at: int
    """Of the machine."""
    method: str
    path: str
    reason: str


class Engine(World):
    """The world as it answers requests."""

    def __init__(self, config: Config, store: Store, providers: Mapping[str, Provider]) -> None:
        super().__init__(config, store, providers)
        self.routes = Routes(providers)
        self.unplaced: Unplaced | None = None
        """The last request that led to no sandbox."""

    def receive(self, call: Call) -> Reply:
        """Answer a request in the provider's words and keep what it sets in motion.

        Raises Unknown when not even the provider or the sandbox can be told.
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
        except (Refused, Unkeepable) as error:
            reply = _refuse(error, view, effects)
        return self._keep(found, view, effects, reply)

    def _view(self, call: Call, found: Found, claimed: Credential | None) -> RequestView:
        provider = found.provider
        sandbox = self._sandbox(call, provider, claimed.name if claimed else "")
        settings = self.settings(sandbox, provider)
        strict = self.config.strict
        return RequestView(call, provider, found.voice, sandbox, self.store, settings, found.params, claimed, strict)

    def _sandbox(self, call: Call, provider: Provider, credential: str) -> Sandbox:
        """By the header, by the credentials for the provider, by those for the proxy, else the default one."""
        named = call.headers.get("x-sim-sandbox")
        if named is None and credential:
            sandbox = self.by_credential.get((provider.name, credential))
            if sandbox is not None:
                return sandbox
        named = call.sandbox if named is None else named
        if not named:
            return self.default
        if named not in self.sandboxes:
            raise Unknown(f"there is no sandbox {named!r}")
        return self.sandboxes[named]

    def _authorized(self, found: Found, claimed: Credential | None, view: RequestView) -> Endpoint:
        """The endpoint, for those who may use it. Raises Refused, and Unkeepable."""
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
                return self.named(name)
            except BadFile as error:
                raise Unknown(f"X-Sim-Scenario: {error}") from None
        return view.sandbox.scenario

    def _keep_messages(self, effects: Effects) -> None:
        """First of all that is kept of a request. Raises Unkeepable for what is no JSON, or too deep."""
        if effects.messages:
            try:
                self.store.messages.add(effects.messages)
            except (TypeError, ValueError, OverflowError, RecursionError) as error:
                raise Unkeepable(str(error)) from None

    def _keep(self, found: Found, view: RequestView, effects: Effects, reply: Reply) -> Reply:
        """Exchange and callbacks go into the transaction of the messages."""
        store, name = self.store, found.provider.name
        for inbound in effects.inbound:
            store.inbound.add(inbound)
        if effects.callbacks:
            store.callbacks.add(effects.callbacks)
        key = view.sandbox.base + effects.number
        view.sandbox.asked = (machine(), key)
        exchange = exchange_of(view, effects, found, reply, self.disguise)
        store.journal.add(Entry(key, view.now, "exchange", name, exchange=exchange))
        if effects.refusals:
            self.run.errors.update((name, refusal.key) for refusal in effects.refusals)
        self.kept(view.sandbox, key)
        headers = reply.headers
        if not self.config.pristine:
            headers = (*headers, ("X-Sim-Exchange", str(effects.number)))
            if found.missing:
                headers = (*headers, ("X-Sim-Not-Simulated", found.missing))
        return Reply(reply.status, reply.body, headers, reply.media, effects.fault, effects.early())


def _refuse(error: Refused | Unkeepable, view: RequestView, effects: Effects) -> Reply:
    """The answer to a request that is refused as a whole."""
    refused = error if isinstance(error, Refused) else Refused(Refusal("malformed", reason=str(error)))
    effects.refuse(view.known(refused.refusals))
    reply = refused.reply or view.voice.refuse(refused.refusals, view)
    return with_headers(reply, refused.headers)


def _nowhere(found: Found, call: Call) -> Refused:
    """A wrong method, with those that are right in a header; or a path that the provider does not have."""
    if found.allowed:
        refusal = Refusal("wrong_method", values={"method": call.method})
        return Refused(refusal, headers=(("Allow", ", ".join(found.allowed)),))
    return Refused(Refusal("unknown_path", values={"path": call.path}, reason=found.missing or None))
