"""The story of a request: from bytes to answer, and what it sets in motion. Never awaits."""

import logging
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import msgspec

from simulator.config import Config
from simulator.coverage import Left, Run, outcomes
from simulator.desk import Desk, find_message, owed, rewrite
from simulator.magic import Terms, life
from simulator.model import (
    Attempt,
    Beat,
    Call,
    Callback,
    Credential,
    Draft,
    Due,
    Entry,
    Exchange,
    Inbound,
    Json,
    Message,
    Post,
    Refusal,
    Refused,
    Reply,
    Step,
)
from simulator.plan import begins, cut, ends, state, unfold
from simulator.provider import Ask, Endpoint, Provider, Send
from simulator.retries import settled
from simulator.routes import Found, Routes
from simulator.rule import BODY, Respond, Rule, Subject
from simulator.sandbox import Choice, Sandbox, chosen, clock_of, files_of, fresh, merged, restored
from simulator.scenario import Counts, Scenario, carried, load, shipped_file
from simulator.seed import Seed
from simulator.store import FROM_PHONES, Store
from simulator.yamlfile import Wrong, suggestion

SILENT = frozenset({"reset", "empty", "hang"})
"""Faults that leave nothing of an answer."""
HIDDEN = "***"
MOST_ITEMS = 10_000
"""Messages in one request: nobody else is answered while they are read."""
NEVER_SHOWN = frozenset({"authorization", "cookie", "proxy-authorization"})


class TooMany(Exception):
    """More messages in one request than any provider takes."""


class Unknown(LookupError):
    """There is no such thing in this sandbox; the text says what was looked for."""


