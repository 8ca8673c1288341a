"""The story of a request: from bytes to answer, and what it sets in motion. Never awaits."""

from collections.abc import Mapping

from msgsim.clock import LATEST
from msgsim.config import Config
from msgsim.contract import Contract
from msgsim.contract.schema import Schema
from msgsim.engine.exchange import Desk, owed
from msgsim.engine.keeping import Unkeepable, check, check_credential
from msgsim.engine.redaction import exchange_of
from msgsim.engine.routing import Found, Routes, with_single_slashes
from msgsim.engine.sandbox import Sandbox
from msgsim.engine.sandboxes import World
from msgsim.model import (
    Beat,
    Call,
    Credential,
    Draft,
    Entry,
    Json,
    Message,
    Refusal,
    Refused,
    Reply,
    Unknown,
)
from msgsim.plan import begins, unfold
from msgsim.provider import AnySend, Ask, Endpoint, Provider, SendMany, body_of
from msgsim.scenarios.dictated import reply_of, with_headers
from msgsim.scenarios.reserved import life
from msgsim.scenarios.rule import Respond, Rule, Subject
from msgsim.scenarios.scenario import Match, Scenario
from msgsim.scenarios.yaml import BadFile, suggestion
from msgsim.storage.store import Store

SILENT = frozenset({"reset", "empty", "hang"})
"""Faults that leave nothing of an answer."""
MOST_ITEMS = 10_000
"""Messages in one request: nobody else is answered while they are read."""


MOST_UNKNOWN = 20
"""Unknown members of one body or item that are noted."""


class TooMany(Exception):
    """More messages in one request than any provider takes."""


