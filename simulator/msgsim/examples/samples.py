"""Realistic requests, made from the schemas' examples and a seed; and what they are signed with."""

import re
from base64 import b64encode
from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from msgsim.contract import Schema
from msgsim.model import Call, Json
from msgsim.provider import AnySend, Provider

if TYPE_CHECKING:
    from faker import Faker

TEXTS = frozenset({"text", "messagetext", "messagebody", "subject", "templateparameters"})
RECIPIENTS = frozenset({"to", "destination", "recipient"})
_NUMBER = re.compile(r"\+?[1-9]\d{6,14}", re.ASCII)
Path = tuple[str | int, ...]


class Sample(Struct, frozen=True):
    """One request that its provider takes on."""

    provider: str
    endpoint: str
    call: Call


def headers_of(credentials: Mapping[str, str]) -> dict[str, str]:
    """What a sandbox's user puts into the client, as the client puts it into a request."""
    if "access_token" in credentials:
        return {"Authorization": f"Bearer {credentials['access_token']}"}
    if "username" in credentials:
        pair = f"{credentials['username']}:{credentials['password']}"
        return {"Authorization": f"Basic {b64encode(pair.encode()).decode()}"}
    return dict(credentials)


def sends(provider: Provider) -> list[AnySend]:
    """The endpoints whose body is made of a schema that has examples."""
    listed = (one for one in provider.endpoints if isinstance(one, AnySend) and one.method == "POST")
    return [one for one in listed if provider.contract.schema(one.schema).document.get("examples")]


def samples(providers: Mapping[str, Provider], sandbox: str, count: int, seed: int) -> Iterator[Sample]:
    """As many requests, each different, the same for the same seed."""
    from faker import Faker

    fake = Faker("en_US")
    fake.seed_instance(seed)
    choices = [(provider, endpoint) for provider in providers.values() for endpoint in sends(provider)]
    for number in range(count if choices else 0):
        provider, endpoint = choices[number % len(choices)]
        schema = provider.contract.schema(endpoint.schema)
        body = varied(fake.random_element(schema.document["examples"]), schema, fake)
        headers = {**headers_of(provider.credentials(sandbox)), "X-Sim-Sandbox": sandbox}
        headers |= {"Content-Type": "application/json", "User-Agent": "msgsim sample"}
        lower = {name.lower(): value for name, value in headers.items()}
        call = Call(endpoint.method, endpoint.path, "", lower, msgspec.json.encode(body))
        yield Sample(provider.name, endpoint.name, call)


def varied(example: Json, schema: Schema, fake: "Faker") -> Json:
    """An example with other recipients and texts; what the schema does not take stays as it was."""
    body = deepcopy(example)
    for path, value in list(_leaves(body)):
        new = _instead(path, value, fake)
        if new != value:
            _put(body, path, new)
            if not schema.accepts(body):
                _put(body, path, value)
    return body


def _leaves(value: Json, path: Path = ()) -> Iterator[tuple[Path, str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, (*path, key))
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from _leaves(inner, (*path, place))
    elif isinstance(value, str):
        yield path, value


def _put(body: Json, path: Path, value: str) -> None:
    for part in path[:-1]:
        body = body[part]
    body[path[-1]] = value


def _instead(path: Path, value: str, fake: "Faker") -> str:
    name = next((part.lower() for part in reversed(path) if isinstance(part, str)), "")
    if name in RECIPIENTS and _NUMBER.fullmatch(value):
        # The country and the length stay, so that the number stays possible.
        return f"{value[:-6]}{fake.random_number(6, fix_len=True)}"
    if name in RECIPIENTS and "@" in value:
        return str(fake.ascii_safe_email())
    if name in TEXTS and "{{" not in value:
        first, city = fake.first_name(), fake.city()
        sentences = (
            f"Hello {first}, your order {fake.random_number(5, fix_len=True)} is on its way.",
            f"{fake.random_number(6, fix_len=True)} is your code.",
            f"{first}, your appointment in {city} is tomorrow at {fake.random_int(8, 18)}:00.",
            f"Thank you, {first}. Your parcel waits for you in {city}.",
        )
        return str(fake.random_element(sentences))
    return value
