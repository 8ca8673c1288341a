"""Accepts messages: each item of a body becomes a draft, then a message with its plan, callbacks and MO replies."""

from collections.abc import Sequence

from msgsim.clock import LATEST
from msgsim.engine.body import check_item
from msgsim.engine.decisions import Decisions
from msgsim.engine.exchange import Effects
from msgsim.engine.inbound import from_phone
from msgsim.engine.plans import owed
from msgsim.engine.storable import check
from msgsim.engine.view import RequestView
from msgsim.model import Draft, Json, Message, Refused, Reply, Step
from msgsim.plan import begins, twist, unfold
from msgsim.provider import AnySend, SendMany
from msgsim.scenarios.rule import Rule

MOST_ITEMS = 10_000
"""Limit of messages per request: the event loop serves no other request while it reads them."""


class TooMany(Exception):
    """More messages in one request than any provider takes."""


class Acceptance:
    """Accepts the messages of one request, and adds them and what follows from them to the request's effects."""

    def __init__(self, endpoint: AnySend, decisions: Decisions, view: RequestView, effects: Effects) -> None:
        self._endpoint = endpoint
        self._decisions = decisions
        self._view = view
        self._effects = effects

    def answer(self, body: Json) -> Reply:
        """Accept the message of a `Send`, or each message of a `SendMany`, and return the provider's answer.

        Raises Refused, TooMany, Unstorable and Unknown.
        """
        endpoint, view = self._endpoint, self._view
        if isinstance(endpoint, SendMany):
            items = endpoint.items(body)
            if len(items) > MOST_ITEMS:
                raise TooMany(f"at most {MOST_ITEMS} messages are taken in one request")
            batch = body if endpoint.batch is None else endpoint.batch(body, view)
            return endpoint.answer(self._results(endpoint, items, batch), batch, view)
        message = self._accept(endpoint.read(body, view))
        return endpoint.answer(message, body, view)

    def _results(self, endpoint: SendMany, items: list[Json], batch: Json) -> list[Message | Refused]:
        """For each item, in order: the message, or why it was refused. Raises Refused for the request as a whole."""
        view = self._view
        schema = view.schema(endpoint.item_schema) if endpoint.item_schema else None
        results: list[Message | Refused] = []
        for index, item in enumerate(items):
            try:
                if endpoint.shape_item is not None:
                    item = endpoint.shape_item(item, view)
                if schema is not None:
                    check_item(schema, item, view)
                results.append(self._accept(endpoint.read(item, index, batch, view)))
            except Refused as refused:
                if not endpoint.partial or refused.reply is not None:
                    raise
                self._effects.refusals += view.known(refused.refusals)
                results.append(refused)
        return results

    def _accept(self, draft: Draft) -> Message:
        """Plan a draft and add the message to the effects.

        Raises Refused when a rule refuses it, Unstorable and Unknown.
        """
        check(draft)
        fate = self._decisions.of_draft(draft)
        start, steps = unfold(draft, fate.lives, self._view.contract, self._view.now)
        message = self._message(draft, start, steps, fate.rules)
        self._effects.messages.append(message)
        self._owe(message, fate.rules)
        self._reply(message, fate.rules)
        return message

    def _message(self, draft: Draft, start: int, steps: tuple[Step, ...], rules: list[Rule]) -> Message:
        view = self._view
        sandbox, credential = view.sandbox, view.credential
        return Message(  # By position, because keywords are slower and a bulk has a thousand messages.
            sandbox.base + view.number(),
            draft.id,
            view.provider.name,
            self._endpoint.name,
            draft.to,
            draft.channels,
            steps,
            view.now,
            start,
            credential.shown or credential.name,
            credential.secret,
            draft.extra,
            draft.batch,
            draft.item,
            tuple([rule.place for rule in rules]),
            sandbox.base + self._effects.number,
            draft.reference,
        )

    def _owe(self, message: Message, rules: Sequence[Rule]) -> None:
        """Plan the callbacks of a message, with the twists that the rule of each channel asks for."""
        view = self._view
        provider = view.provider
        if provider.callbacks is None:
            return
        dues = provider.callbacks(message, message.steps, view.compiled)
        if not dues:
            return
        twists = [rule.outcome.callbacks for rule in rules]
        for adverse in {kinds: None for kinds in twists if kinds}:
            mine = [due for due in dues if due.step is not None and twists[due.step.channel] == adverse]
            others = [due for due in dues if due not in mine]
            twisted = twist(mine, adverse, message, view.contract)
            dues = sorted([*others, *twisted], key=lambda due: due.at)
        self._effects.callbacks += owed(view.sandbox, provider.name, message.key, dues)

    def _reply(self, message: Message, rules: Sequence[Rule]) -> None:
        """Plan the recipient's reply (an MO): that of the first channel that is tried and whose rule has a reply."""
        for place, rule in enumerate(rules):
            if rule.outcome.reply is not None and (begin := begins(message, place)) is not None:
                after, text = rule.outcome.reply
                at, sender = min(begin + after, LATEST), message.channels[place].sender
                inbound, callbacks = from_phone(self._view, at, message.to, sender, text, message)
                self._effects.inbound.append(inbound)
                self._effects.callbacks += callbacks
                return
