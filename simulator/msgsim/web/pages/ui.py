"""The pages below ``/__sim/``. They are drawn from what the control API tells, and every act goes to it."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import quote, urlencode, urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from msgsim import __version__
from msgsim.clock import iso
from msgsim.engine.receive import Engine
from msgsim.engine.sandbox import Sandbox
from msgsim.examples.request import curl
from msgsim.model import Json, Unknown
from msgsim.provider import AnySend
from msgsim.web.pages import mail, plan_drawing, raw_text
from msgsim.web.pages.inbox import Inbox, bubble, forceable
from msgsim.web.pages.internal_client import Inside, Refusing
from msgsim.web.pages.pieces import pieces

HERE = Path(__file__).parent
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
SAFE = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
PAGE = 50
"""Requests in one piece of the journal."""


class Look:
    """One look at one sandbox: who asks, and how links keep to the sandbox."""

    def __init__(self, request: Request, sandbox: Sandbox) -> None:
        self.request = request
        self.sandbox = sandbox

    @property
    def query(self) -> dict[str, str]:
        return dict(self.request.query_params)

    def link(self, path: str = "", **query: Json) -> str:
        """``link("errors", provider="sinch")``"""
        asked = {name: value for name, value in query.items() if value not in (None, "")}
        if self.sandbox.name != "default":
            asked["sandbox"] = self.sandbox.name
        return f"/__sim/{quote(path)}" + (f"?{urlencode(asked)}" if asked else "")

    @property
    def root(self) -> str:
        """How the client addressed us, without a slash at the end."""
        return str(self.request.base_url).rstrip("/")


Draw = Callable[[Look], Awaitable[Response]]


class Ui:
    """The routes of the pages, and what they share."""

    def __init__(self, engine: Engine, api: ASGIApp) -> None:
        self._engine = engine
        self._inside = Inside(api)
        self._inbox = Inbox(engine)
        self._templates = _environment()
        self._parts: dict[str, Callable[[Look, str], Awaitable[str]]] = {
            "clock": self._clock_part,
            "row": self._row_part,
            "newest": self._newest_part,
            "more": self._more_part,
            "bubble": self._bubble_part,
            "newer": self._newer_part,
            "older": self._older_part,
            "life": self._life_part,
            "requests": self._requests_part,
            "earlier": self._earlier_part,
            "pair": self._pair_part,
            "rules": self._rules_part,
        }
        self.routes: list[BaseRoute] = [
            Route("/", _home),
            Route("/__sim", _home),
            self._page("", self.inbox),
            self._page("start", self.start),
            self._page("messages/{id}", self.message),
            self._page("messages/{id}/mail/{place:int}", self.mail),
            self._page("errors", self.errors),
            self._page("requests", self.requests),
            self._page("requests/{number:int}", self.request),
            self._page("scenarios", self.scenarios),
            self._page("parts", self.parts),
            Mount("/__sim/static", StaticFiles(directory=HERE / "static")),
        ]

    def _page(self, path: str, draw: Draw) -> Route:
        async def endpoint(request: Request) -> Response:
            name = request.query_params.get("sandbox") or "default"
            try:
                if name not in self._engine.sandboxes:
                    raise Unknown(f"there is no sandbox {name!r}")
                return await draw(Look(request, self._engine.sandboxes[name]))
            except (Unknown, Refusing, ValueError) as wrong:
                status = wrong.status if isinstance(wrong, Refusing) else 404
                look = Look(request, self._engine.default)
                return self._drawn(look, "problem.html", status, said=str(wrong), number=status)

        return Route(f"/__sim/{path}", endpoint, methods=["GET"])

    # Pages

    async def inbox(self, look: Look) -> Response:
        who, like = look.query.get("to", ""), look.query.get("like", "")
        rows = await self._inbox.rows(look.sandbox, like=like)
        if not rows and not who and not like:
            return await self.start(look)
        thread = self._inbox.thread(look.sandbox, who) if who else None
        return self._drawn(
            look,
            "inbox.html",
            rows=rows,
            like=like,
            newest=max((row["number"] for row in rows), default=0),
            more=rows[-1]["number"] if sum(row["number"] > 0 for row in rows) >= 40 else 0,
            thread=thread,
            answers=self._inbox.answers(thread["things"]) if thread else [],
        )

    async def start(self, look: Look) -> Response:
        world = await self._inside.get(look.request, f"sandboxes/{quote(look.sandbox.name)}", "default")
        ways = [
            {
                "name": provider.name,
                "title": provider.title,
                "channels": provider.channels,
                "base_url": provider.base_url(look.root),
                "credentials": world["credentials"][provider.name],
                "endpoints": [one for one in provider.endpoints if isinstance(one, AnySend)],
            }
            for provider in self._engine.providers.values()
        ]
        worlds = await self._inside.get(look.request, "sandboxes", "default")
        empty = self._is_empty(look.sandbox)
        health = await self._inside.get(look.request, "health", "default")
        host = urlsplit(look.root).hostname or "127.0.0.1"
        ports = [("HTTPS", "https", health["https_port"]), ("Proxy", "http", health["proxy_port"])]
        addresses = [(title, f"{scheme}://{host}:{port}") for title, scheme, port in ports if port is not None]
        return self._drawn(look, "start.html", ways=ways, empty=empty, worlds=worlds["sandboxes"], addresses=addresses)

    def _is_empty(self, sandbox: Sandbox) -> bool:
        return next(self._engine.store.messages(sandbox.number, limit=1), None) is None

    async def message(self, look: Look) -> Response:
        return self._drawn(look, "message.html", **await self._life(look, look.request.path_params["id"]))

    async def _life(self, look: Look, id: str) -> Json:
        name = look.sandbox.name
        whole = await self._inside.get(look.request, f"messages/{quote(id, safe='')}", name)
        provider = self._engine.providers[whole["provider"]]
        try:
            exchange = _exchange(await self._inside.get(look.request, f"requests/{whole['exchange']}", name))
        except Refusing:
            exchange = None
        return {
            "whole": whole,
            "drawn": bubble(whole, self._engine.providers),
            "plan": plan_drawing.drawing(whole, look.sandbox.now()),
            "why": await self._inside.get(look.request, f"messages/{quote(id, safe='')}/explain", name),
            "exchange": exchange,
            "forceable": forceable(whole, provider),
            "open": any(not step["past"] for step in whole["plan"]),
            "documented": provider.contract.statuses,
        }

    async def mail(self, look: Look) -> Response:
        """The HTML of one channel of a message, in a page that can do nothing."""
        message = self._engine.find(look.sandbox, look.request.path_params["id"])
        place = look.request.path_params["place"]
        if place >= len(message.channels):
            raise Unknown(f"message {message.id} has no channel {place}")
        channel, provider = message.channels[place], self._engine.providers[message.provider]
        seen = pieces(provider, channel.name, channel.text, channel.content)
        found: Json = next((piece for piece in seen if piece["kind"] == "mail"), {})
        page = mail.page(found.get("html", ""), found.get("subject", ""))
        return HTMLResponse(page, headers={**SAFE, "Content-Security-Policy": mail.POLICY})

    async def errors(self, look: Look) -> Response:
        name = look.query.get("provider") or next(iter(self._engine.providers))
        if name not in self._engine.providers:
            raise Unknown(f"there is no provider {name!r}")
        listed = await self._inside.get(look.request, "errors", look.sandbox.name, provider=name)
        entries = [_entry(one, "error") for one in listed["errors"]] + [
            _entry(one, "outcome") for one in listed["statuses"]
        ]
        wanted = (look.query.get("kind", "error"), look.query.get("key", ""))
        chosen = next((one for one in entries if (one["what"], one["name"]) == wanted), entries[0] if entries else None)
        return self._drawn(
            look,
            "errors.html",
            providers=self._engine.providers.values(),
            provider=self._engine.providers[name],
            entries=entries,
            chosen=chosen,
            place=entries.index(chosen) if chosen else 0,
        )

    async def requests(self, look: Look) -> Response:
        page = await self._journal(look)
        endpoints = [
            (provider.name, one.name) for provider in self._engine.providers.values() for one in provider.endpoints
        ]
        return self._drawn(look, "requests.html", page=page, asked=look.query, endpoints=endpoints)

    async def _journal(self, look: Look, before: str = "") -> Json:
        asked = {name: look.query.get(name) for name in ("provider", "endpoint", "status", "refused")}
        page = await self._inside.get(look.request, "requests", look.sandbox.name, limit=PAGE, before=before, **asked)
        return {**page, "requests": [self._told(one) for one in page["requests"]]}

    def _told(self, one: Json) -> Json:
        """An exchange with each refusal in plain words: its own, or the catalogue's."""
        exchange = _exchange(one)
        errors = self._engine.providers[exchange["provider"]].contract.errors
        told = []
        for refusal in exchange["refusals"]:
            error = errors.get(refusal["key"])
            said = refusal.get("reason") or refusal.get("detail") or (error.when or error.text if error else "")
            told.append({**refusal, "said": said})
        return {**exchange, "refusals": told}

    async def request(self, look: Look) -> Response:
        return self._drawn(look, "request.html", **await self._pair(look, look.request.path_params["number"]))

    async def _pair(self, look: Look, number: int) -> Json:
        exchange = _exchange(await self._inside.get(look.request, f"requests/{number}", look.sandbox.name))
        why = await self._inside.get(look.request, f"requests/{number}/explain", look.sandbox.name)
        return {"exchange": exchange, "why": why, "curl": curl(raw_text.request_of(exchange), look.root, " \\\n  ")}

    async def scenarios(self, look: Look) -> Response:
        name = look.sandbox.name
        return self._drawn(
            look,
            "scenarios.html",
            scenario=_scenario(await self._inside.get(look.request, "scenario", name)),
            shipped=(await self._inside.get(look.request, "scenarios", name))["scenarios"],
            coverage=await self._inside.get(look.request, "coverage", name),
            providers=self._engine.providers,
        )

    # Parts: pieces of pages that are drawn again when something happened

    async def parts(self, look: Look) -> Response:
        """``?part=clock&part=bubble:17``: the elements to put in place of those with the same ids."""
        drawn: list[str] = []
        for asked in look.request.query_params.getlist("part")[:200]:
            kind, _, rest = asked.partition(":")
            if kind not in self._parts:
                raise Unknown(f"there is no part {kind!r}")
            drawn.append(await self._parts[kind](look, rest))
        return HTMLResponse("".join(drawn), headers=SAFE)

    async def _clock_part(self, look: Look, rest: str) -> str:
        return self._text(look, "_clock.html")

    async def _row_part(self, look: Look, who: str) -> str:
        row = await self._inbox.row(look.sandbox, who)
        return self._text(look, "_rows.html", rows=[row], open=look.query.get("to", "")) if row else ""

    async def _newest_part(self, look: Look, after: str) -> str:
        rows = await self._inbox.rows(look.sandbox, after=int(after), like=look.query.get("like", ""))
        newest = max((row["number"] for row in rows), default=int(after))
        return self._text(look, "_newest.html", rows=rows, newest=newest, open=look.query.get("to", ""))

    async def _more_part(self, look: Look, before: str) -> str:
        rows = await self._inbox.rows(look.sandbox, before=int(before), like=look.query.get("like", ""))
        more = rows[-1]["number"] if len(rows) >= 40 else 0
        return self._text(look, "_more.html", rows=rows, more=more, open=look.query.get("to", ""))

    async def _bubble_part(self, look: Look, number: str) -> str:
        drawn = self._inbox.by_number(look.sandbox, int(number))
        return self._text(look, "_bubble.html", drawn=drawn) if drawn else ""

    async def _newer_part(self, look: Look, rest: str) -> str:
        after, wrote, who = rest.split(":", 2)
        found = self._inbox.newer(look.sandbox, who, int(after), int(wrote))
        return self._text(look, "_newer.html", thread=found)

    async def _older_part(self, look: Look, rest: str) -> str:
        before, who = rest.split(":", 1)
        return self._text(look, "_older.html", thread=self._inbox.thread(look.sandbox, who, int(before)))

    async def _life_part(self, look: Look, id: str) -> str:
        return self._text(look, "_life.html", **await self._life(look, id))

    async def _requests_part(self, look: Look, after: str) -> str:
        page = await self._journal(look)
        new = [one for one in page["requests"] if one["number"] > int(after)]
        newest = max((one["number"] for one in new), default=int(after))
        return self._text(look, "_requests.html", requests=new, newest=newest, more=None, up=True)

    async def _earlier_part(self, look: Look, before: str) -> str:
        page = await self._journal(look, before)
        return self._text(look, "_requests.html", requests=page["requests"], newest=None, more=page["next"])

    async def _pair_part(self, look: Look, number: str) -> str:
        pair = await self._pair(look, int(number))
        lives = [await self._life(look, id) for id in pair["exchange"]["messages"][:1]]
        return self._text(look, "_triggered.html", **pair, lives=lives)

    async def _rules_part(self, look: Look, rest: str) -> str:
        return self._text(
            look, "_rules.html", scenario=_scenario(await self._inside.get(look.request, "scenario", look.sandbox.name))
        )

    # Drawing

    def _drawn(self, look: Look, template: str, status: int = 200, **more: Json) -> Response:
        return HTMLResponse(self._text(look, template, **more), status, headers=SAFE)

    def _text(self, look: Look, template: str, **more: Json) -> str:
        clock = look.sandbox.clock
        return self._templates.get_template(template).render(
            look=look,
            link=look.link,
            sandbox=look.sandbox.name,
            sandboxes=list(self._engine.sandboxes),
            now=iso(look.sandbox.now()),
            rate=clock.rate,
            mistakes=look.sandbox.mistakes,
            version=__version__,
            **more,
        )


