"""The contents of the inbox: conversations with recipients, as lists of messages and inbound messages."""

from collections.abc import Mapping, Sequence
from itertools import islice
from operator import itemgetter

from msgspec import Struct

from msgsim.clock import instant, iso
from msgsim.engine.device import FLASH
from msgsim.engine.receive import Engine
from msgsim.engine.sandbox import Sandbox
from msgsim.model import Inbound, Json, Message
from msgsim.provider import Provider
from msgsim.storage.keys import EVER, NUMBERS, SPAN, bare
from msgsim.web.control import resources
from msgsim.web.control.lists import in_turns
from msgsim.web.pages.pieces import marks, pieces

ROWS, BUBBLES = 40, 30
"""How many conversations, and how many messages of a conversation, are drawn at a time."""
AFTER = 10
"""How many later messages are drawn together with a message that a link leads to."""
WALKED = 4096
"""How many numbers of messages a query for recipients covers."""
BUBBLES_WRITTEN = 300
"""Limit of inbound messages that are drawn with one piece of a conversation."""
WROTE = 2000
"""How many of the newest inbound messages are searched for senders without messages to them."""
OVER = frozenset({"failed", "rejected", "expired", "cancelled"})
"""States of a message that will not be delivered."""


def bubble(message: Json, providers: Mapping[str, Provider]) -> Json:
    """A message of the control API with what its bubble shows.

    ``place``: index of the last channel that has a status, else 0; ``channel``, ``text`` and ``status`` are of that
    channel. ``trail``: all channels; empty where there is only one. ``over``: it will not be delivered.
    """
    provider = providers[message["provider"]]
    channels = message["channels"]
    tried = [place for place, route in enumerate(channels) if route["status"]]
    place = tried[-1] if tried else 0
    channel = channels[place]
    seen = pieces(provider, channel["channel"], channel["text"] or "", channel["content"])
    trail = [
        {**route, "kind": _kind(provider, route["status"]), "now": index == place}
        for index, route in enumerate(channels)
    ]
    return {
        **message,
        "title": provider.title,
        "place": place,
        "channel": channel["channel"],
        "sender": channel["from"] or provider.title,
        "text": channel["text"] or "",
        "pieces": [piece for piece in seen if piece != FLASH] or [{"kind": "raw", "json": channel["content"]}],
        "marks": marks(channel["content"]) if channel["channel"] == "sms" else [],
        "flash": FLASH in seen,
        "status": channel["status"],
        "code": channel["code"],
        "trail": trail if len(trail) > 1 else [],
        "arrived": message["state"] in ("delivered", "seen"),
        "over": message["state"] in OVER,
        "can_be_seen": message["state"] in ("sent", "delivered") and _can_be_seen(provider, channel["channel"]),
    }


def _kind(provider: Provider, word: str | None) -> str:
    """The kind of a status; ``waiting`` for None, a channel without a status."""
    return provider.contract.statuses[word].kind if word else "waiting"


def _can_be_seen(provider: Provider, channel: str) -> bool:
    """Whether the provider has a status for seen messages on this channel."""
    words = provider.contract.words
    word = words.get(f"{channel}.seen") or words.get("seen")
    return word is not None and provider.contract.statuses[word].kind == "seen"


def forceable(message: Json, provider: Provider) -> list[Json]:
    """The statuses that a user may force on a message: those that one of its channels has."""
    names = {status["channel"] for status in message["channels"]}
    return [
        {"word": status.word, "kind": status.kind, "meaning": status.meaning}
        for status in provider.contract.statuses.values()
        if not status.channels or names & set(status.channels)
    ]


class Conversation(Struct):
    """All messages to one recipient."""

    who: str
    """The recipient, without a leading plus."""
    newest: int
    """Key of the newest message; 0: there is none."""
    count: int = 0
    """Number of messages."""


