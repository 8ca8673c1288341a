"""Parts of pages, which the script of a page requests again when an event concerns them (``static/live.js``)."""

from collections.abc import Awaitable, Callable

from starlette.responses import HTMLResponse, Response

from msgsim.model import Unknown
from msgsim.web.pages import mail
from msgsim.web.pages.contents import Contents
from msgsim.web.pages.inbox import ROWS, Inbox
from msgsim.web.pages.look import Look
from msgsim.web.pages.safety import SAFE

MOST_PARTS = 200
"""Limit of parts per request; further ones are ignored."""


class Parts:
    """Draws parts. A part is named ``kind`` or ``kind:argument``."""

    def __init__(self, contents: Contents, inbox: Inbox, text: Callable[..., str]) -> None:
        self._contents = contents
        self._inbox = inbox
        self._text = text
        self._parts: dict[str, Callable[[Look, str], Awaitable[str]]] = {
            "clock": self._clock,
            "row": self._row,
            "newest": self._newest,
            "more": self._more,
            "bubble": self._bubble,
            "newer": self._newer,
            "older": self._older,
            "later": self._later,
            "life": self._life,
            "requests": self._requests,
            "earlier": self._earlier,
            "pair": self._pair,
            "refused": self._refused,
            "list": self._list,
            "mail": self._mail,
            "found": self._found,
            "rules": self._rules,
            "failing": self._failing,
            "callbacks": self._callbacks,
            "earlier-callbacks": self._earlier_callbacks,
            "callback": self._callback,
            "single": self._single,
            "lint": self._lint,
            "coverage": self._coverage,
        }

    async def draw(self, look: Look) -> Response:
        """The answer to ``?part=clock&part=bubble:17``: elements that replace those with the same ids.

        Raises Unknown for a part that does not exist, and ValueError for an argument that is no number.
        """
        drawn: list[str] = []
        for asked in look.request.query_params.getlist("part")[:MOST_PARTS]:
            kind, _, rest = asked.partition(":")
            if kind not in self._parts:
                raise Unknown(f"there is no part {kind!r}")
            drawn.append(await self._parts[kind](look, rest))
        return HTMLResponse("".join(drawn), headers=SAFE)

    async def _clock(self, look: Look, rest: str) -> str:
        return self._text(look, "_clock.html")

    async def _row(self, look: Look, who: str) -> str:
        """``row:+37255500001``: a conversation in the list."""
        row = await self._inbox.row(look.sandbox, who)
        return self._text(look, "_rows.html", rows=[row], open=look.query.get("to", "")) if row else ""

    async def _newest(self, look: Look, after: str) -> str:
        """``newest:17``: conversations with messages after number 17."""
        rows = await self._inbox.rows(look.sandbox, after=int(after))
        newest = max((row["number"] for row in rows), default=int(after))
        return self._text(look, "_newest.html", rows=rows, newest=newest, open=look.query.get("to", ""))

    async def _more(self, look: Look, before: str) -> str:
        """``more:17``: earlier conversations, whose newest message is before number 17."""
        rows = await self._inbox.rows(look.sandbox, before=int(before))
        more = rows[-1]["number"] if len(rows) >= ROWS else 0
        rows = [row for row in rows if row["who"] != look.query.get("to")]  # The open one is above already.
        return self._text(look, "_more.html", rows=rows, more=more, open=look.query.get("to", ""))

    async def _mail(self, look: Look, rest: str) -> str:
        """``mail:source:17``: a view of the e-mail of message 17."""
        view, number = rest.split(":", 1)
        drawn = self._inbox.by_number(look.sandbox, int(number))
        found = next((piece for piece in drawn["pieces"] if piece["kind"] == "mail"), None) if drawn else None
        if drawn is None or found is None or view not in mail.VIEWS:
            raise Unknown(f"message {number} has no such view")
        return self._text(look, "_mail.html", drawn=drawn, mail=found, view=view, shown=mail.shown(view, found, drawn))

    async def _list(self, look: Look, rest: str) -> str:
        return self._text(
            look, "_list.html", **await self._contents.listed(look), open=look.query.get("to", ""), pinned=None
        )

    async def _found(self, look: Look, before: str) -> str:
        return self._text(look, "_found.html", found=await self._contents.found(look, before))

    async def _bubble(self, look: Look, number: str) -> str:
        drawn = self._inbox.by_number(look.sandbox, int(number))
        return self._text(look, "_bubble.html", drawn=drawn) if drawn else ""

    async def _newer(self, look: Look, rest: str) -> str:
        """``newer:17:3:37255500001``: new messages after number 17, and new inbound messages after number 3."""
        after, wrote, who = rest.split(":", 2)
        found = self._inbox.newer(look.sandbox, who, int(after), int(wrote))
        return self._text(look, "_newer.html", thread=found)

    async def _older(self, look: Look, rest: str) -> str:
        """``older:17:37255500001``: earlier messages of a conversation, before number 17."""
        before, who = rest.split(":", 1)
        return self._text(look, "_older.html", thread=self._inbox.thread(look.sandbox, who, int(before)))

    async def _later(self, look: Look, rest: str) -> str:
        """``later:17:37255500001``: the messages of a conversation that follow number 17."""
        after, who = rest.split(":", 1)
        return self._text(look, "_newer.html", thread=self._inbox.later(look.sandbox, who, int(after)))

    async def _life(self, look: Look, id: str) -> str:
        return self._text(look, "_life.html", **await self._contents.life(look, id))

    async def _requests(self, look: Look, after: str) -> str:
        """``requests:17``: new requests after number 17."""
        page = await self._contents.journal(look)
        new = [exchange for exchange in page["requests"] if exchange["number"] > int(after)]
        newest = max((exchange["number"] for exchange in new), default=int(after))
        return self._text(look, "_requests.html", requests=new, newest=newest, more=None, up=True)

    async def _earlier(self, look: Look, before: str) -> str:
        """``earlier:17``: requests before number 17."""
        page = await self._contents.journal(look, before)
        return self._text(look, "_requests.html", requests=page["requests"], newest=None, more=page["next"])

    async def _pair(self, look: Look, number: str) -> str:
        """``pair:17``: a request with its answer, and the life of the first message that it sent."""
        pair = await self._contents.pair(look, int(number))
        lives = [await self._contents.life(look, id) for id in pair["exchange"]["messages"][:1]]
        return self._text(look, "_triggered.html", **pair, lives=lives)

    async def _refused(self, look: Look, rest: str) -> str:
        return self._text(look, "_refused.html", refused=await self._contents.refused(look))

    async def _rules(self, look: Look, rest: str) -> str:
        return self._text(look, "_rules.html", scenario=await self._contents.scenario(look))

    async def _failing(self, look: Look, rest: str) -> str:
        return self._text(look, "_failing.html")

    async def _callbacks(self, look: Look, after: str) -> str:
        """``callbacks:17``: new callbacks after number 17."""
        page = await self._contents.callbacks(look)
        new = [callback for callback in page["callbacks"] if callback["number"] > int(after)]
        newest = max((callback["number"] for callback in new), default=int(after))
        shown = {**page, "callbacks": new, "more": None}
        return self._text(look, "_callbacks.html", **shown, newest=newest, up=True)

    async def _earlier_callbacks(self, look: Look, before: str) -> str:
        return self._text(look, "_callbacks.html", **await self._contents.callbacks(look, before), newest=None)

    async def _callback(self, look: Look, number: str) -> str:
        """``callback:17``: a callback in the list."""
        return self._text(look, "_callback.html", **await self._contents.callback(look, int(number)), listed=True)

    async def _single(self, look: Look, number: str) -> str:
        """``single:17``: the callback on a page of its own."""
        return self._text(look, "_single.html", **await self._contents.callback(look, int(number)))

    async def _lint(self, look: Look, rest: str) -> str:
        return self._text(look, "_lint.html", **await self._contents.lint(look), live=rest)

    async def _coverage(self, look: Look, rest: str) -> str:
        return self._text(look, "_coverage.html", **await self._contents.coverage(look), live=rest)
