"""The contents of the pages about messages, requests, callbacks and scenarios, most of them from the control API."""

from urllib.parse import quote

import msgspec
from starlette.types import ASGIApp

from msgsim.engine.receive import Engine
from msgsim.examples.request import curl
from msgsim.model import Json, Message, Refusal, Unknown
from msgsim.web.control.findings import MOST_LINTED
from msgsim.web.control.search import terms
from msgsim.web.control.traffic import subject_of
from msgsim.web.pages import plan_drawing, raw_text
from msgsim.web.pages.inbox import ROWS, Inbox, bubble, forceable
from msgsim.web.pages.internal_client import InternalClient, ProblemAnswer
from msgsim.web.pages.look import Look
from msgsim.web.pages.refusals import Refusals, refusals, said
from msgsim.web.pages.snippets import snippet

PAGE = 50
"""Requests that are drawn at a time."""
LONG = 500
"""Most messages, and most journal entries, that are read before a page is sent; with more, results are loaded later."""
CALLBACKS = 40
"""Callbacks that are drawn at a time."""
FILTERS = ("state", "kind", "host", "status")
"""Query parameters of the page of callbacks, passed on to the control API."""


class Contents:
    """Reads what templates need, each time for the sandbox of a `Look`."""

    def __init__(self, engine: Engine, api: ASGIApp, inbox: Inbox) -> None:
        self._engine = engine
        self._client = InternalClient(api)
        self._inbox = inbox

    async def get(self, look: Look, path: str, sandbox: str = "", **query: Json) -> Json:
        """The answer of the control API to ``GET path``; ``sandbox`` empty: that of the look. Raises ProblemAnswer."""
        return await self._client.get(look.request, path, sandbox or look.sandbox.name, **query)

    async def listed(self, look: Look) -> Json:
        """The list of the inbox: conversations as ``rows``, or with ``search`` in the query the result as ``found``.

        ``found`` None: there is no search. ``newest``: highest number of a message, 0: none. ``more``: earlier
        conversations have messages with numbers below this one; 0: there are none.
        """
        if look.query.get("search", "").strip():
            return {"rows": [], "found": await self.found(look)}
        rows = await self._inbox.rows(look.sandbox)
        return {
            "rows": rows,
            "found": None,
            "newest": max((row["number"] for row in rows), default=0),
            "more": rows[-1]["number"] if sum(row["number"] > 0 for row in rows) >= ROWS else 0,
        }

    async def found(self, look: Look, before: str = "") -> Json:
        """Messages that fit the search in the query, newest first, with numbers below ``before`` (empty: all).

        ``next``: the ``before`` of the following page; None: there is none. ``mistake``: why the search is not
        understood; empty: it is.
        """
        search = look.query.get("search", "")
        try:
            page = await self.get(look, "messages", search=search, before=before, limit=ROWS, total="false")
        except ProblemAnswer as problem:
            return {"hits": [], "next": None, "mistake": str(problem).removeprefix("search: ")}
        words = [term.value for term in terms(search) if not term.excluded]
        hits = [bubble(message, self._engine.providers) for message in page["messages"]]
        return {"hits": [{**hit, "snippet": snippet(hit, words)} for hit in hits], "next": page["next"], "mistake": ""}

    async def life(self, look: Look, id: str) -> Json:
        """A message with its plan, callbacks, explanation and request. Raises ProblemAnswer.

        ``exchange`` None: the journal no longer has the request. ``open``: steps of the plan are in the future.
        """
        whole = await self.get(look, f"messages/{quote(id, safe='')}")
        provider = self._engine.providers[whole["provider"]]
        whole["callbacks"] = [self._callback(look, callback) for callback in whole["callbacks"]]
        try:
            exchange = _exchange(await self.get(look, f"requests/{whole['exchange']}"))
        except ProblemAnswer:
            exchange = None
        return {
            "whole": whole,
            "drawn": bubble(whole, self._engine.providers),
            "plan": plan_drawing.drawing(whole, look.sandbox.now()),
            "why": await self.get(look, f"messages/{quote(id, safe='')}/explain"),
            "exchange": exchange,
            "forceable": forceable(whole, provider),
            "open": any(not step["past"] for step in whole["plan"]),
            "documented": provider.contract.statuses,
        }

    async def journal(self, look: Look, before: str = "") -> Json:
        """Requests that fit the filters in the query, newest first, with numbers below ``before`` (empty: all)."""
        asked = {name: look.query.get(name, "") for name in ("provider", "endpoint", "status", "refused", "error")}
        page = await self.get(look, "requests", limit=PAGE, before=before, total="false", **asked)
        return {**page, "requests": [self._explained(exchange) for exchange in page["requests"]]}

    def _explained(self, entry: Json) -> Json:
        """An exchange with ``said`` in each refusal: its reason, else the text of the catalogue."""
        exchange = _exchange(entry)
        refusals = [
            {**refusal, "said": said(self._engine, exchange["provider"], msgspec.convert(refusal, Refusal))}
            for refusal in exchange["refusals"]
        ]
        return {**exchange, "refusals": refusals}

    async def refused(self, look: Look) -> Refusals:
        return await refusals(self._engine, look.sandbox)

    async def pair(self, look: Look, number: int) -> Json:
        """A request with its answer, explanation, and a curl command that sends it again. Raises ProblemAnswer."""
        exchange = _exchange(await self.get(look, f"requests/{number}"))
        why = await self.get(look, f"requests/{number}/explain")
        again = raw_text.request_of(exchange, self._engine.providers[exchange["provider"]], look.sandbox.name)
        return {"exchange": exchange, "why": why, "curl": curl(again, look.root, " \\\n  ")}

    async def callbacks(self, look: Look, before: str = "") -> Json:
        """Callbacks that fit the filters in the query, newest first, with numbers below ``before`` (empty: all).

        ``more``: the ``before`` of the following page; None: there is none. ``asked``: the filters.
        """
        asked = {name: look.query.get(name, "") for name in FILTERS}
        page = await self.get(look, "callbacks", order="newest", total="false", limit=CALLBACKS, before=before, **asked)
        rows = [self._callback(look, callback) for callback in page["callbacks"]]
        return {"callbacks": rows, "more": page["next"], "asked": asked}

    async def callback(self, look: Look, number: int) -> Json:
        """A callback with its explanation. Raises ProblemAnswer."""
        return {
            "one": self._callback(look, await self.get(look, f"callbacks/{number}")),
            "why": await self.get(look, f"callbacks/{number}/explain"),
        }

    def _callback(self, look: Look, callback: Json) -> Json:
        """A callback with ``to``: the number of the phone; empty: what it reports on does not exist any more."""
        row = self._engine.store.callbacks.by_key(look.sandbox.base + callback["number"])
        about = None if row is None else subject_of(self._engine.store, row)
        who = about.to if isinstance(about, Message) else about.sender if about is not None else ""
        return {**callback, "to": who, "failing": row is not None and row.failing}

    async def lint(self, look: Look) -> Json:
        found = await self.get(look, "lint")
        return {**found, "lines": min(look.sandbox.journal, MOST_LINTED), "providers": self._engine.providers}

    async def coverage(self, look: Look) -> Json:
        """The coverage of the sandbox, and the catalogue of one provider with how often each entry occurred.

        The provider is that of the query, else the one with the most entries that occurred. Raises Unknown.
        """
        found = await self.get(look, "coverage")
        shares = found["providers"]
        name = look.query.get("provider") or max(shares, key=lambda name: int(shares[name]["seen"]))
        if name not in self._engine.providers:
            raise Unknown(f"there is no provider {name!r}")
        contract, times = self._engine.providers[name].contract, found["providers"][name]
        errors = [
            {"key": key, "status": error.status, "times": times["errors"]["times"][key], "provenance": error.provenance}
            for key, error in contract.errors.items()
        ]
        outcomes = [
            {
                "key": word,
                "kind": status.kind,
                "times": times["outcomes"]["times"][word],
                "provenance": status.provenance,
            }
            for word, status in contract.statuses.items()
        ]
        providers = self._engine.providers
        return {"coverage": found, "name": name, "errors": errors, "outcomes": outcomes, "providers": providers}

    def is_long(self, look: Look) -> bool:
        """Whether the sandbox has so many rows that results about all of them are loaded after the page."""
        lowest, highest = self._engine.store.messages.bounds(look.sandbox.number)
        return look.sandbox.journal > LONG or highest - lowest > LONG

    async def scenario(self, look: Look) -> Json:
        return _scenario(await self.get(look, "scenario"))


def _exchange(exchange: Json) -> Json:
    """An exchange with the members that the control API leaves out because they are empty."""
    empty: Json = {"query": "", "answer_headers": [], "messages": [], "refusals": [], "notes": [], "endpoint": ""}
    return {**empty, **exchange}


def _scenario(scenario: Json) -> Json:
    """The scenario with ``hidden`` in each rule: it is of a magic recipient and never decided; only counted."""
    magic = ("schemas/", "scenarios/magic.yaml:")
    rules = [{**rule, "hidden": not rule["decided"] and rule["place"].startswith(magic)} for rule in scenario["rules"]]
    return {**scenario, "rules": rules}
