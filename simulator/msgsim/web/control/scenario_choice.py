"""Which rules decide in a sandbox, and which are shipped."""

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
    """In the order in which they are tried; ``texts`` has the YAML of those that the server does not have."""

    names: tuple[str, ...]
    texts: dict[str, str] = {}


async def listed(context: Context, request: Request) -> Json:
    found = [scenario for scenario in shipped().values() if scenario.name not in ALWAYS_ON]
    return {
        "scenarios": [{"name": scenario.name, "title": scenario.title, "file": scenario.shown} for scenario in found]
    }


async def show(context: Context, request: Request) -> Json:
    return _shown(context.sandbox(request))


async def choose(context: Context, request: Request) -> Json:
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
    """What a text says, and what is wrong with it; nothing is loaded."""
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
    """Those of its files, without what is always on."""
    files = tuple(f"{document.file}:" for document in scenario.documents)
    return [rule for rule in scenario.rules if rule.place.startswith(files)]


def _shown(sandbox: Sandbox) -> Json:
    choice = sandbox.saved.scenario
    return {**resources.scenario(sandbox), "files": [_file(name, choice) for name in choice.names]}


def _file(name: str, choice: Choice) -> Json:
    """As it is on the disk now; the rules that hold may be those of its last good version."""
    texts = dict(choice.texts)
    if name in texts:
        return {"file": name, "text": texts[name]}
    try:
        path = find(name)
        return {"file": shown(path), "text": yaml.contents(path).decode(errors="replace")}
    except (BadFile, OSError) as error:
        return {"file": name, "text": None, "reason": str(error)}
