"""Reserved ("magic") recipients: one for each documented error and status, generated from the catalogues."""

from collections.abc import Mapping

from msgspec import Struct

from msgsim.contract import Contract, Error
from msgsim.model import Beat
from msgsim.provider import AnySend, Provider
from msgsim.scenarios.rule import Outcome, Respond, Rule, one_of

MAGIC_BLOCK = "+15005551"
"""First digits of all reserved numbers."""


class Terms(Struct, frozen=True):
    """The names of one provider that scenarios may use."""

    contract: Contract
    endpoints: tuple[str, ...]
    channels: tuple[str, ...]
    phones: bool = True
    sends: frozenset[str] = frozenset()
    """The endpoints that take messages on."""
    reports: bool = True
    """The provider sends callbacks."""
    receives: bool = True
    """The provider has inbound messages."""
    apis: Mapping[str, str] = {}
    """Endpoint → its API, for endpoints of APIs other than the provider's first."""

    def possible(self, endpoint: str = "") -> Mapping[str, Error]:
        """Key → error, for the errors of an endpoint's API; without an endpoint, for all errors."""
        return self.contract.of(self.apis.get(endpoint, "")).errors if endpoint else self.contract.errors


def terms_of(provider: Provider) -> Terms:
    """The terms of a provider. Raises BadCatalogue."""
    for voice in provider.voices():
        voice.contract.require(provider.strict)
    return Terms(
        provider.contract,
        endpoints=tuple(dict.fromkeys(endpoint.name for endpoint in provider.endpoints)),
        channels=provider.channels,
        phones=provider.phones,
        sends=frozenset(endpoint.name for endpoint in provider.endpoints if isinstance(endpoint, AnySend)),
        reports=provider.callbacks is not None,
        receives=provider.receive is not None,
        apis={endpoint.name: api.name for api in provider.apis for endpoint in api.endpoints},
    )


def magic_number(number: int) -> str:
    """The reserved number of an outcome: ``+1 500 555 1nnn``."""
    return f"{MAGIC_BLOCK}{number:03d}"


def magic_id(key: str) -> str:
    """The reserved recipient of an outcome for providers whose recipients are not phone numbers."""
    return f"SIM-{key.upper().replace('_', '-')}"


def magic_recipients(key: str, number: int, terms: Terms) -> tuple[str, ...]:
    """Both reserved recipients of an outcome, the usual form for this provider first."""
    both = (magic_number(number), magic_id(key))
    return both if terms.phones else both[::-1]


def magic_rules(terms: Mapping[str, Terms]) -> list[Rule]:
    """The rules of all errors and statuses in the catalogues that have a ``magic`` number."""
    rules: list[Rule] = []
    for name, words in terms.items():
        for error in words.contract.errors.values():
            if error.magic is not None:
                api = error.key.rpartition(".")[0]
                file = f"schemas/{name}/{f'{api}/' if api else ''}errors.yaml"
                answer = Outcome(respond=Respond(error=error.key))
                rules += _magic(name, words, error.key, error.magic, answer, file)
        for status in words.contract.statuses.values():
            if status.magic is not None:
                outcome = Outcome(deliver=life(status.word, words.contract))
                catalogue = f"schemas/{name}/statuses.yaml"
                rules += _magic(name, words, status.word, status.magic, outcome, catalogue, status.channels)
    return rules


def life(word: str, contract: Contract) -> tuple[Beat, ...]:
    """The shortest sequence of statuses that ends in ``word``, a status of the provider."""
    status = contract.statuses[word]
    before = ["sent", "delivered"] if status.kind == "seen" else [status.after] if status.after else []
    beats = [Beat(200 * (place + 1), neutral) for place, neutral in enumerate(before)]
    return (*beats, Beat(1000, word))


def _magic(
    name: str, terms: Terms, key: str, number: int, outcome: Outcome, file: str, channels: tuple[str, ...] = ()
) -> list[Rule]:
    tests = (one_of(channels),) if channels else ()
    return [
        Rule(0, f"{file}: {key}", {"provider": name, "to": to}, outcome, tests, provider=name, exact_to=to)
        for to in magic_recipients(key, number, terms)
    ]


def recipient(to: str) -> str:
    """A recipient as rules are indexed by it: numbers without plus; ``sim-failed@example.com`` as ``SIM-FAILED``."""
    if to[:1] in ("s", "S") and to[:4].lower() == "sim-":
        return to.partition("@")[0].upper()
    return to.removeprefix("+")