class Engine(World):
    """The world as it answers requests."""

    def __init__(self, config: Config, store: Store, providers: Mapping[str, Provider]) -> None:
        super().__init__(config, store, providers)
        self.routes = Routes(providers)

    def receive(self, call: Call) -> Reply:
        """Answer a request in the provider's words and keep what it sets in motion.

        Raises Unknown when not even the provider or the sandbox can be told.
        """
        written = call.path
        if "//" in written:
            call = with_single_slashes(call)
        found = self.routes.find(call)
        if found is None:
            raise Unknown(f"no provider knows the path {call.path}")
        provider = found.provider
        credential = provider.identify(call)
        sandbox = self._sandbox(call, provider, credential.name if credential else "")
        settings = self.settings(sandbox, provider)
        desk = Desk(call, provider, sandbox, self.store, settings, found.params, self.config.strict)
        desk.claimed = credential or desk.credential
        try:
            if call.path != written:
                desk.note(f"the path is written {written}, and taken as {call.path}")
            reply = self._answer(found, credential, desk)
            self._keep_messages(desk)
        except (Refused, Unkeepable) as error:
            refused = error if isinstance(error, Refused) else Refused(Refusal("malformed", reason=str(error)))
            desk.refusals = refused.refusals
            reply = refused.reply or provider.refuse(refused.refusals, desk)
            reply = with_headers(reply, refused.headers)
            desk.accepted, desk.owing, desk.replies = [], [], []
        return self._keep(desk, found, reply)

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

    def _answer(self, found: Found, credential: Credential | None, desk: Desk) -> Reply:
        provider, endpoint = found.provider, found.endpoint
        if endpoint is None and not provider.authorize_first:
            raise _nowhere(found, desk.call)
        if not (isinstance(endpoint, Ask) and endpoint.open):
            desk.credential = provider.authorize(endpoint, credential, desk)
            check_credential(desk.credential)
        if endpoint is None:
            raise _nowhere(found, desk.call)
        scenario = self._scenario(desk)
        subject = Subject(desk.call, provider.name, endpoint.name, desk.credential.name, desk.exchange)
        subject.elapsed = self._elapsed(scenario, desk) if scenario.timed else 0
        self._outcome(endpoint, desk)
        self._matched(scenario.before_body(subject, desk.seed, desk.sandbox.counts), subject, desk)
        subject.body = self._body(endpoint, desk)
        if desk.rule is None:
            self._matched(scenario.after_body(subject, desk.seed, desk.sandbox.counts), subject, desk)
        subject.counted = {}
        if isinstance(endpoint, Ask):
            return endpoint.answer(subject.body, desk)
        return self._take_on(scenario, endpoint, subject, desk)

    def _scenario(self, desk: Desk) -> Scenario:
        if (name := desk.call.headers.get("x-sim-scenario")) is not None:
            try:
                return self.named(name)
            except BadFile as wrong:
                raise Unknown(f"X-Sim-Scenario: {wrong}") from None
        return desk.sandbox.scenario

    def _elapsed(self, scenario: Scenario, desk: Desk) -> int:
        """Milliseconds since the scenario was chosen, or first named by a request."""
        sandbox = desk.sandbox
        if scenario.key not in sandbox.counts.chosen:
            sandbox.counts.chosen[scenario.key] = desk.now
            sandbox.save(self.store)
        return desk.now - sandbox.counts.chosen[scenario.key]

    def _outcome(self, endpoint: Endpoint, desk: Desk) -> None:
        """``X-Sim-Outcome: <error>`` refuses; a status is for messages. Raises Unknown for anything else."""
        asked = desk.outcome
        if asked is None:
            return
        contract = desk.contract
        if asked in contract.errors:
            raise Refused(Refusal(asked, rule="X-Sim-Outcome"))
        if asked not in contract.statuses and asked not in contract.words:
            near = suggestion(asked, [*contract.errors, *contract.statuses, *contract.words])
            raise Unknown(f"X-Sim-Outcome: {desk.provider.name} has no error and no status {asked!r}{near}")
        if isinstance(endpoint, Ask):
            raise Unknown(f"X-Sim-Outcome: {asked} is a status of messages, and {endpoint.name} takes none on")

    def _matched(self, match: Match, subject: Subject, desk: Desk) -> None:
        """Write down what a scenario says of a request as a whole. Raises Refused as `_decided` does."""
        self._count(match.counted, subject, desk)
        if match.rule is not None:
            self._decided(match.rule, desk)

    def _count(self, counted: Mapping[str, bool], subject: Subject, desk: Desk) -> None:
        """Write down which rules with ``nth`` have fitted once more."""
        if counted:
            fitted = desk.sandbox.counts.fitted
            for place in counted:
                fitted[place] = fitted.get(place, 0) + 1
            subject.counted = {**subject.counted, **counted}
            desk.sandbox.save(self.store)

    def _decided(self, rule: Rule, desk: Desk) -> None:
        """Write down that a rule decides. Raises Refused where it dictates an answer, or leaves none."""
        counts = desk.sandbox.counts.decided
        counts[rule.place] = counts.get(rule.place, 0) + 1
        if desk.rule is None:
            desk.rule = rule
        if rule.times:
            desk.sandbox.save(self.store)
        if rule.outcome.fault is not None or rule.outcome.respond is not None:
            self._struck(rule, desk)

    def _struck(self, rule: Rule, desk: Desk) -> None:
        """The fault or the answer a rule dictates."""
        outcome = rule.outcome
        if outcome.fault is not None and desk.fault is None:
            desk.fault = outcome.fault.drawn(desk.seed, desk.exchange)
        if outcome.respond is not None:
            raise _dictated(outcome.respond, rule)
        if outcome.fault is not None and desk.fault is not None and desk.fault.after == "nothing":
            if desk.fault.kind in SILENT:
                raise Refused(Refusal("fault", rule=rule.place), reply=Reply(503, b""))
            refusal = Refusal("server_error", rule=rule.place)
            raise Refused(refusal, reply=desk.provider.refuse((refusal,), desk))

    def _body(self, endpoint: Endpoint, desk: Desk) -> Json:
        """The body in the shape its schema speaks of. Raises Refused with everything that is wrong."""
        if not endpoint.schema:
            return None
        body = body_of(desk) if endpoint.parse is None else endpoint.parse(desk)
        if endpoint.shape is not None:
            body = endpoint.shape(body, desk)
        schema = desk.schema(endpoint.schema)
        exact = schema.accepts_exactly(body)
        wrong = [] if exact else schema.violations(body)
        if not isinstance(endpoint, Ask) and endpoint.check is not None:
            wrong += endpoint.check(body, desk)
        if wrong:
            raise Refused(*wrong)
        if not exact:
            _note_unknown(schema, body, desk)
        return body

    def _take_on(self, scenario: Scenario, endpoint: AnySend, request: Subject, desk: Desk) -> Reply:
        """The body's one item, or each of many, to a draft to a message with its plan."""
        if isinstance(endpoint, SendMany):
            return self._take_on_many(scenario, endpoint, request, desk)
        message = self._accept(scenario, endpoint, endpoint.read(request.body, desk), request, desk)
        return endpoint.answer(message, request.body, desk)

    def _take_on_many(self, scenario: Scenario, endpoint: SendMany, request: Subject, desk: Desk) -> Reply:
        body = request.body
        items = endpoint.items(body)
        if len(items) > MOST_ITEMS:
            raise TooMany(f"at most {MOST_ITEMS} messages are taken in one request")
        batch = body if endpoint.batch is None else endpoint.batch(body, desk)
        schema = desk.schema(endpoint.item_schema) if endpoint.item_schema else None
        results: list[Message | Refused] = []
        for index, item in enumerate(items):
            try:
                if endpoint.shape_item is not None:
                    item = endpoint.shape_item(item, desk)
                if schema is not None:
                    _check(schema, item, desk)
                results.append(self._accept(scenario, endpoint, endpoint.read(item, index, batch, desk), request, desk))
            except Refused as refused:
                if not endpoint.partial or refused.reply is not None:
                    raise
                desk.refusals += refused.refusals
                results.append(refused)
        return endpoint.answer(results, batch, desk)

    def _accept(self, scenario: Scenario, endpoint: AnySend, draft: Draft, subject: Subject, desk: Desk) -> Message:
        """Decide the whole future of a draft. Raises Refused when a rule refuses it, and Unkeepable."""
        check(draft)
        sandbox, provider = desk.sandbox, desk.provider
        subject.to, subject.item = draft.to, draft.item
        if subject.counted:
            subject.counted = {}
        decided: list[Rule] = []
        beats: list[tuple[Beat, ...]] = []
        forced = None if desk.outcome is None else self._forced(desk.outcome, draft, desk)
        for place, channel in enumerate(draft.channels):
            subject.channel = channel
            rule = self._deciding(scenario.per_draft(subject, desk.seed, sandbox.counts), subject, desk)
            if rule not in decided:
                self._decided(rule, desk)
            decided.append(rule)
            beats.append((forced and forced[place]) or self._beats(scenario, rule, place, subject, draft, desk))
        start, steps = unfold(draft, beats, desk.contract, desk.now)
        credential = desk.credential
        message = Message(  # By position: a thousand times per bulk.
            sandbox.base + desk.number(),
            draft.id,
            provider.name,
            endpoint.name,
            draft.to,
            draft.channels,
            steps,
            desk.now,
            start,
            credential.shown or credential.name,
            credential.secret,
            draft.extra,
            draft.batch,
            draft.item,
            tuple([rule.place for rule in decided]),
            sandbox.base + desk.exchange,
            draft.reference,
        )
        desk.accepted.append(message)
        desk.owe(message, decided)
        for place, rule in enumerate(decided):
            if rule.outcome.reply is not None and (begin := begins(message, place)) is not None:
                self._replies(message, place, begin, rule.outcome.reply, desk)
                break
        return message

    def _deciding(self, match: Match, subject: Subject, desk: Desk) -> Rule:
        """The rule for a channel of a draft, what it counted written down: default.yaml has one for every draft."""
        if match.counted:
            self._count(match.counted, subject, desk)
        assert match.rule is not None
        return match.rule

    def _forced(self, asked: str, draft: Draft, desk: Desk) -> list[tuple[Beat, ...] | None]:
        """Per channel the life that ``X-Sim-Outcome: <status or neutral word>`` asks for; None where it has no such."""
        lives: list[tuple[Beat, ...] | None] = []
        for place, channel in enumerate(draft.channels):
            status = desk.contract.known(Beat(0, asked), channel.name)
            possible = status is not None and not (place and status.word == draft.handover)
            lives.append(life(status.word, desk.contract) if status is not None and possible else None)
        if not any(lives):
            names = ", ".join(channel.name for channel in draft.channels)
            raise Unknown(f"X-Sim-Outcome: {asked} does not exist on {names}")
        return lives

    def _beats(
        self, scenario: Scenario, rule: Rule, place: int, subject: Subject, draft: Draft, desk: Desk
    ) -> tuple[Beat, ...]:
        """The life of a channel, by its rule; by one that is always on, where that one leaves it open."""
        deliver = rule.outcome.deliver
        if (
            deliver is None
            or _is_of_other_channels(deliver, draft.channels[place].name, desk.contract)
            or (place and draft.handover and any(beat.status == draft.handover for beat in deliver))
        ):
            rule = self._deciding(scenario.underneath(subject, desk.seed, desk.sandbox.counts), subject, desk)
        if rule.base and draft.fate is not None:
            return draft.fate
        if rule.base and desk.contract.life:
            return desk.contract.life
        return rule.outcome.deliver or ()

    def _replies(self, message: Message, place: int, begin: int, reply: tuple[int, str], desk: Desk) -> None:
        after, text = reply
        sender = message.channels[place].sender
        inbound, dues = desk.heard(min(begin + after, LATEST), message.to, sender, text, message, message.credential)
        desk.replies.append(inbound)
        desk.owing += owed(desk.sandbox, desk.provider.name, inbound.key, dues)

    def _keep_messages(self, desk: Desk) -> None:
        """First of all that is kept of a request. Raises Unkeepable for what is no JSON, or too deep."""
        if desk.accepted:
            try:
                self.store.add_messages(desk.accepted)
            except (TypeError, ValueError, OverflowError, RecursionError) as error:
                raise Unkeepable(str(error)) from None

    def _keep(self, desk: Desk, found: Found, reply: Reply) -> Reply:
        """Exchange and callbacks go into the transaction of the messages."""
        sandbox, store = desk.sandbox, self.store
        for inbound in desk.replies:
            store.add_inbound(inbound)
        early: tuple[int, ...] = ()
        if desk.owing:
            store.add_callbacks(desk.owing)
            early = tuple([callback.key for callback in desk.owing if "before-response" in callback.twists])
        exchange = exchange_of(desk, found, reply)
        key = sandbox.base + desk.exchange
        store.add_entry(Entry(key, desk.now, "exchange", desk.provider.name, exchange=exchange))
        if desk.refusals:
            self.run.errors.update((desk.provider.name, refusal.key) for refusal in desk.refusals)
        self.kept(sandbox, key)
        headers = reply.headers
        if not self.config.pristine:
            headers = (*headers, ("X-Sim-Exchange", str(desk.exchange)))
            if found.missing:
                headers = (*headers, ("X-Sim-Not-Simulated", found.missing))
        return Reply(reply.status, reply.body, headers, reply.media, desk.fault, early)


