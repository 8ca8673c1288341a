"""Bodies of sample requests: with varied recipients and texts if Faker is installed (the extra ``samples``)."""

import re
from collections import defaultdict
from copy import deepcopy
from typing import TYPE_CHECKING

from msgsim.examples.leaves import Path, leaves, member, put
from msgsim.model import Json
from msgsim.provider import AnySend, Provider

if TYPE_CHECKING:
    from faker import Faker

HINT = "samples are the schemas' examples; for varied ones: pip install 'messaging-simulator[samples]'"
_NUMBER = re.compile(r"\+?[1-9]\d{6,14}", re.ASCII)


class Plain:
    """The examples of an endpoint's schema in turn; the seed says which is first."""

    varied = False

    def __init__(self, seed: int) -> None:
        self._turns: defaultdict[tuple[str, str], int] = defaultdict(lambda: seed)

    def body(self, provider: Provider, endpoint: AnySend) -> Json:
        examples = _examples(provider, endpoint)
        asked = (provider.name, endpoint.name)
        turn = self._turns[asked]
        self._turns[asked] = turn + 1
        return examples[turn % len(examples)]


class Varied:
    """Examples with replaced recipients and texts; a value that the schema would refuse is not replaced."""

    varied = True

    def __init__(self, fake: "Faker") -> None:
        self._fake = fake

    def body(self, provider: Provider, endpoint: AnySend) -> Json:
        schema = provider.contract.schema(endpoint.schema)
        body = deepcopy(self._fake.random_element(_examples(provider, endpoint)))
        for path, value in list(leaves(body)):
            new = self._instead(provider, path, value)
            if new != value:
                put(body, path, new)
                if not schema.accepts(body):
                    put(body, path, value)
        return body

    def _instead(self, provider: Provider, path: Path, value: str) -> str:
        name = member(path)
        if name in provider.recipients and _NUMBER.fullmatch(value):
            # The country and the length stay, so that the number stays possible.
            return f"{value[:-6]}{self._fake.random_number(6, fix_len=True)}"
        if name in provider.recipients and "@" in value:
            return str(self._fake.ascii_safe_email())
        return self._text() if name in provider.texts and "{{" not in value else value

    def _text(self) -> str:
        fake = self._fake
        first, city = fake.first_name(), fake.city()
        sentences = (
            f"Hello {first}, your order {fake.random_number(5, fix_len=True)} is on its way.",
            f"{fake.random_number(6, fix_len=True)} is your code.",
            f"{first}, your appointment in {city} is tomorrow at {fake.random_int(8, 18)}:00.",
            f"Thank you, {first}. Your parcel waits for you in {city}.",
        )
        return str(fake.random_element(sentences))


def variations(seed: int) -> Plain | Varied:
    """The source of bodies: the same for the same seed."""
    try:
        from faker import Faker  # A heavy import, and most servers never send a sample.
    except ImportError:
        return Plain(seed)
    fake = Faker("en_US")
    fake.seed_instance(seed)
    return Varied(fake)


def _examples(provider: Provider, endpoint: AnySend) -> list[Json]:
    found: list[Json] = provider.contract.schema(endpoint.schema).document["examples"]
    return found
