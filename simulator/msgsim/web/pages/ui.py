"""The pages below ``/__sim/``. They only read; their scripts change things by requests to the control API."""

from collections.abc import Awaitable, Callable, Iterable
from typing import get_args
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp

from msgsim.contract import Provenance
from msgsim.engine.receive import Engine
from msgsim.engine.sandbox import Sandbox
from msgsim.model import Json, Unknown
from msgsim.provider import Provider
from msgsim.storage.keys import host as host_of
from msgsim.web.control.traffic import FAILING, STATES
from msgsim.web.pages import mail
from msgsim.web.pages.assets import asset
from msgsim.web.pages.contents import Contents
from msgsim.web.pages.docs import DocsPages
from msgsim.web.pages.inbox import Inbox
from msgsim.web.pages.internal_client import ProblemAnswer
from msgsim.web.pages.look import Look, Templates
from msgsim.web.pages.parts import Parts
from msgsim.web.pages.pieces import pieces
from msgsim.web.pages.safety import SAFE
from msgsim.web.pages.scenarios import ScenarioPages
from msgsim.web.pages.start import Start

OFFERED = 200
"""How many of the newest callbacks are searched for the kinds and hosts that the filters offer."""
Draw = Callable[[Look], Awaitable[Response]]
"""Draws a page. May raise Unknown, ProblemAnswer and ValueError."""

PROVENANCES = get_args(Provenance)
"""In the order of the list of errors: those of the provider's documents first."""