class Engine:
    """Providers, sandboxes and the store, put together."""

    def __init__(self, config: Config, store: Store, providers: Mapping[str, Provider]) -> None:
        """Raises ValueError for settings, yamlfile.Wrong for a scenario that cannot be used."""
        self.config = config
        self.store = store
        self.providers = providers
        self.routes = Routes(providers)
        self.terms = {name: terms_of(provider) for name, provider in providers.items()}
        self.sandboxes: dict[str, Sandbox] = {}
        self.by_credential: dict[tuple[str, str], Sandbox] = {}
        self.changed: Callable[[], None] = lambda: None
        """Told when callbacks may be due earlier than before."""
        self.chosen: Callable[[], None] = lambda: None
        """Told when a sandbox may have another scenario than before."""
        self.watchers: list[Callable[[int], None]] = []
        """Told the key of every new line of a journal, and the first key of a sandbox that is gone."""
        self.closing = False
        """The server stops; nobody should wait for anything any longer."""
        self.run = Run(dict.fromkeys(store.strays()))
        self._settings: dict[tuple[str, str], dict[str, Json]] = {}
        self._checked(config.providers)
        for row in store.sandboxes():
            kept = restored(row, config)
            self._enter(Sandbox(row.name, row.number, kept, chosen(kept.scenario, self.terms)))
        if "default" not in self.sandboxes:
            self.open("default")
        self.store.commit()

    # Sandboxes

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
    ) -> Sandbox:
        """A new, empty sandbox in place of any old one of that name. Raises ValueError and yamlfile.Wrong."""
        kept = fresh(
            self.config,
            self.config.seed if seed is None else seed,
            clock_of(clock or self.config.clock),
            self._checked(settings or {}),
        )
        if scenario is not None:
            kept.scenario = scenario
        sandbox = Sandbox(name, self.store.next_sandbox(), kept, self._compiled(kept.scenario, name))
        if (old := self.sandboxes.get(name)) is not None:
            self.store.drop_sandbox(old.number)
        sandbox.save(self.store)
        self.store.commit()
        if old is not None:
            self._leave(old)
        self._enter(sandbox)
        return sandbox

    def _compiled(self, choice: Choice, name: str) -> Scenario:
        """Rules never change, so sandboxes of one choice share them; a reset keeps the last good ones."""
        for one in (self.sandboxes.get(name), self.sandboxes.get("default")):
            if one is not None and one.kept.scenario == choice:
                return one.scenario
        return chosen(choice, self.terms)

    def _leave(self, sandbox: Sandbox) -> None:
        """Its rows are swept when there is time. It has to be dropped for good before."""
        self.run.left[sandbox.number] = Left(sandbox.begun, sandbox.now())
        self._tell(sandbox.base)

    def _enter(self, sandbox: Sandbox) -> None:
        sandbox.resume(self.store)
        self.sandboxes[sandbox.name] = sandbox
        self.chosen()
        for name in self.providers:
            self._settings.pop((sandbox.name, name), None)
            for credential in self.providers[name].credentials(sandbox.name).values():
                if sandbox.name != "default":
                    self.by_credential[name, credential] = sandbox

    def close(self, sandbox: Sandbox) -> None:
        self.store.drop_sandbox(sandbox.number)
        self.store.commit()
        self._leave(sandbox)
        del self.sandboxes[sandbox.name]
        self.by_credential = {key: one for key, one in self.by_credential.items() if one is not sandbox}

    def reset(self, sandbox: Sandbox) -> Sandbox:
        """Empty it: the same seed, settings and scenario, and the clock where it stands."""
        clock = sandbox.clock
        emptied = self.open(sandbox.name, sandbox.kept.seed, None, sandbox.kept.settings, sandbox.kept.scenario)
        emptied.clock = clock
        emptied.counts.chosen = {emptied.scenario.key: clock.now()}
        emptied.save(self.store)
        self.control(emptied, {"action": "reset"})
        return emptied

    def sweep(self, most: int = 250) -> bool:
        """Remove some rows of a sandbox that is gone; false when there is none left."""
        for number, left in self.run.left.items():
            if left is not None:
                gone = self.store.messages(number, limit=most)
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

    def _tell(self, key: int) -> None:
        for watch in self.watchers:
            watch(key)

    def settings(self, sandbox: Sandbox, provider: Provider) -> dict[str, Json]:
        """Defaults, then the server's settings, then the sandbox's."""
        key = (sandbox.name, provider.name)
        if key not in self._settings:
            layers = (self.config.providers.get(provider.name, {}), sandbox.kept.settings.get(provider.name, {}))
            self._settings[key] = merged(provider.contract.settings, *layers)
        return self._settings[key]

    def configure(self, sandbox: Sandbox, settings: dict[str, dict[str, Json]]) -> None:
        """Change a sandbox's settings. Raises ValueError."""
        sandbox.kept.settings |= self._checked(settings)
        for name in settings:
            self._settings.pop((sandbox.name, name), None)
        sandbox.save(self.store)
        self.control(sandbox, {"action": "settings", "providers": list(settings)})

    def reseed(self, sandbox: Sandbox, seed: int) -> None:
        """Everything from now on follows from another seed."""
        sandbox.kept.seed = seed
        sandbox.seed = Seed(seed)
        sandbox.save(self.store)
        self.control(sandbox, {"action": "seed", "seed": seed})

    def _checked(self, settings: dict[str, dict[str, Json]]) -> dict[str, dict[str, Json]]:
        for name, chosen_settings in settings.items():
            if name not in self.providers:
                raise ValueError(f"there is no provider {name!r} (there are {', '.join(self.providers)})")
            contract = self.providers[name].contract
            if chosen_settings and (wrong := contract.wrong_settings(chosen_settings)):
                raise ValueError(f"settings of {name}: {wrong}")
        return settings

    def choose(self, sandbox: Sandbox, choice: Choice) -> None:
        """Switch the scenario; everything accepted so far keeps its plan. Raises yamlfile.Wrong."""
        sandbox.scenario = chosen(choice, self.terms)
        sandbox.kept.scenario = choice
        sandbox.counts = sandbox.kept.counts = Counts({}, {}, {sandbox.scenario.key: sandbox.now()})
        sandbox.mistakes = []
        sandbox.save(self.store)
        self.control(sandbox, {"action": "scenario", "names": list(sandbox.scenario.names)})
        self.chosen()

    def reload(self, files: Collection[Path]) -> None:
        """Files were saved: whoever uses them goes on with what they say now, or with what they said last.

        A mistake is kept in the sandbox and goes into its journal.
        """
        self._named.cache_clear()
        compiled: dict[Choice, Scenario | Wrong] = {}
        for sandbox in self.sandboxes.values():
            choice = sandbox.kept.scenario
            if choice.text or not any(found in files for found in files_of(choice)):
                continue
            if choice not in compiled:
                try:
                    compiled[choice] = chosen(choice, self.terms)
                except Wrong as wrong:
                    compiled[choice] = wrong
            self._reloaded(sandbox, compiled[choice])

    def _reloaded(self, sandbox: Sandbox, new: Scenario | Wrong) -> None:
        if isinstance(new, Wrong):
            sandbox.mistakes = [str(mistake) for mistake in new.mistakes]
            logging.getLogger("msgsim").warning(
                "sandbox %s goes on with the last good scenario:\n%s", sandbox.name, "\n".join(sandbox.mistakes)
            )
        else:
            sandbox.counts = sandbox.kept.counts = carried(sandbox.counts, sandbox.scenario, new)
            sandbox.scenario, sandbox.mistakes = new, []
            sandbox.save(self.store)
        told: Json = {"mistakes": sandbox.mistakes} if sandbox.mistakes else {}
        self.control(sandbox, {"action": "reload", "names": list(sandbox.scenario.names), **told})

    # The way of a request

    def receive(self, call: Call) -> Reply:
        """Answer a request in the provider's words and keep what it sets in motion.

        Raises Unknown when not even the provider or the sandbox can be told.
        """
        found = self.routes.find(call)
        if found is None:
            raise Unknown(f"no provider knows the path {call.path}")
        provider = found.provider
        credential = provider.identify(call)
        sandbox = self._sandbox(call, provider, credential.name if credential else "")
        settings = self.settings(sandbox, provider)
        desk = Desk(call, provider, sandbox, self.store, settings, found.params, self.config.strict)
        try:
            reply = self._answer(found, credential, desk)
        except Refused as refused:
            desk.refusals = refused.refusals
            reply = refused.reply or provider.refuse(refused.refusals, desk)
            reply = msgspec.structs.replace(reply, headers=_overlaid(reply.headers, refused.headers))
            desk.accepted, desk.owing, desk.replies = [], [], []
        return self._keep(desk, found, reply)

    def _sandbox(self, call: Call, provider: Provider, credential: str) -> Sandbox:
        if (named := call.headers.get("x-sim-sandbox")) is not None:
            if named not in self.sandboxes:
                raise Unknown(f"there is no sandbox {named!r}")
            return self.sandboxes[named]
        if credential and (sandbox := self.by_credential.get((provider.name, credential))) is not None:
            return sandbox
        return self.default

    def _answer(self, found: Found, credential: Credential | None, desk: Desk) -> Reply:
        provider, endpoint = found.provider, found.endpoint
        if endpoint is None and not provider.authorize_first:
            raise Refused(_nowhere(found, desk.call))
        if not (isinstance(endpoint, Ask) and endpoint.open):
            desk.credential = provider.authorize(endpoint, credential, desk)
        if endpoint is None:
            raise Refused(_nowhere(found, desk.call))
        scenario = self._scenario(desk)
        subject = Subject(desk.call, provider.name, endpoint.name, desk.credential.name, desk.exchange)
        subject.elapsed = self._elapsed(scenario, desk) if scenario.timed else 0
        self._outcome(endpoint, desk)
        self._gate(scenario, subject, desk)
        subject.body, subject.known = self._body(endpoint, desk), BODY
        if desk.rule is None:
            self._gate(scenario, subject, desk)
        if isinstance(endpoint, Ask):
            return endpoint.answer(subject.body, desk)
        return self._take_on(scenario, endpoint, subject, desk)

    def _scenario(self, desk: Desk) -> Scenario:
        if (name := desk.call.headers.get("x-sim-scenario")) is not None:
            try:
                return self._named(name)
            except Wrong as wrong:
                raise Unknown(f"X-Sim-Scenario: {wrong}") from None
        return desk.sandbox.scenario

    @lru_cache(maxsize=64)  # noqa: B019 - one engine lives as long as its process
    def _named(self, name: str) -> Scenario:
        """One of the server's own files, or a shipped scenario; never any file that a client names."""
        own = [file for file in self.config.scenario if Path(file).stem == name]
        return load(own or (str(shipped_file(name)),), self.terms)

    def _elapsed(self, scenario: Scenario, desk: Desk) -> int:
        """Milliseconds since the scenario was chosen, or first named by a request."""
        sandbox = desk.sandbox
        if scenario.key not in sandbox.counts.chosen:
            sandbox.counts.chosen[scenario.key] = desk.now
            sandbox.save(self.store)
        return desk.now - sandbox.counts.chosen[scenario.key]

    def _outcome(self, endpoint: Endpoint, desk: Desk) -> None:
        """``X-Sim-Outcome: <error>`` refuses; a status is for messages. Raises Unknown for anything else."""
        asked = desk.call.headers.get("x-sim-outcome")
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

    def _gate(self, scenario: Scenario, subject: Subject, desk: Desk) -> None:
        """What a scenario says of a request as a whole."""
        rule = scenario.gate(subject, desk.seed, desk.sandbox.counts)
        if subject.nth:
            desk.sandbox.save(self.store)
        if rule is not None:
            self._decided(rule, desk)
            self._struck(rule, desk)

    def _decided(self, rule: Rule, desk: Desk) -> None:
        counts = desk.sandbox.counts.decided
        counts[rule.place] = counts.get(rule.place, 0) + 1
        desk.rule = desk.rule or rule
        if rule.times:
            desk.sandbox.save(self.store)

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
        if isinstance(endpoint, Send) and endpoint.parse is not None:
            body = endpoint.parse(desk)
        elif endpoint.schema or isinstance(endpoint, Send):
            body = parsed(desk.call.body)
        else:
            return None
        if endpoint.shape is not None:
            body = endpoint.shape(body)
        wrong = desk.contract.schema(endpoint.schema).violations(body) if endpoint.schema else []
        if isinstance(endpoint, Send) and endpoint.check is not None:
            wrong += endpoint.check(body, desk)
        if wrong:
            raise Refused(*wrong)
        return body

    def _take_on(self, scenario: Scenario, endpoint: Send, request: Subject, desk: Desk) -> Reply:
        """Items to drafts to messages, each with its plan."""
        body = request.body
        items: Sequence[Json] = endpoint.items(body) if endpoint.items is not None else (body,)
        if len(items) > MOST_ITEMS:
            raise TooMany(f"at most {MOST_ITEMS} messages are taken in one request")
        schema = desk.contract.schema(endpoint.item_schema) if endpoint.item_schema else None
        results: list[Message | Refused] = []
        for index, item in enumerate(items):
            try:
                if schema is not None and (wrong := schema.violations(item)):
                    raise Refused(*wrong)
                results.append(self._accept(scenario, endpoint, endpoint.read(item, index, body, desk), request, desk))
            except Refused as refused:
                if not endpoint.partial or refused.reply is not None:
                    raise
                desk.refusals += refused.refusals
                results.append(refused)
        return endpoint.answer(results, body, desk)

    def _accept(self, scenario: Scenario, endpoint: Send, draft: Draft, subject: Subject, desk: Desk) -> Message:
        """Decide the whole future of a draft. Raises Refused when a rule refuses it."""
        sandbox, provider = desk.sandbox, desk.provider
        subject.to, subject.item = draft.to, draft.item
        if subject.nth:
            subject.nth = {}
        decided: list[Rule] = []
        beats: list[tuple[Beat, ...]] = []
        forced = self._forced(draft, desk)
        for place, channel in enumerate(draft.channels):
            subject.channel = channel
            rule = scenario.decide(subject, desk.seed, sandbox.counts)
            if rule not in decided:
                self._decided(rule, desk)
                self._struck(rule, desk)
            decided.append(rule)
            beats.append((forced and forced[place]) or self._beats(scenario, rule, subject, draft, desk))
        if subject.nth:
            sandbox.save(self.store)
        start, steps = unfold(draft, beats, desk.contract, desk.now)
        message = Message(
            key=sandbox.base + desk.number(),
            id=draft.id,
            provider=provider.name,
            endpoint=endpoint.name,
            to=draft.to,
            channels=draft.channels,
            steps=steps,
            accepted=desk.now,
            start=start,
            credential=desk.credential.shown or desk.credential.name,
            secret=desk.credential.secret,
            extra=draft.extra,
            batch=draft.batch,
            item=draft.item,
            rules=tuple(rule.place for rule in decided),
            exchange=sandbox.base + desk.exchange,
        )
        desk.accepted.append(message)
        desk.owe(message, [rule.outcome.callbacks for rule in decided])
        for place, rule in enumerate(decided):
            if rule.outcome.reply is not None and (begin := begins(message, place)) is not None:
                self._replies(message, place, begin, rule.outcome.reply, desk)
                break
        return message

    def _forced(self, draft: Draft, desk: Desk) -> list[tuple[Beat, ...] | None] | None:
        """Per channel the life that ``X-Sim-Outcome: <status or neutral word>`` asks for; None where it has no such."""
        asked = desk.call.headers.get("x-sim-outcome")
        if asked is None:
            return None
        meant = [desk.contract.status(Beat(0, asked), channel.name) for channel in draft.channels]
        names = [channel.name for channel in draft.channels]
        fit = [not status.channels or name in status.channels for status, name in zip(meant, names, strict=True)]
        if not any(fit):
            raise Unknown(f"X-Sim-Outcome: {asked} does not exist on {', '.join(names)}")
        return [life(status.word, desk.contract) if fits else None for status, fits in zip(meant, fit, strict=True)]

    def _beats(self, scenario: Scenario, rule: Rule, subject: Subject, draft: Draft, desk: Desk) -> tuple[Beat, ...]:
        if rule.outcome.deliver is None:
            rule = scenario.fallback(subject, desk.seed, desk.sandbox.counts)
        if rule.base and draft.fate is not None:
            return draft.fate
        return rule.outcome.deliver or ()

    def _replies(self, message: Message, place: int, begin: int, reply: tuple[int, str], desk: Desk) -> None:
        after, text = reply
        sender = message.channels[place].sender
        inbound, dues = self._inbound(desk, begin + after, message.to, sender, text, message, message.credential)
        desk.replies.append(inbound)
        desk.owing += owed(desk.sandbox, desk.provider.name, inbound.key, dues)

    def _inbound(
        self, desk: Desk, at: int, sender: str, to: str, text: str, answered: Message | None, credential: str
    ) -> tuple[Inbound, list[Due]]:
        """Raises Unknown when the provider takes no messages from phones."""
        provider, sandbox = desk.provider, desk.sandbox
        if provider.receive is None:
            raise Unknown(f"{provider.name} has no inbound messages")
        sandbox.inbound += 1
        bare = Inbound(
            sandbox.base + FROM_PHONES + sandbox.inbound,
            "",
            provider.name,
            sender,
            to,
            text,
            at,
            credential,
            answered.id if answered else "",
        )
        return provider.receive(bare, answered, desk)

    def _keep(self, desk: Desk, found: Found, reply: Reply) -> Reply:
        """Exchange, messages and callbacks go into the open transaction together."""
        sandbox, store = desk.sandbox, self.store
        if desk.accepted:
            store.add_messages(desk.accepted, [ends(message) for message in desk.accepted])
        for inbound in desk.replies:
            store.add_inbound(inbound)
        if desk.owing:
            store.add_callbacks(desk.owing)
            self.changed()
        exchange = _exchange(desk, found, reply)
        key = sandbox.base + desk.exchange
        store.add_entry(Entry(key, desk.now, "exchange", desk.provider.name, exchange=exchange))
        if desk.refusals:
            self.run.errors.update((desk.provider.name, refusal.key) for refusal in desk.refusals)
        self._kept(sandbox, key)
        early = tuple(callback.key for callback in desk.owing if "before-response" in callback.twists)
        if self.config.pristine:
            return Reply(reply.status, reply.body, reply.headers, reply.media, desk.fault, early)
        traced = (*reply.headers, ("X-Sim-Exchange", str(desk.exchange)))
        return Reply(reply.status, reply.body, traced, reply.media, desk.fault, early)

    def _kept(self, sandbox: Sandbox, key: int) -> None:
        """The journal has a new line: the oldest ones go, and whoever watches is told."""
        number = key - sandbox.base
        if number % 1000 == 0 and number > self.config.journal_limit:
            self.store.trim_journal(sandbox.number, number, self.config.journal_limit)
        if self.watchers:
            self._tell(key)

    # What happens later

    def post(self, callback: Callback) -> Post:
        """The bytes of a callback: a pure function of its step and its message."""
        subject = self.store.message_by_key(callback.subject) if callback.step is not None else None
        about: Message | Inbound | None = subject or self.store.inbound_by_key(callback.subject)
        if about is None:
            raise Unknown(f"callback {callback.key} reports on nothing")
        provider = self.providers[callback.provider]
        assert provider.post is not None
        settings = self.settings(self.owner(callback.key), provider)
        return provider.post(callback, about, settings, provider.contract)

    def owner(self, key: int) -> Sandbox:
        """The sandbox a key belongs to. Raises Unknown when it is gone."""
        for sandbox in self.sandboxes.values():
            if key >> 40 == sandbox.number:
                return sandbox
        raise Unknown("its sandbox is gone")

    def settle(self, callback: Callback, attempt: Attempt, refused: bool = False) -> Entry:
        """Record an attempt, and plan the next one where it failed. Order per message is kept."""
        sandbox = self.owner(callback.key)
        now = sandbox.now()
        provider = self.providers[callback.provider]
        after = settled(callback, attempt, now, provider.success, self.config.retries, refused)
        self.store.rewrite_callback(after)
        if after.state == "pending":
            for later in self.store.callbacks_of(callback.subject):
                if later.state == "pending" and later.key != after.key and later.due < after.due:
                    self.store.rewrite_callback(msgspec.structs.replace(later, due=after.due))
        sandbox.journal += 1
        entry = Entry(sandbox.base + sandbox.journal, now, "attempt", provider.name, attempt=attempt)
        self.store.add_entry(entry, callback.key)
        self._kept(sandbox, entry.key)
        return entry

    def find(self, sandbox: Sandbox, id: str) -> Message:
        """Raises Unknown."""
        message = find_message(self.store, sandbox, id)
        if message is None:
            raise Unknown(f"there is no message {id}")
        return message

    def force(self, sandbox: Sandbox, message: Message, word: str, err: int | None = None) -> Message:
        """Cut the plan at now and give the channel that is under way a status. Raises ValueError."""
        provider = self.providers[message.provider]
        now = sandbox.now()
        current = [index for index, step in enumerate(state(message, now)) if step is not None]
        channel = current[-1] if current else 0
        try:
            status = provider.contract.status(Beat(0, word), message.channels[channel].name)
        except KeyError:
            raise ValueError(f"{provider.name} has no status {word!r}") from None
        forced = cut(message, now, Step(now, channel, status.word, status.code if err is None else err))
        rewrite(self.store, sandbox, provider, forced, now, self.settings(sandbox, provider))
        self.control(sandbox, {"action": "force", "message": message.id, "status": status.word})
        self.changed()
        return forced

    def cancel(self, sandbox: Sandbox, message: Message) -> Message:
        """Cut the plan at now; what was open gets the provider's word for it. Raises ValueError when all is over."""
        provider, now = self.providers[message.provider], sandbox.now()
        if ends(message) <= now:
            raise ValueError(f"message {message.id} is over; there is nothing to cancel")
        word = next((one for one in provider.contract.statuses.values() if one.kind == "cancelled"), None)
        steps = []
        if word is not None:
            reached = [index for index, step in enumerate(state(message, now)) if step is not None]
            open_ones = range(reached[-1] if reached else 0, len(message.channels))
            steps = [Step(now, index, word.word, word.code) for index in open_ones]
        cancelled = cut(message, now, *steps)
        rewrite(self.store, sandbox, provider, cancelled, now, self.settings(sandbox, provider))
        self.control(sandbox, {"action": "cancel", "message": message.id})
        self.changed()
        return cancelled

    def inbound(self, sandbox: Sandbox, provider: Provider, sender: str, to: str, text: str) -> Inbound:
        """A phone writes to the application. Raises Unknown when the provider has no such thing."""
        call = Call("POST", "", "", {}, b"")
        desk = Desk(call, provider, sandbox, self.store, self.settings(sandbox, provider), {})
        answered = next(self.store.messages(sandbox.number, provider.name, sender, limit=1), None)
        credential = answered.credential if answered else ""
        inbound, dues = self._inbound(desk, desk.now, sender, to, text, answered, credential)
        self.store.add_inbound(inbound)
        self.store.add_callbacks(owed(sandbox, provider.name, inbound.key, dues))
        self.control(sandbox, {"action": "inbound", "id": inbound.id, "from": sender, "to": to})
        self.changed()
        return inbound

    def replay(self, callback: Callback) -> Callback:
        """Owe a callback once more, now."""
        sandbox = self.owner(callback.key)
        sandbox.callbacks += 1
        again = msgspec.structs.replace(
            callback, key=sandbox.base + sandbox.callbacks, due=sandbox.now(), state="pending", tries=0, reason=""
        )
        self.store.add_callbacks([again])
        self.control(sandbox, {"action": "replay", "callback": callback.key & 0xFFFFFFFFFF})
        self.changed()
        return again

    def control(self, sandbox: Sandbox, action: dict[str, Json]) -> None:
        """Put a control action into the journal."""
        sandbox.journal += 1
        key = sandbox.base + sandbox.journal
        self.store.add_entry(Entry(key, sandbox.now(), "control", control=action))
        self._kept(sandbox, key)


