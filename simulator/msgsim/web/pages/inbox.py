"""Conversations: who was written to, what stands on their device, and what they wrote back."""

from collections.abc import Mapping, Sequence

from msgsim.clock import instant, iso
from msgsim.engine.receive import Engine
from msgsim.engine.sandbox import Sandbox
from msgsim.model import Inbound, Json, Message
from msgsim.provider import Provider
from msgsim.scenarios.rule import digits
from msgsim.storage.store import NUMBERS
from msgsim.web.control import view
from msgsim.web.pages.conversation import is_flash, marks, pieces

ROWS, BUBBLES = 40, 30
"""How many conversations, and how many messages of one, are drawn at a time."""
OVER = frozenset({"failed", "rejected", "expired", "cancelled"})


def bubble(shown: Json, providers: Mapping[str, Provider]) -> Json:
    """A message as the control API shows it, ready to be drawn: the channel it is on, and its way there."""
    provider = providers[shown["provider"]]
    channels = shown["channels"]
    tried = [place for place, one in enumerate(channels) if one["status"]]
    place = tried[-1] if tried else 0
    channel = channels[place]
    trail = [
        {**one, "kind": _kind(provider, one["status"]), "now": index == place} for index, one in enumerate(channels)
    ]
    return {
        **shown,
        "title": provider.title,
        "place": place,
        "channel": channel["channel"],
        "sender": channel["from"] or provider.title,
        "text": channel["text"] or "",
        "pieces": pieces(channel["channel"], channel["text"] or "", channel["content"]),
        "marks": marks(channel["content"]) if channel["channel"] == "sms" else [],
        "flash": is_flash(channel["content"]),
        "status": channel["status"],
        "code": channel["code"],
        "trail": trail if len(trail) > 1 else [],
        "arrived": shown["state"] in ("delivered", "seen"),
        "over": shown["state"] in OVER,
        "can_be_seen": shown["state"] in ("sent", "delivered") and _can_be_seen(provider, channel["channel"]),
    }


def _kind(provider: Provider, word: str | None) -> str:
    return provider.contract.statuses[word].kind if word else "waiting"


def _can_be_seen(provider: Provider, channel: str) -> bool:
    words = provider.contract.words
    word = words.get(f"{channel}.seen") or words.get("seen")
    return word is not None and provider.contract.statuses[word].kind == "seen"


def forceable(shown: Json, provider: Provider) -> list[Json]:
    """The statuses a message may be given by hand."""
    names = {one["channel"] for one in shown["channels"]}
    return [
        {"word": one.word, "kind": one.kind, "meaning": one.meaning}
        for one in provider.contract.statuses.values()
        if not one.channels or names & set(one.channels)
    ]


class Inbox:
    """What one sandbox's devices show."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def rows(self, sandbox: Sandbox, before: int = 0, after: int = 0, like: str = "") -> list[Json]:
        """Conversations, the one with the newest message first: below ``before``, or above ``after``."""
        store = self._engine.store
        found = [
            self._row(sandbox, who, key, count)
            for who, key, count in store.recipients(sandbox.number, before, after, like, ROWS)
        ]
        if not before:
            found += self._only_wrote(sandbox, like)
            found.sort(key=lambda row: str(row["at"]), reverse=True)
        return found

    def row(self, sandbox: Sandbox, who: str) -> Json | None:
        """One conversation of the list."""
        for found, key, count in self._engine.store.recipients(sandbox.number, who=digits(who), limit=1):
            return self._row(sandbox, found, key, count)
        return next((row for row in self._only_wrote(sandbox, "") if digits(row["who"]) == digits(who)), None)

    def _row(self, sandbox: Sandbox, who: str, key: int, count: int) -> Json:
        message = self._engine.store.message_by_key(key)
        assert message is not None
        shown = self.bubble(sandbox, message)
        return {
            "who": message.to,
            "key": who,
            "number": key & NUMBERS,
            "count": count,
            "at": shown["accepted"],
            "last": shown,
            "text": "",
        }

    def _only_wrote(self, sandbox: Sandbox, like: str) -> list[Json]:
        """Who wrote to the application and was never written to."""
        latest = {one.sender: one for one in self._wrote(sandbox) if like in one.sender}
        return [
            {"who": who, "key": digits(who), "number": 0, "count": 1, "at": iso(one.at), "last": None, "text": one.text}
            for who, one in latest.items()
            if not self._engine.store.recipients(sandbox.number, who=digits(who), limit=1)
        ]

    def _wrote(self, sandbox: Sandbox) -> list[Inbound]:
        return self._engine.store.inbound(sandbox.number, until=sandbox.now())

    def bubble(self, sandbox: Sandbox, message: Message) -> Json:
        contract = self._engine.providers[message.provider].contract
        return bubble(view.message(message, contract, sandbox.now()), self._engine.providers)

    def by_number(self, sandbox: Sandbox, number: int) -> Json | None:
        message = self._engine.store.message_by_key(sandbox.base + number)
        return self.bubble(sandbox, message) if message is not None else None

    def thread(self, sandbox: Sandbox, who: str, before: int = 0) -> Json:
        """The newest messages below a number, oldest first, with what the recipient wrote in between."""
        found = list(self._engine.store.messages(sandbox.number, to=who, before=before, limit=BUBBLES + 1))
        page = found[:BUBBLES]
        more = len(found) > BUBBLES
        since = page[-1].accepted - 1 if page and more else -1
        until = self._accepted(sandbox, before) if before else None
        wrote = [one for one in self._mine(sandbox, who) if one.at > since and (until is None or one.at < until)]
        return {
            "who": page[0].to if page else who,
            "things": self._merged(sandbox, page, wrote),
            "before": page[-1].key & NUMBERS if more else 0,
            "after": page[0].key & NUMBERS if page else 0,
            "wrote": max((one.key & NUMBERS for one in wrote), default=0),
        }

    def newer(self, sandbox: Sandbox, who: str, after: int, wrote: int) -> Json:
        """What came since: messages above one number, inbound messages above another."""
        new = list(self._engine.store.messages(sandbox.number, to=who, before=0, limit=BUBBLES))
        page = [one for one in new if one.key & NUMBERS > after]
        inbound = [one for one in self._mine(sandbox, who) if one.key & NUMBERS > wrote]
        return {
            "who": who,
            "things": self._merged(sandbox, page, inbound),
            "after": max((one.key & NUMBERS for one in page), default=after),
            "wrote": max((one.key & NUMBERS for one in inbound), default=wrote),
        }

    def _mine(self, sandbox: Sandbox, who: str) -> list[Inbound]:
        return [one for one in self._wrote(sandbox) if digits(one.sender) == digits(who)]

    def _accepted(self, sandbox: Sandbox, number: int) -> int:
        message = self._engine.store.message_by_key(sandbox.base + number)
        return message.accepted if message is not None else 0

    def _merged(self, sandbox: Sandbox, messages: Sequence[Message], wrote: Sequence[Inbound]) -> list[Json]:
        things = [{"kind": "message", "at": iso(one.accepted), **_as(self.bubble(sandbox, one))} for one in messages]
        things += [{"kind": "wrote", **view.inbound(one)} for one in wrote]
        return sorted(things, key=lambda thing: (instant(thing["at"]), thing["kind"], thing["number"]))

    def answers(self, things: Sequence[Json]) -> list[Json]:
        """Whom a reply may go to: per provider the last sender, as it was addressed."""
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
    return {name: value for name, value in drawn.items() if name != "kind"}