class Ui:
    """The routes of the pages, and what they share."""

    def __init__(self, engine: Engine, api: ASGIApp) -> None:
        self._engine = engine
        self._inbox = Inbox(engine)
        self._contents = Contents(engine, api, self._inbox)
        self._scenarios = ScenarioPages(engine, self._contents)
        self._start = Start(engine, self._contents)
        self._docs = DocsPages(engine, self._contents)
        self._text = Templates(engine).text
        parts = Parts(self._contents, self._inbox, self._text)
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
            self._page("callbacks", self.callbacks),
            self._page("callbacks/{number:int}", self.callback),
            self._page("lint", self.lint),
            self._page("coverage", self.coverage),
            self._page("scenarios", self.scenarios),
            self._page("scenarios/{name}", self.scenario),
            self._page("docs", self.docs),
            self._page("docs/{api}", self.docs),
            self._page("docs/{api}/{operation}", self.docs),
            self._page("parts", parts.draw),
            Mount("/__sim/static", routes=[Route("/{name:path}", asset)]),
        ]

    def _page(self, path: str, draw: Draw) -> Route:
        """The route of a page, which answers errors with a page as well: 404, or the status of the control API."""

        async def endpoint(request: Request) -> Response:
            name = request.query_params.get("sandbox") or "default"
            try:
                return await draw(Look(request, self._engine.sandboxes.named(name)))
            except (Unknown, ProblemAnswer, ValueError) as error:
                status = error.status if isinstance(error, ProblemAnswer) else 404
                look = Look(request, self._engine.sandboxes.default)
                return self._drawn(look, "problem.html", status, said=str(error), number=status)

        return Route(f"/__sim/{path}", endpoint, methods=["GET"])

    # Pages

    async def inbox(self, look: Look) -> Response:
        asked, listed = look.query.get("to", ""), await self._contents.listed(look)
        rows = listed["rows"]
        if not rows and not asked and not listed["found"]:
            return await self._started(look, waiting=True)
        who, at = asked or (rows[0]["who"] if rows else ""), look.query.get("at", "")
        thread = self._inbox.thread(look.sandbox, who, at=int(at) if at.isdecimal() else 0) if who else None
        is_listed = listed["found"] or any(row["who"] == who for row in rows)
        return self._drawn(
            look,
            "inbox.html",
            **listed,
            pinned=None if is_listed else await self._inbox.row(look.sandbox, who),
            refused=await self._contents.refused(look),
            thread=thread,
            answers=self._inbox.answers(thread["things"]) if thread else [],
        )

    async def start(self, look: Look) -> Response:
        return await self._started(look, waiting=False)

    async def _started(self, look: Look, waiting: bool) -> Response:
        """The start page; ``waiting``: it is shown instead of the empty inbox, until the first message comes."""
        refused, empty = await self._contents.refused(look), self._is_empty(look.sandbox)
        shown = await self._start.shown(look)
        return self._drawn(look, "start.html", **shown, empty=empty, waiting=waiting, refused=refused)

    def _is_empty(self, sandbox: Sandbox) -> bool:
        return next(self._engine.store.messages.newest(sandbox.number, limit=1), None) is None

    async def message(self, look: Look) -> Response:
        return self._drawn(look, "message.html", **await self._contents.life(look, look.request.path_params["id"]))

    async def mail(self, look: Look) -> Response:
        """The e-mail of one channel of a message, as a document that runs and loads nothing. Raises Unknown."""
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
        name = look.query.get("provider") or _documented(self._engine.providers.values())
        if name not in self._engine.providers:
            raise Unknown(f"there is no provider {name!r}")
        listed = await self._contents.get(look, "errors", provider=name)
        entries = [_entry(entry, "error") for entry in listed["errors"]] + [
            _entry(entry, "outcome") for entry in listed["statuses"]
        ]
        entries.sort(key=lambda entry: (entry["what"], PROVENANCES.index(entry["provenance"])))
        wanted = (look.query.get("kind", "error"), look.query.get("key", ""))
        selected = next(
            (entry for entry in entries if (entry["what"], entry["name"]) == wanted), entries[0] if entries else None
        )
        return self._drawn(
            look,
            "errors.html",
            providers=self._engine.providers.values(),
            provider=self._engine.providers[name],
            entries=entries,
            chosen=selected,
            place=entries.index(selected) if selected else 0,
        )

    async def requests(self, look: Look) -> Response:
        page = await self._contents.journal(look)
        endpoints = [
            (provider.name, endpoint.name)
            for provider in self._engine.providers.values()
            for endpoint in provider.endpoints
        ]
        return self._drawn(look, "requests.html", page=page, asked=look.query, endpoints=endpoints)

    async def request(self, look: Look) -> Response:
        return self._drawn(look, "request.html", **await self._contents.pair(look, look.request.path_params["number"]))

    async def callbacks(self, look: Look) -> Response:
        page = await self._contents.callbacks(look)
        rows, asked = page["callbacks"], {name: text for name, text in page["asked"].items() if text}
        providers = self._engine.providers.values()
        _, newest = self._engine.store.callbacks.bounds(look.sandbox.number)
        latest = list(self._engine.store.callbacks.between(look.sandbox.number, newest - OFFERED, newest))
        return self._drawn(
            look,
            "callbacks.html",
            **page,
            newest=rows[0]["number"] if rows else 0,
            before=newest + 1,
            filters=urlencode(asked),
            filtered=bool(asked),
            states=(FAILING, *STATES),
            kinds=sorted(
                {callback.kind for callback in latest} | {text for name, text in asked.items() if name == "kind"}
            ),
            hosts=sorted({host_of(callback.url) for callback in latest}),
            statuses={provider.title: list(provider.contract.statuses) for provider in providers},
        )

    async def callback(self, look: Look) -> Response:
        return self._drawn(
            look, "callback.html", **await self._contents.callback(look, look.request.path_params["number"])
        )

    async def lint(self, look: Look) -> Response:
        later = self._contents.is_long(look)
        return self._drawn(look, "lint.html", later=later, **({} if later else await self._contents.lint(look)))

    async def coverage(self, look: Look) -> Response:
        later = self._contents.is_long(look)
        return self._drawn(look, "coverage.html", later=later, **({} if later else await self._contents.coverage(look)))

    async def scenarios(self, look: Look) -> Response:
        return self._drawn(look, "scenarios.html", **await self._scenarios.shown(look))

    async def scenario(self, look: Look) -> Response:
        name = look.request.path_params["name"]
        return self._drawn(look, "scenarios.html", **await self._scenarios.look(look, name))

    async def docs(self, look: Look) -> Response:
        return self._drawn(look, "docs.html", **await self._docs.shown(look))

    # Drawing

    def _drawn(self, look: Look, template: str, status: int = 200, **more: Json) -> Response:
        return HTMLResponse(self._text(look, template, **more), status, headers=SAFE)


def _documented(providers: Iterable[Provider]) -> str:
    """The name of the first provider that has an error of the best provenance, in the order of PROVENANCES."""

    def nearest(provider: Provider) -> int:
        found = [PROVENANCES.index(error.provenance) for error in provider.contract.errors.values()]
        return min(found, default=len(PROVENANCES))

    return min(providers, key=nearest).name


def _entry(error: Json, what: str) -> Json:
    """An error or status of the control API with ``what`` (``error``, ``outcome``) and its key or word as ``name``."""
    return {**error, "what": what, "name": error["key"] if what == "error" else error["word"]}


async def _home(request: Request) -> Response:
    return RedirectResponse("/__sim/", 307)