class Inbox:
    """Reads the conversations of a sandbox."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def rows(self, sandbox: Sandbox, before: int = 0, after: int = 0) -> list[Json]:
        """Conversations, that with the newest message first, at most ROWS.

        Only those whose newest message has a number below ``before`` (0: any) and above ``after``. Without ``before``,
        senders who got no message are added, and the rows are sorted by time, latest first.
        """
        conversations = await self._conversations(sandbox, before, after)
        found = [self._row(sandbox, conversation) for conversation in conversations]
        if not before:
            found += await self._only_wrote(sandbox)
            found.sort(key=lambda row: str(row["at"]), reverse=True)
        return found

    async def row(self, sandbox: Sandbox, who: str) -> Json | None:
        """The conversation with a phone as in `rows`; None: there is none."""
        newest = next(self._engine.store.messages.newest(sandbox.number, to=who, limit=1), None)
        if newest is None:
            return next((row for row in await self._only_wrote(sandbox) if row["key"] == bare(who)), None)
        conversation = Conversation(bare(who), newest.key)
        await self._count(sandbox, [conversation])
        return self._row(sandbox, conversation)

    async def _conversations(self, sandbox: Sandbox, before: int, after: int) -> list["Conversation"]:
        """The first ROWS whose newest message is below ``before`` (0: any) and above ``after``."""
        store, known, conversations = self._engine.store, set[str](), list[Conversation]()
        lowest, highest = store.messages.bounds(sandbox.number)
        lowest = max(lowest, after + 1)
        spans = ((max(lowest, top + 1 - WALKED), top) for top in range(highest, lowest - 1, -WALKED))
        async for found in in_turns(store.messages.recipients(sandbox.number, low, top) for low, top in spans):
            for who, key, _ in sorted(found, key=itemgetter(1), reverse=True):
                if who not in known:
                    known.add(who)
                    if not before or key & NUMBERS < before:
                        conversations.append(Conversation(who, key))
            if len(conversations) >= ROWS:
                break
        del conversations[ROWS:]
        await self._count(sandbox, conversations)
        return conversations

    async def _count(self, sandbox: Sandbox, conversations: list["Conversation"]) -> None:
        """Set ``count`` of each conversation."""
        store = self._engine.store
        if not conversations:
            return
        by_name = {conversation.who: conversation for conversation in conversations}
        lowest, highest = store.messages.bounds(sandbox.number)
        spans = ((low, min(low + SPAN - 1, highest)) for low in range(lowest, highest + 1, SPAN))
        counts = (store.messages.recipients(sandbox.number, low, top, only=by_name) for low, top in spans)
        async for found in in_turns(counts):
            for who, _, count in found:
                by_name[who].count += count

    def _row(self, sandbox: Sandbox, conversation: "Conversation") -> Json:
        """A conversation for the list, with the bubble of its newest message as ``last``."""
        message = self._engine.store.messages.by_key(conversation.newest)
        assert message is not None
        newest = self.bubble(sandbox, message)
        return {
            "who": message.to,
            "key": conversation.who,
            "number": conversation.newest & NUMBERS,
            "count": conversation.count,
            "at": newest["accepted"],
            "last": newest,
            "text": "",
        }

    async def _only_wrote(self, sandbox: Sandbox) -> list[Json]:
        """Rows of recent senders of inbound messages who got no message: ``number`` is 0 and ``last`` is None."""
        latest: dict[str, Inbound] = {}
        wrote = self._engine.store.inbound.latest(sandbox.number, until=sandbox.now())
        async for inbound in in_turns(islice(wrote, WROTE)):
            latest.setdefault(bare(inbound.sender), inbound)
        conversations = [Conversation(who, 0) for who in latest]
        await self._count(sandbox, conversations)
        return [
            {
                "who": inbound.sender,
                "key": who,
                "number": 0,
                "count": 1,
                "at": iso(inbound.at),
                "last": None,
                "text": inbound.text,
            }
            for conversation, (who, inbound) in zip(conversations, latest.items(), strict=True)
            if not conversation.count
        ]

    def bubble(self, sandbox: Sandbox, message: Message) -> Json:
        """The bubble of a message, with its failing callbacks as ``not_taken``."""
        contract = self._engine.providers[message.provider].contract
        drawn = bubble(resources.message(message, contract, sandbox.now()), self._engine.providers)
        return {**drawn, "not_taken": self._not_taken(message)}

    def _not_taken(self, message: Message) -> list[Json]:
        """Callbacks of a message whose last attempt failed, without their attempts."""
        owed = self._engine.store.callbacks.of(message.key)
        return [resources.callback(callback, ()) for callback in owed if callback.failing]

    def by_number(self, sandbox: Sandbox, number: int) -> Json | None:
        """The bubble of a message by its number; None: there is no such message."""
        message = self._engine.store.messages.by_key(sandbox.base + number)
        return self.bubble(sandbox, message) if message is not None else None

    def thread(self, sandbox: Sandbox, who: str, before: int = 0, at: int = 0) -> Json:
        """A piece of a conversation, oldest first: BUBBLES messages, and the inbound messages of that time.

        Messages with numbers below ``before``; else those up to the AFTER-th message after number ``at``; else, if both
        are 0, the newest ones. The members are described at `_window`.
        """
        messages = self._engine.store.messages
        if at and not before:
            *_, before = [
                0,
                *(row.key & NUMBERS for row in islice(messages.later(sandbox.number, who, at), AFTER, AFTER + 1)),
            ]
        found = list(messages.newest(sandbox.number, to=who, before=before, limit=BUBBLES + 1))
        return self._window(sandbox, who, found[:BUBBLES], more=len(found) > BUBBLES, end=before)

    def later(self, sandbox: Sandbox, who: str, after: int) -> Json:
        """The messages with numbers above ``after``, in the form of `thread`."""
        found = list(islice(self._engine.store.messages.later(sandbox.number, who, after), BUBBLES + 1))
        end = found[BUBBLES].key & NUMBERS if len(found) > BUBBLES else 0
        return self._window(sandbox, who, found[:BUBBLES][::-1], more=True, end=end)

    def _window(self, sandbox: Sandbox, who: str, page: list[Message], more: bool, end: int) -> Json:
        """A piece of a conversation.

        ``page``: its messages, newest first. ``more``: there are earlier ones. ``end``: the number of the message that
        follows; 0: none follows. In the result ``before`` is the number of the first message
        (0: there are no earlier ones), ``after`` that of the last, and ``wrote`` that of the newest inbound message.
        """
        since = page[-1].accepted if page and more else None
        wrote = self._mine(sandbox, who, since, self._accepted(sandbox, end) if end else None)
        newest = self._mine(sandbox, who, None, None, most=1)
        return {
            "who": page[0].to if page else who,
            "things": self._merged(sandbox, page, wrote),
            "before": page[-1].key & NUMBERS if page and more else 0,
            "after": page[0].key & NUMBERS if page else 0,
            "later": bool(end),
            "wrote": newest[0].key & NUMBERS if newest else 0,
        }

    def newer(self, sandbox: Sandbox, who: str, after: int, wrote: int) -> Json:
        """What is new: messages with numbers above ``after``, and inbound messages with numbers above ``wrote``."""
        new = list(self._engine.store.messages.newest(sandbox.number, to=who, before=0, limit=BUBBLES))
        page = [row for row in new if row.key & NUMBERS > after]
        inbound = [row for row in self._mine(sandbox, who, None, None) if row.key & NUMBERS > wrote]
        return {
            "who": who,
            "things": self._merged(sandbox, page, inbound),
            "after": max((row.key & NUMBERS for row in page), default=after),
            "wrote": max((row.key & NUMBERS for row in inbound), default=wrote),
        }

    def _mine(
        self, sandbox: Sandbox, who: str, since: int | None, until: int | None, most: int = BUBBLES_WRITTEN
    ) -> list[Inbound]:
        """Inbound messages of a phone from ``since`` (None: any) to before ``until`` (None: now), newest first."""
        now = sandbox.now()
        end = now if until is None else min(now, until - 1)
        wrote = self._engine.store.inbound.latest(sandbox.number, EVER if since is None else since, end, who)
        return list(islice(wrote, most))

    def _accepted(self, sandbox: Sandbox, number: int) -> int:
        """When the message with this number was accepted; 0: there is no such message."""
        message = self._engine.store.messages.by_key(sandbox.base + number)
        return message.accepted if message is not None else 0

    def _merged(self, sandbox: Sandbox, messages: Sequence[Message], wrote: Sequence[Inbound]) -> list[Json]:
        """Messages (``kind``: ``message``) and inbound messages (``wrote``) in order of time."""
        things = [{"kind": "message", "at": iso(row.accepted), **_as(self.bubble(sandbox, row))} for row in messages]
        things += [{"kind": "wrote", **resources.inbound(row)} for row in wrote]
        return sorted(things, key=lambda thing: (instant(thing["at"]), thing["kind"], thing["number"]))

    def answers(self, things: Sequence[Json]) -> list[Json]:
        """To whom the recipient can reply: each provider with each of its senders, that of the last message first.

        Providers that receive no inbound messages are left out.
        """
        found: dict[tuple[str, str], Json] = {}
        for thing in things:
            if thing["kind"] == "message" and self._engine.providers[thing["provider"]].receive is not None:
                to = thing["channels"][thing["place"]]["from"] or ""
                found[thing["provider"], to] = {
                    "provider": thing["provider"],
                    "title": thing["title"],
                    "from": thing["to"],
                    "to": to,
                }
        return list(reversed(found.values()))


def _as(drawn: Json) -> Json:
    """A bubble without ``kind``, which says in a conversation that it is a message."""
    return {name: value for name, value in drawn.items() if name != "kind"}
