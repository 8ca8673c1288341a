"""What the scenarios page shows: what is loaded in which order, and what a shipped one would do."""

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
    """Of one sandbox at a time."""

    def __init__(self, engine: Engine, contents: Contents) -> None:
        self._engine = engine
        self._contents = contents
        self._foreseen: dict[str, Json] = {}
        """By name: what ships stays as it is."""

    async def shown(self, look: Look) -> Json:
        """The list, which a provider in the address narrows, and what is loaded."""
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
        """One that ships. Raises Unknown."""
        if name not in shipped():
            raise Unknown(f"there is no scenario {name!r}")
        if name not in self._foreseen:
            self._foreseen[name] = await asyncio.to_thread(self._foresee, name)
        return {**await self.shown(look), "chosen": self._foreseen[name]}

    def _foresee(self, name: str) -> Json:
        """Its rules in words, what its ``expect`` shows, and the plan of what it sends first."""
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
    """The providers that the rules of a shipped scenario name; none where they are for all."""
    named: set[str] = set()
    for rule in read(name).value.get("rules", []):
        asked = rule.get("when", {}).get("provider")
        if asked is None:
            return frozenset()
        named |= {asked} if isinstance(asked, str) else set(asked)
    return frozenset(named)


def _asked(choice: Choice, names: tuple[str, ...]) -> Json:
    """The body that loads these."""
    return {"names": names, "texts": {name: text for name, text in choice.texts if name in names}}


def _moves(choice: Choice, place: int) -> Json:
    """A scenario that is loaded, and the bodies that take it away or try it one place earlier."""
    names = choice.names
    without = (*names[:place], *names[place + 1 :])
    earlier = (*names[: place - 1], names[place], names[place - 1], *names[place + 1 :]) if place else ()
    return {
        "name": names[place],
        "remove": _asked(choice, without),
        "earlier": _asked(choice, earlier) if earlier else None,
    }


def _expectation(written: Mapping[str, Json]) -> Json:
    """What is sent, and what is seen of it: pairs of a word and its value."""
    sent = [
        f"{key} {', '.join(value) if isinstance(value, list) else value_in_words(value)}"
        for key, value in written["send"].items()
        if key != "json"
    ]
    return {"send": "; ".join(sent), "seen": [(key, value) for key, value in written.items() if key != "send"]}


def _outlook(outlook: Json) -> Json:
    """The answer, and all that follows in order of time."""
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
    return "dropped" if not callback["leaves"] else ", ".join(callback["twists"])
