"""The contents of the page of scenarios: the loaded ones in their order, and what a shipped one would do."""

import asyncio
from collections.abc import Mapping
from functools import cache

from msgsim.engine.receive import Engine
from msgsim.examples.dry_run import foresee
from msgsim.examples.rehearsal import rehearse
from msgsim.model import Json, Unknown
from msgsim.scenarios.library import Choice, load, read, shipped
from msgsim.scenarios.reserved import terms_of
from msgsim.scenarios.scenario import ALWAYS_ON
from msgsim.scenarios.yaml import contents
from msgsim.web.control.causes import condition_in_words, in_words, value_in_words
from msgsim.web.control.resources import span
from msgsim.web.control.scenario_choice import own_rules
from msgsim.web.pages.contents import Contents
from msgsim.web.pages.look import Look


class ScenarioPages:
    """Reads what the page of scenarios shows, each time for the sandbox of a `Look`."""

    def __init__(self, engine: Engine, contents: Contents) -> None:
        self._engine = engine
        self._contents = contents
        self._foreseen: dict[str, Json] = {}
        """Name of a shipped scenario → result of `_foresee`; shipped scenarios do not change."""

    async def shown(self, look: Look) -> Json:
        """The shipped scenarios, only those for ``provider`` if the query names one, and the loaded ones.

        ``added``: gives the body of ``PUT scenario`` that adds a scenario by its name. ``chosen`` None: no scenario is
        shown in detail.
        """
        only = look.query.get("provider", "")
        listed = [scenario for scenario in shipped().values() if scenario.name not in ALWAYS_ON]
        choice = look.sandbox.saved.scenario
        return {
            "shipped": [one for one in listed if not only or not of(one.name) or only in of(one.name)],
            "only": only,
            "loaded": list(choice.names),
            "providers": self._engine.providers,
            "scenario": await self._contents.scenario(look),
            "moves": [_moves(choice, place) for place in range(len(choice.names))],
            "added": lambda name: _asked(choice, (*choice.names, name)),
            "chosen": None,
        }

    async def look(self, look: Look, name: str) -> Json:
        """The page with a shipped scenario in detail. Raises Unknown."""
        if name not in shipped():
            raise Unknown(f"there is no scenario {name!r}")
        if name not in self._foreseen:
            self._foreseen[name] = await asyncio.to_thread(self._foresee, name)
        return {**await self.shown(look), "chosen": self._foreseen[name]}

    def _foresee(self, name: str) -> Json:
        """The rules of a shipped scenario in words, its ``expect`` block, and a dry run of the first request in it.

        ``count``, ``failed``: number of expectations, and those that fail.
        """
        providers = self._engine.providers
        scenario = load(Choice((name,)), {name: terms_of(provider) for name, provider in providers.items()})
        (document,) = scenario.documents
        expected = document.value.get("expect", [])
        count, failed = rehearse(name)
        send = expected[0]["send"] if expected else {"provider": (sorted(of(name)) or list(providers))[0]}
        return {
            "name": name,
            "title": shipped()[name].title,
            "file": shipped()[name].shown,
            "text": contents(shipped()[name].file).decode(),
            "rules": [
                {"place": rule.place, "when": condition_in_words(rule.when), "outcome": in_words(rule.outcome)}
                for rule in own_rules(scenario)
            ],
            "expected": [_expectation(one) for one in expected],
            "count": count,
            "failed": [str(mistake) for mistake in failed],
            "send": send,
            "outlook": _outlook(foresee((name,), send)),
        }


@cache
def of(name: str) -> frozenset[str]:
    """The providers that the rules of a shipped scenario name; empty: at least one rule is for all providers."""
    named: set[str] = set()
    for rule in read(name).value.get("rules", []):
        asked = rule.get("when", {}).get("provider")
        if asked is None:
            return frozenset()
        named |= {asked} if isinstance(asked, str) else set(asked)
    return frozenset(named)


def _asked(choice: Choice, names: tuple[str, ...]) -> Json:
    """The body of ``PUT scenario`` that loads ``names``, with those of their texts that were sent."""
    return {"names": names, "texts": {name: text for name, text in choice.texts if name in names}}


def _moves(choice: Choice, place: int) -> Json:
    """A loaded scenario, and bodies of ``PUT scenario`` that remove it or move it one place up (None: it is first)."""
    names = choice.names
    without = (*names[:place], *names[place + 1 :])
    earlier = (*names[: place - 1], names[place], names[place - 1], *names[place + 1 :]) if place else ()
    return {
        "name": names[place],
        "remove": _asked(choice, without),
        "earlier": _asked(choice, earlier) if earlier else None,
    }


def _expectation(written: Mapping[str, Json]) -> Json:
    """An expectation: what is sent, in words, and what is expected as (key, value) pairs."""
    sent = [
        f"{key} {', '.join(value) if isinstance(value, list) else value_in_words(value)}"
        for key, value in written["send"].items()
        if key != "json"
    ]
    return {"send": "; ".join(sent), "seen": [(key, value) for key, value in written.items() if key != "send"]}


def _outlook(outlook: Json) -> Json:
    """A dry run with ``rows``: the statuses and callbacks in order of time, each with the time after the request."""
    events = [
        (step["after"], step["channel"], step["status"], step["kind"])
        for message in outlook["messages"]
        for step in message["plan"]
    ]
    events += [
        (callback["after"], "callback", callback["status"] or callback["kind"], _fate(callback))
        for callback in outlook["callbacks"]
    ]
    rows = [
        {"after": span(after), "what": what, "word": word, "kind": kind}
        for after, what, word, kind in sorted(events, key=lambda event: int(event[0]))
    ]
    return {**outlook, "rows": rows}


def _fate(callback: Json) -> str:
    """What a scenario does to a callback: ``dropped``, or its twists; empty: nothing."""
    return "dropped" if not callback["leaves"] else ", ".join(callback["twists"])