def parsed(body: bytes) -> Json:
    """Raises Refused with ``malformed``."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Refused(Refusal("malformed")) from None


def _nowhere(found: Found, call: Call) -> Refusal:
    if found.allowed:
        return Refusal("wrong_method", values={"allow": ", ".join(found.allowed), "method": call.method})
    return Refusal("unknown_path", values={"path": call.path})


def _dictated(respond: Respond, rule: Rule) -> Refused:
    if respond.error:
        return Refused(Refusal(respond.error, rule=rule.place), headers=respond.headers)
    plain = isinstance(respond.body, str)
    body = respond.body.encode() if plain else b"" if respond.body is None else msgspec.json.encode(respond.body)
    reply = Reply(respond.status, body, respond.headers, "text/plain; charset=utf-8" if plain else "application/json")
    return Refused(Refusal("raw", rule=rule.place), reply=reply)


def _overlaid(headers: tuple[tuple[str, str], ...], over: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """What a scenario says of a header stands in place of what the provider would."""
    named = {name.lower() for name, _ in over}
    return (*(one for one in headers if one[0].lower() not in named), *over)


def terms_of(provider: Provider) -> Terms:
    return Terms(
        provider.contract,
        endpoints=tuple(dict.fromkeys(endpoint.name for endpoint in provider.endpoints)),
        channels=provider.channels,
        phones=provider.phones,
        sends=frozenset(endpoint.name for endpoint in provider.endpoints if isinstance(endpoint, Send)),
        reports=provider.callbacks is not None,
        receives=provider.receive is not None,
    )


def _exchange(desk: Desk, found: Found, reply: Reply) -> Exchange:
    call, secrets = desk.call, desk.provider.secrets
    rule = desk.rule
    return Exchange(
        provider=desk.provider.name,
        endpoint=found.endpoint.name if found.endpoint else "",
        method=call.method,
        path=call.path,
        query=_hidden(call.query, secrets) if call.query else "",
        headers={
            name: HIDDEN if name in NEVER_SHOWN or name in secrets else value for name, value in call.headers.items()
        },
        body=_hidden(call.body.decode(errors="replace"), secrets),
        status=reply.status,
        fault=desk.fault.kind if desk.fault else "",
        answer=_hidden(reply.body.decode(errors="replace"), secrets),
        answer_headers=reply.headers,
        credential=desk.credential.shown or desk.credential.name,
        messages=tuple(message.id for message in desk.accepted),
        refusals=desk.refusals,
        rule=rule.place if rule else "",
        notes=tuple(desk.notes),
    )


def _hidden(text: str, secrets: frozenset[str]) -> str:
    if not secrets or not text:
        return text
    folded = text.casefold()
    if not any(name in folded for name in secrets):
        return text
    return _blot(secrets).sub(lambda found: f'{found[1]}"{HIDDEN}"' if found[1] else f"{found[2]}{HIDDEN}", text)


@lru_cache(maxsize=16)
def _blot(secrets: frozenset[str]) -> re.Pattern[str]:
    """Members of JSON, their values whole or cut off, and parameters of a query or a form."""
    names = "|".join(sorted(map(re.escape, secrets)))
    member = rf'("(?:{names})"\s*:\s*)(?:"(?:[^"\\]|\\.)*(?:"|\\?$)|[^\s",}}\]]+)'
    return re.compile(rf"{member}|((?:^|[?&])(?:{names})=)[^&\s]*", re.IGNORECASE | re.DOTALL)
