"""Sends good and bad requests to each endpoint, and collects the answers as examples for the OpenAPI documents."""

import re
from collections.abc import Iterable, Iterator
from itertools import chain, islice, product
from urllib.parse import urlencode

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from msgsim.contract import Error
from msgsim.examples.catalogue import of_error
from msgsim.examples.memory import InMemory
from msgsim.examples.request import Example
from msgsim.examples.samples import request_to
from msgsim.model import Json, Reply
from msgsim.provider import AnySend, Endpoint, Provider, SendMany

MOST_TRIES = 200
"""Attempts to find values for the ``{names}`` of a path; after them the endpoint has no example of a good answer."""


class Answered(Struct, frozen=True):
    """The body of a request, and the answer."""

    request: Json
    reply: Reply

    @property
    def json(self) -> Json:
        """The answer's JSON; a text if it is not JSON; None if it is empty."""
        if not self.reply.body:
            return None
        return msgspec.json.decode(self.reply.body) if "json" in self.reply.media else self.reply.body.decode()


class Answers:
    """Sends requests to one provider in a sandbox with a frozen clock, so that the answers are the same each time."""

    def __init__(self, provider: Provider) -> None:
        self.provider = provider
        self._memory = InMemory()

    def fresh(self) -> None:
        """Replace the sandbox by an empty one."""
        self._memory.fresh()

    def close(self) -> None:
        self._memory.close()

    def ask(
        self, endpoint: Endpoint, body: Json = None, path: str = "", headers: dict[str, str] | None = None
    ) -> Answered:
        """Send a request to an endpoint; ``path``: its path with values for the ``{names}``, empty: each is ``1``."""
        return self._asked(request_to(self.provider, endpoint, body, headers=headers, path=path), body)

    def _asked(self, example: Example, body: Json = None) -> Answered:
        return Answered(body, self._memory.receive(example.call()).reply)

    def samples(self, endpoint: Endpoint) -> list[Json]:
        """Valid bodies, from the schema; ``[None]`` for an endpoint without a schema."""
        if not endpoint.schema:
            return [None]
        examples: list[Json] = self.provider.contract.schema(endpoint.schema).document.get("examples", [])
        return examples

    def good(self, endpoint: Endpoint) -> list[Answered]:
        """The answers to the samples, and to batches with some bad items, without refusals."""
        if isinstance(endpoint, AnySend) and endpoint.method == "GET":
            bare = request_to(self.provider, endpoint)
            asked = [self._asked(replace(bare, query=urlencode(sample)), sample) for sample in self.samples(endpoint)]
        else:
            asked = [self.ask(endpoint, body) for body in (*self.samples(endpoint), *self._spoiled(endpoint))]
        return [answered for answered in asked if answered.reply.status < 400]

    def _spoiled(self, endpoint: Endpoint) -> Iterator[Json]:
        """A batch with good and bad items, if the endpoint accepts the good ones (``partial``)."""
        if isinstance(endpoint, SendMany) and endpoint.partial:
            sample = self.samples(endpoint)[0]
            bad: list[Json] = [{}, [], dict.fromkeys(self.provider.recipients, 1.5)]  # An echoed value may be a number.
            if isinstance(sample, list):
                yield [*sample, *bad]
            elif place := self.place_of_items(endpoint):
                yield {**sample, place: [*sample[place], *bad]}

    def place_of_items(self, endpoint: SendMany) -> str:
        """The member of a body with the list of its items; empty: the body is this list."""
        sample = self.samples(endpoint)[0]
        if isinstance(sample, list):
            return ""
        count = len(endpoint.items(sample))
        return next((name for name, value in sample.items() if isinstance(value, list) and len(value) == count), "")

    def place_of_item(self, endpoint: SendMany) -> str:
        """The member of a body that is its only item; empty: there is none."""
        sample = self.samples(endpoint)[0]
        items = [] if isinstance(sample, list) else endpoint.items(sample)
        return next((name for name, value in sample.items() if [value] == items), "") if items else ""

    def refused_at(self, endpoint: Endpoint, error: Error) -> Answered:
        """An error as this endpoint answers it, caused by the header ``X-Sim-Outcome``."""
        return self.ask(endpoint, headers={"X-Sim-Outcome": error.key})

    def refused(self, error: Error) -> Answered:
        """The answer to the example of an error in the catalogue, in a fresh simulator."""
        self.fresh()
        return self._asked(of_error(self.provider, error))

    def found(self, endpoint: Endpoint, known: Iterable[list[Answered]]) -> list[Answered]:
        """Good answers of an endpoint whose path has ``{names}``.

        ``known``: requests and answers of other endpoints; values of members with such a name are tried. One answer for
        each set of members; of an endpoint that changes something only one answer.
        """
        leaves = [
            leaf for answers in known for answered in answers for leaf in _leaves([answered.request, answered.json])
        ]
        names = re.findall(r"{(\w+)}", endpoint.path)
        values = list(dict.fromkeys(value for _, value in leaves))
        fitting = [[value for key, value in leaves if key.lower().endswith(name.lower())] for name in names]
        tries = chain(product(*map(dict.fromkeys, fitting)), product(*(values for _ in names)))
        good: dict[frozenset[str], Answered] = {}
        for chosen in islice(tries, MOST_TRIES):
            path = endpoint.path
            for name, value in zip(names, chosen, strict=True):
                path = path.replace(f"{{{name}}}", value)
            for sample in self.samples(endpoint):
                answered = self.ask(endpoint, sample, path)
                if answered.reply.status < 400:
                    good.setdefault(frozenset(name for name, _ in _leaves(answered.json)), answered)
            if good and endpoint.method != "GET":
                break
        return list(good.values())


def _leaves(value: Json, name: str = "") -> Iterator[tuple[str, str]]:
    """(name of the member, value as text) of all texts and numbers that can be part of a path."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner, name)
    elif isinstance(value, str | int) and not isinstance(value, bool) and re.fullmatch(r"[\w.+-]+", str(value)):
        yield name, str(value)
