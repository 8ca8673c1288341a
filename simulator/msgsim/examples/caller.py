"""An application that has everything: credentials, samples, and a simulator to itself."""

import re
from base64 import b64encode
from collections.abc import Iterable, Iterator
from itertools import islice, product
from urllib.parse import urlencode

import msgspec
from msgspec import Struct

from msgsim.config import Config
from msgsim.contract import Error
from msgsim.engine.receive import Engine
from msgsim.model import Call, Json, Reply
from msgsim.provider import AnySend, Endpoint, Provider, SendMany, discover
from msgsim.storage.store import Store

CLOCK = "frozen@2026-01-01T00:00:00Z"
MOST_TRIES = 200
"""Values tried for the ``{names}`` of a path before its good answer is left without an example."""


class Answered(Struct, frozen=True):
    """A request's body and what it was answered."""

    request: Json
    reply: Reply

    @property
    def json(self) -> Json:
        """A text where the answer is none."""
        if not self.reply.body:
            return None
        return msgspec.json.decode(self.reply.body) if "json" in self.reply.media else self.reply.body.decode()


class Caller:
    """Asks one provider, in a sandbox whose clock stands still: the answers are the same each time."""

    def __init__(self, provider: Provider) -> None:
        self.provider = provider
        self.engine = Engine(Config(clock=CLOCK, seed=1), Store(None), discover())
        self.security, self.headers = _credentials(provider)

    def fresh(self) -> None:
        self.engine.open("default")

    def ask(
        self, method: str, path: str, body: Json = None, headers: dict[str, str] | None = None, query: str = ""
    ) -> Answered:
        raw = body if isinstance(body, bytes) else b"" if body is None else msgspec.json.encode(body)
        given = self.headers if headers is None else headers
        sent = {"content-type": "application/json", **{name.lower(): value for name, value in given.items()}}
        return Answered(body, self.engine.receive(Call(method, path, query, sent, raw)))

    def samples(self, endpoint: Endpoint) -> list[Json]:
        """Good bodies; one None where there is no body."""
        if not endpoint.schema:
            return [None]
        examples: list[Json] = self.provider.contract.schema(endpoint.schema).document.get("examples", [])
        return examples

    def good(self, endpoint: Endpoint) -> list[Answered]:
        """What each sample is answered."""
        if isinstance(endpoint, AnySend) and endpoint.method == "GET":
            asked = [self.ask("GET", endpoint.path, query=urlencode(sample)) for sample in self.samples(endpoint)]
        else:
            bodies = [*self.samples(endpoint), *self._spoiled(endpoint)]
            asked = [self.ask(endpoint.method, endpoint.path, body) for body in bodies]
        return [one for one in asked if one.reply.status < 400]

    def _spoiled(self, endpoint: Endpoint) -> Iterator[Json]:
        """A batch with bad items beside the good ones, where that is no reason to refuse it."""
        if isinstance(endpoint, SendMany) and endpoint.partial:
            sample = self.samples(endpoint)[0]
            if isinstance(sample, list):
                yield [*sample, {}, []]
            elif place := self.place_of_items(endpoint):
                yield {**sample, place: [*sample[place], {}, []]}

    def place_of_items(self, endpoint: SendMany) -> str:
        """The member of a body that holds its items; empty when the body itself does."""
        sample = self.samples(endpoint)[0]
        if isinstance(sample, list):
            return ""
        count = len(endpoint.items(sample))
        return next((name for name, value in sample.items() if isinstance(value, list) and len(value) == count), "")

    def refused_at(self, endpoint: Endpoint, error: Error) -> Answered:
        """What an error looks like here, whatever brings it about."""
        path = re.sub(r"{\w+}", "1", endpoint.path)
        return self.ask(endpoint.method, path, headers={**self.headers, "x-sim-outcome": error.key})

    def refused(self, error: Error) -> Answered:
        """What an error looks like, by its own example where there is one."""
        if (example := error.example) is not None:
            body = example["body"].encode() if "body" in example else example.get("json")
            query = example.get("query", "")
            if not isinstance(query, str):
                query = urlencode(query)
            self.fresh()
            answered = self.ask(example["method"], example["path"], body, example.get("headers"), query)
            if answered.reply.status == error.status:
                return answered
        send = next(endpoint for endpoint in self.provider.endpoints if isinstance(endpoint, AnySend))
        self.fresh()
        given = {**self.headers, "x-sim-outcome": error.key}
        return self.ask(send.method, send.path, self.samples(send)[0], given)

    def found(self, endpoint: Endpoint, known: Iterable[list[Answered]]) -> list[Answered]:
        """Good answers at a path with ``{names}``: values that other requests and answers have under such a name.

        One of each form that reading gives; what changes something is done once.
        """
        leaves = [leaf for answers in known for one in answers for leaf in _leaves([one.request, one.json])]
        names = re.findall(r"{(\w+)}", endpoint.path)
        choices = []
        for name in names:
            fitting = [value for key, value in leaves if key.lower().endswith(name.lower())]
            choices.append(list(dict.fromkeys([*fitting, *(value for _, value in leaves)])))
        good: dict[frozenset[str], Answered] = {}
        for values in islice(product(*choices), MOST_TRIES):
            path = endpoint.path
            for name, value in zip(names, values, strict=True):
                path = path.replace(f"{{{name}}}", value)
            for sample in self.samples(endpoint):
                answered = self.ask(endpoint.method, path, sample)
                if answered.reply.status < 400:
                    good.setdefault(frozenset(name for name, _ in _leaves(answered.json)), answered)
            if good and endpoint.method != "GET":
                break
        return list(good.values())


def _leaves(value: Json, name: str = "") -> Iterator[tuple[str, str]]:
    """Every text and number with the name of its member, without what no path can hold."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner, name)
    elif isinstance(value, str | int) and not isinstance(value, bool) and re.fullmatch(r"[\w.-]+", str(value)):
        yield name, str(value)


def _credentials(provider: Provider) -> tuple[dict[str, Json], dict[str, str]]:
    """Security schemes and headers: whatever of the usual ways the provider knows its caller by."""
    issued = provider.credentials("default")
    values = list(issued.values())
    basic = {"authorization": "Basic " + b64encode(":".join(values[:2]).encode()).decode()}
    if provider.identify(_call(basic)) is not None:
        return {"basic": {"type": "http", "scheme": "basic"}}, basic
    for value in reversed(values):
        bearer = {"authorization": f"Bearer {value}"}
        if provider.identify(_call(bearer)) is not None:
            return {"bearer": {"type": "http", "scheme": "bearer"}}, bearer
    headers = {name.lower(): value for name, value in issued.items()}
    return {name: {"type": "apiKey", "in": "header", "name": name} for name in issued}, headers


def _call(headers: dict[str, str]) -> Call:
    return Call("POST", "/", "", headers, b"")
