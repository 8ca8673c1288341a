"""Scenarios: routes that list the shipped ones, show and choose those of a sandbox, and check a text."""

from msgspec import Struct
from starlette.requests import Request

from msgsim.engine.sandbox import Sandbox
from msgsim.model import Json
from msgsim.scenarios import yaml
from msgsim.scenarios.library import Choice, find, load, shipped, shown
from msgsim.scenarios.reserved import terms_of
from msgsim.scenarios.rule import Rule
from msgsim.scenarios.scenario import ALWAYS_ON, Scenario
from msgsim.scenarios.yaml import BadFile
from msgsim.web.control import resources
from msgsim.web.control.causes import in_words
from msgsim.web.control.context import Context, body


class Names(Struct, forbid_unknown_fields=True):
    """The body of `choose` in JSON."""

    names: tuple[str, ...]
    """In the order in which their rules are tried."""
    texts: dict[str, str] = {}
    """Name → YAML, for scenarios that are sent along."""


async def listed(context: Context, request: Request) -> Json:
    """The shipped scenarios, without those that are always loaded."""
    found = [scenario for scenario in shipped().values() if scenario.name not in ALWAYS_ON]
    return {
        "scenarios": [{"name": scenario.name, "title": scenario.title, "file": scenario.shown} for scenario in found]
    }


async def show(context: Context, request: Request) -> Json:
    return _shown(context.sandbox(request))


async def choose(context: Context, request: Request) -> Json:
    """Choose scenarios by `Names`, or by YAML, which is then named ``scenario``. Raises BadFile.

    Answers the same as `show`, without the rules that are always loaded.
    """
    sandbox = context.sandbox(request)
    text = await request.body()
    if text.lstrip()[:1] == b"{":
        asked = await body(request, Names)
    else:
        asked = Names(("scenario",), {"scenario": text.decode()})
    context.engine.scenarios.choose(sandbox, context.engine.scenarios.offered(asked.names, asked.texts))
    chosen = _shown(sandbox)
    return {**chosen, "rules": [rule for rule in chosen["rules"] if rule["chosen"]]}


async def check(context: Context, request: Request) -> Json:
    """The rules of a YAML text in words, or its mistakes; the sandbox stays as it is."""
    text = (await request.body()).decode()
    terms = {name: terms_of(provider) for name, provider in context.engine.providers.items()}
    try:
        scenario = load(Choice(("scenario",), (("scenario", text),)), terms)
    except BadFile as error:
        return {"names": [], "mistakes": [str(mistake) for mistake in sorted(error.mistakes)], "rules": []}
    rules = [
        {"place": rule.place, "when": rule.when, "outcome": in_words(rule.outcome)} for rule in own_rules(scenario)
    ]
    return {"names": scenario.names, "mistakes": [], "rules": rules}


def own_rules(scenario: Scenario) -> list[Rule]:
    """The rules of the files of a scenario, without those that are always loaded."""
    files = tuple(f"{document.file}:" for document in scenario.documents)
    return [rule for rule in scenario.rules if rule.place.startswith(files)]


def _shown(sandbox: Sandbox) -> Json:
    choice = sandbox.saved.scenario
    return {**resources.scenario(sandbox), "files": [_file(name, choice) for name in choice.names]}


def _file(name: str, choice: Choice) -> Json:
    """A chosen scenario with its text: the one that was sent, or the file's as it is on the disk now.

    The loaded rules may be those of the file's last valid version. ``text`` None: it cannot be read (``reason``).
    """
    texts = dict(choice.texts)
    if name in texts:
        return {"file": name, "text": texts[name]}
    try:
        path = find(name)
        return {"file": shown(path), "text": yaml.contents(path).decode(errors="replace")}
    except (BadFile, OSError) as error:
        return {"file": name, "text": None, "reason": str(error)}
