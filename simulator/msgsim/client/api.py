"""The control API as methods, each of which builds one `Request` and hands it to whoever sends it.

`Client` and `AsyncClient` are an `Api` each: of the one, a method returns the answer, of the other something to be
awaited. Every method raises Unreachable, and Problem with what the server says is wrong; its documentation names what
is particular to it. Shapes of answers are in `msgsim.client.answers`.
"""

import json
from urllib.parse import quote, urlencode

from msgsim.client import answers
from msgsim.client.clock import SandboxClock
from msgsim.client.lists import Callbacks, Messages, Requests
from msgsim.client.request import POSTING, Call, Json, Part, Request, S, member, posting, whole
from msgsim.client.sandboxes import Sandboxes, part_of, texts, variables
from msgsim.client.sink import Sink

__tracebackhide__ = True
"""A failed test shows its own line, and none of this module."""

__all__ = ["Api", "Json"]


class Api(Part[S]):
    """One sandbox of one server."""

    def __init__(self, send: S, url: str, name: str) -> None:
        super().__init__(send)
        self.url = url
        """Of the server."""
        self.name = name
        """The sandbox; an application without its credentials gets there by the header ``X-Sim-Sandbox``."""
        self.messages = Messages(send)
        self.requests = Requests(send)
        self.callbacks = Callbacks(send)
        self.clock = SandboxClock(send)
        self.sandboxes = Sandboxes(send)

    # What the application gets

    @Call
    def base_url(self, provider: str) -> Request[str]:
        """What the application gets as the provider's address. Raises LookupError for an unknown provider."""
        return Request("GET", self._path, part_of("base_urls", provider))

    @Call
    def credentials(self, provider: str) -> Request[answers.Credentials]:
        """What the application gets as its account: names as the provider calls them.

        Raises LookupError for an unknown provider.
        """
        return Request("GET", self._path, part_of("credentials", provider))

    @Call
    def environment(self) -> Request[dict[str, str]]:
        """What an application is told in variables: ``MESSENTE_BASE_URL``, ``MESSENTE_USERNAME``, ...

        Each is the provider's name and the name the provider has for it; MSGSIM_URL and MSGSIM_SANDBOX come along.
        """
        return Request("GET", self._path, variables(self.url))

    @property
    def _path(self) -> str:
        return f"sandboxes/{quote(self.name, '')}"

    def sink(self, name: str = "callbacks") -> Sink[S]:
        """A receiver of callbacks inside the simulator, of that name; nothing is sent for it."""
        url = f"{self.url}/__sim/sink/{quote(name, '')}?{urlencode({'sandbox': self.name})}"
        return Sink(self._send, name, url)

    @Call
    def sinks(self) -> Request[list[answers.SinkSummary]]:
        """Names of the sinks, and how many posts each has."""
        return Request("GET", "sinks", member("sinks"))

    @Call
    def interception(self) -> Request[answers.Interception]:
        """Open TLS and the proxy where they are not open yet, and say where they are.

        Raises Problem (409) where a port cannot be opened.
        """
        return Request("POST", "intercept", whole)

    # What decides

    @Call
    def scenario(self) -> Request[answers.Scenario]:
        """What is loaded, each rule with how often it decided."""
        return Request("GET", "scenario", whole)

    @Call
    def scenarios(self) -> Request[list[answers.ShippedScenario]]:
        """The shipped scenarios."""
        return Request("GET", "scenarios", member("scenarios"))

    @Call
    def check_scenario(self, text: str) -> Request[answers.CheckedScenario]:
        """What is wrong with a scenario's text (YAML), and what its rules say; nothing is loaded."""
        return Request("POST", "scenarios/check", whole, body=text)

    @Call
    def choose(self, *names: str) -> Request[answers.Scenario]:
        """Files or shipped scenarios, tried in order; none for the happy path alone.

        A file of this machine is read here and sent; other names are those that the server has. Raises OSError for a
        file that cannot be read, and Problem (400) with the mistakes of a scenario.
        """
        return Request("PUT", "scenario", whole, body={"names": [*names], **texts(names)})

    @Call
    def tell(self, text: str) -> Request[answers.Scenario]:
        """A scenario of one's own, as YAML. Raises Problem (400) with its mistakes."""
        return Request("PUT", "scenario", whole, body=text)

    @Call
    def settings(self) -> Request[answers.Settings]:
        """Of every provider in this sandbox; secrets are shown as ``***``."""
        return Request("GET", "settings", whole)

    @Call
    def configure(self, settings: answers.Settings) -> Request[answers.Settings]:
        """Settings of the providers that are named: ``{"messente": {"callback_url": ...}}``; all as they are now.

        What is left out goes back to the server's. Raises Problem (400).
        """
        return Request("PUT", "settings", whole, body=settings)

    @Call
    def errors(self, provider: str = "") -> Request[answers.Errors]:
        """Every documented error and status, and the recipient that brings it about. Raises Problem (400)."""
        return Request("GET", "errors", whole, _given(provider=provider))

    # What happens

    @Call
    def inbound(self, provider: str, sender: str, to: str, text: str) -> Request[answers.WholeInbound]:
        """A phone writes to the application; its callback is posted before this returns. Raises Problem (400, 404)."""
        asked = {"provider": provider, "from": sender, "to": to, "text": text}
        return posting("inbound", whole, asked)

    @Call
    def inbox(self) -> Request[list[answers.Inbound]]:
        """What phones wrote to the application, oldest first."""
        return Request("GET", "inbound", member("inbound"))

    @Call
    def sample(self, provider: str = "", count: int = 1, seed: int | None = None) -> Request[list[answers.SentSample]]:
        """Send realistic sample traffic, the same for the same seed; what was sent. Raises Problem (400)."""
        asked = {"provider": provider, "count": count, "seed": seed}
        body = {name: value for name, value in asked.items() if value not in ("", None)}
        return Request("POST", "sample", member("sent"), body=body)

    @Call
    def reset(self) -> Request[answers.ClockState]:
        """Empty the sandbox: the same seed, settings and scenario, and the clock where it stands.

        Where a seed was given, the same requests bring the same ids again; else ids go on.
        """
        return Request("POST", "reset", whole)

    @Call
    def reseed(self, seed: int) -> Request[answers.Sandbox]:
        """From now on everything that looks random follows from another number."""
        return Request("POST", "seed", whole, body={"seed": seed})

    # What happened

    @Call
    def health(self) -> Request[answers.Health]:
        """Whether the simulator runs, and what is loaded."""
        return Request("GET", "health", whole)

    @Call
    def ready(self) -> Request[answers.Ready]:
        """Whether it can answer. Raises Problem (503) while the store cannot be asked."""
        return Request("GET", "ready", whole)

    @Call
    def coverage(self, provider: str = "", alone: bool = False) -> Request[answers.Coverage]:
        """Which documented errors and outcomes were seen since the server started: in all sandboxes, or in this one.

        Raises Problem (400) for an unknown provider.
        """
        return Request("GET", "coverage", whole, _given(provider=provider, sandbox=self.name if alone else ""))

    @Call
    def scenario_schema(self) -> Request[dict[str, Json]]:
        """The JSON Schema of scenario files."""
        return Request("GET", "schemas/scenario.json", whole)

    @Call
    def settings_schema(self) -> Request[dict[str, Json]]:
        """The JSON Schema of the settings file."""
        return Request("GET", "schemas/config.json", whole)

    @Call
    def lint(self) -> Request[list[answers.Finding]]:
        """What the application does that a provider would frown at."""
        return Request("GET", "lint", member("findings"))

    @Call
    def journal(self) -> Request[list[answers.Entry]]:
        """Everything that happened, oldest first."""
        return Request("GET", "journal.jsonl", _lines)

    @Call
    def bundle(self) -> Request[str]:
        """Everything that was asked and what came of it, to be done again by ``msgsim replay``; JSON Lines.

        Raises Problem (409) where the beginning of the journal is gone.
        """
        return Request("GET", "bundle", whole, seconds=POSTING)

    @Call
    def har(self) -> Request[answers.Archive]:
        """The exchanges as an HTTP archive, for a browser's network panel."""
        return Request("GET", "journal.har", whole)


def _given(**filters: str) -> dict[str, str]:
    return {name: value for name, value in filters.items() if value}


def _lines(text: str) -> list[answers.Entry]:
    return [json.loads(line) for line in text.splitlines()]
