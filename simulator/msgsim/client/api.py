"""The control API as methods, each of which builds one `Request` and passes it to the function that sends it.

`Client` and `AsyncClient` are subclasses of `Api`: a method of the first returns the answer, a method of the second a
coroutine. Every method raises Unreachable, and Problem with what the server says is wrong; its documentation names
further exceptions and HTTP statuses. Shapes of answers are in `msgsim.client.answers`.
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
"""pytest leaves this module out of tracebacks, so that a failed test shows its own line."""

__all__ = ["Api", "Json"]


class Api(Part[S]):
    """One sandbox of one server."""

    def __init__(self, send: S, url: str, name: str) -> None:
        super().__init__(send)
        self.url = url
        """The server's URL."""
        self.name = name
        """The sandbox's name. The header ``X-Sim-Sandbox`` selects it for an application without its credentials."""
        self.messages = Messages(send)
        self.requests = Requests(send)
        self.callbacks = Callbacks(send)
        self.clock = SandboxClock(send)
        self.sandboxes = Sandboxes(send)

    # What the application gets

    @Call
    def base_url(self, provider: str) -> Request[str]:
        """The base URL of a provider, for the application. Raises LookupError for an unknown provider."""
        return Request("GET", self._path, part_of("base_urls", provider))

    @Call
    def credentials(self, provider: str) -> Request[answers.Credentials]:
        """The credentials of this sandbox at a provider, for the application; names are those of the provider.

        Raises LookupError for an unknown provider.
        """
        return Request("GET", self._path, part_of("credentials", provider))

    @Call
    def environment(self) -> Request[dict[str, str]]:
        """Environment variables for an application: ``MESSENTE_BASE_URL``, ``MESSENTE_USERNAME``, ...

        A name is the provider's name and the provider's name for the value. MSGSIM_URL and MSGSIM_SANDBOX are included.
        """
        return Request("GET", self._path, variables(self.url))

    @property
    def _path(self) -> str:
        return f"sandboxes/{quote(self.name, '')}"

    def sink(self, name: str = "callbacks") -> Sink[S]:
        """The receiver of callbacks inside the simulator that has this name. This sends no request."""
        url = f"{self.url}/__sim/sink/{quote(name, '')}?{urlencode({'sandbox': self.name})}"
        return Sink(self._send, name, url)

    @Call
    def sinks(self) -> Request[list[answers.SinkSummary]]:
        """The sinks' names, and how many posts each has received."""
        return Request("GET", "sinks", member("sinks"))

    @Call
    def interception(self) -> Request[answers.Interception]:
        """Open the ports for TLS and the proxy, unless they are open; returns them, with host names and certificate.

        Raises Problem (409) if a port cannot be opened.
        """
        return Request("POST", "intercept", whole)

    # What decides

    @Call
    def scenario(self) -> Request[answers.Scenario]:
        """The loaded scenarios, and how often each of their rules has decided."""
        return Request("GET", "scenario", whole)

    @Call
    def scenarios(self) -> Request[list[answers.ShippedScenario]]:
        """The shipped scenarios."""
        return Request("GET", "scenarios", member("scenarios"))

    @Call
    def check_scenario(self, text: str) -> Request[answers.CheckedScenario]:
        """The mistakes in a scenario's text (YAML), and its rules in words; the scenario is not loaded."""
        return Request("POST", "scenarios/check", whole, body=text)

    @Call
    def choose(self, *names: str) -> Request[answers.Scenario]:
        """Load scenarios, files or shipped ones, that are tried in this order; no names: only the happy path applies.

        A file of this machine is read here and sent; other names are those of scenarios that the server has. Raises
        OSError for a file that cannot be read, and Problem (400) with the mistakes of a scenario.
        """
        return Request("PUT", "scenario", whole, body={"names": [*names], **texts(names)})

    @Call
    def tell(self, text: str) -> Request[answers.Scenario]:
        """Load a scenario from its text (YAML). Raises Problem (400) with its mistakes."""
        return Request("PUT", "scenario", whole, body=text)

    @Call
    def settings(self) -> Request[answers.Settings]:
        """The settings of every provider in this sandbox; secrets are ``***``."""
        return Request("GET", "settings", whole)

    @Call
    def configure(self, settings: answers.Settings) -> Request[answers.Settings]:
        """Replace the settings of the named providers: ``{"messente": {"callback_url": ...}}``; returns all settings.

        A setting of theirs that is left out gets the server's value again. Raises Problem (400).
        """
        return Request("PUT", "settings", whole, body=settings)

    @Call
    def errors(self, provider: str = "") -> Request[answers.Errors]:
        """Every documented error and status, and the recipient that causes it. Raises Problem (400)."""
        return Request("GET", "errors", whole, _given(provider=provider))

    # What happens

    @Call
    def inbound(self, provider: str, sender: str, to: str, text: str) -> Request[answers.WholeInbound]:
        """Send a message from a phone to the application; its callback is posted before this returns.

        ``sender`` is the phone's number. Raises Problem (400, 404).
        """
        asked = {"provider": provider, "from": sender, "to": to, "text": text}
        return posting("inbound", whole, asked)

    @Call
    def inbox(self) -> Request[list[answers.Inbound]]:
        """The messages from phones to the application, oldest first."""
        return Request("GET", "inbound", member("inbound"))

    @Call
    def sample(self, provider: str = "", count: int = 1, seed: int | None = None) -> Request[list[answers.SentSample]]:
        """Send realistic requests, the same for the same seed; returns them and the answers. Raises Problem (400)."""
        asked = {"provider": provider, "count": count, "seed": seed}
        body = {name: value for name, value in asked.items() if value not in ("", None)}
        return Request("POST", "sample", member("sent"), body=body)

    @Call
    def reset(self) -> Request[answers.ClockState]:
        """Empty the sandbox. Its seed, settings, scenarios and the time of its clock stay.

        If a seed was given for it, the same requests get the same ids as before; else ids continue.
        """
        return Request("POST", "reset", whole)

    @Call
    def reseed(self, seed: int) -> Request[answers.Sandbox]:
        """Replace the seed, from which everything that looks random is derived."""
        return Request("POST", "seed", whole, body={"seed": seed})

    # What happened

    @Call
    def health(self) -> Request[answers.Health]:
        """Whether the simulator runs, and what is loaded."""
        return Request("GET", "health", whole)

    @Call
    def ready(self) -> Request[answers.Ready]:
        """Whether the server can answer requests. Raises Problem (503) while its store cannot be reached."""
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
        """Habits of the application that a provider would object to."""
        return Request("GET", "lint", member("findings"))

    @Call
    def journal(self) -> Request[list[answers.Entry]]:
        """All entries of the journal, oldest first."""
        return Request("GET", "journal.jsonl", _lines)

    @Call
    def bundle(self) -> Request[str]:
        """A replay bundle, as JSON Lines: all requests and their results, for ``msgsim replay``.

        Raises Problem (409) if the beginning of the journal has been dropped.
        """
        return Request("GET", "bundle", whole, seconds=POSTING)

    @Call
    def har(self) -> Request[answers.Archive]:
        """Requests and answers as an HTTP archive, which the network panel of a browser can show."""
        return Request("GET", "journal.har", whole)


def _given(**filters: str) -> dict[str, str]:
    return {name: value for name, value in filters.items() if value}


def _lines(text: str) -> list[answers.Entry]:
    return [json.loads(line) for line in text.splitlines()]