def _check(schema: Schema, item: Json, desk: Desk) -> None:
    """Raises Refused with everything that is wrong with one item."""
    if schema.accepts_exactly(item):
        return
    if wrong := schema.violations(item):
        raise Refused(*wrong)
    _note_unknown(schema, item, desk)


def _note_unknown(schema: Schema, instance: Json, desk: Desk) -> None:
    """Members that no document has are ignored, unless strict. Raises Refused."""
    for member in schema.unknown(instance)[:MOST_UNKNOWN]:
        desk.note(f"{member} is no member of the document and is ignored", member)


def _nowhere(found: Found, call: Call) -> Refused:
    """A wrong method, with those that are right in a header; or a path that the provider does not have."""
    if found.allowed:
        refusal = Refusal("wrong_method", values={"method": call.method})
        return Refused(refusal, headers=(("Allow", ", ".join(found.allowed)),))
    return Refused(Refusal("unknown_path", values={"path": call.path}, reason=found.missing or None))


def _is_of_other_channels(beats: tuple[Beat, ...], channel: str, contract: Contract) -> bool:
    """Whether a rule without a channel has nothing but statuses that a provider does not tell on this one."""
    return bool(beats) and all(beat.status in contract.statuses and not contract.known(beat, channel) for beat in beats)


def _dictated(respond: Respond, rule: Rule) -> Refused:
    if respond.error:
        return Refused(Refusal(respond.error, rule=rule.place), headers=respond.headers)
    return Refused(Refusal("raw", rule=rule.place), reply=reply_of(respond.status, respond.headers, respond.body))