def _entry(one: Json, what: str) -> Json:
    return {**one, "what": what, "name": one["key"] if what == "error" else one["word"]}


def _exchange(one: Json) -> Json:
    """With the members that are left out where they are empty."""
    empty: Json = {"query": "", "answer_headers": [], "messages": [], "refusals": [], "notes": [], "endpoint": ""}
    return {**empty, **one}


def _scenario(one: Json) -> Json:
    """Magic recipients have a rule each; those that never decided anything are only counted."""
    magic = ("schemas/", "scenarios/magic.yaml:")
    rules = [{**rule, "hidden": not rule["decided"] and rule["place"].startswith(magic)} for rule in one["rules"]]
    return {**one, "rules": rules}


async def _home(request: Request) -> Response:
    return RedirectResponse("/__sim/", 307)


def _environment() -> Environment:
    templates = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    templates.filters |= {
        "hour": lambda text: text[11:19],
        "day": lambda text: text[:10],
        "exact": lambda text: text[11:23],
        "coloured": raw_text.coloured,
        "pretty": raw_text.pretty,
        "telling": lambda headers: [one for one in headers.items() if not raw_text.is_own_business(one[0])],
        "untold": lambda headers: [one for one in headers.items() if raw_text.is_own_business(one[0])],
        "ident": _ident,
    }
    return templates


def _ident(text: str) -> str:
    """Any text as an id of an element."""
    return "c" + text.encode().hex()
