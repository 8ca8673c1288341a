"""The contents of the pages about APIs: the OpenAPI documents of the control API and of each provider, with forms."""

import re
from urllib.parse import parse_qsl, quote, urlencode

from msgspec import Struct
from msgspec.structs import replace

from msgsim.config import is_local
from msgsim.engine.receive import Engine
from msgsim.examples.request import Example, curl
from msgsim.examples.samples import request_to
from msgsim.model import Json, Unknown
from msgsim.provider import AnySend, Provider
from msgsim.web.control.description import described
from msgsim.web.control.provider_documents import document_of
from msgsim.web.pages.contents import Contents
from msgsim.web.pages.look import Look
from msgsim.web.pages.operations import Description, Drawn

CONTROL = "control"
"""Name of the control API in addresses."""
ROOT = "/__sim/v1"
"""Path of the control API, which its OpenAPI document omits."""
BETWEEN = " \\\n  "
"""Separates the options of a curl command, one per line."""
AUTHORIZED = '-H "Authorization: Bearer $MSGSIM_TOKEN"'
"""The token's variable instead of its value, which must not be in pages: scripts and screenshots would disclose it."""
UNKNOWN = "1"
"""The value of a path parameter for which no real one is known; `examples.samples` uses the same."""


class Form(Struct, frozen=True):
    """A request with initial values, to be edited and sent on the page, or sent by curl."""

    path: str
    """With ``{names}``."""
    values: dict[str, str]
    """Name of a parameter → initial value; other parameters begin empty."""
    headers: dict[str, str]
    fixed: dict[str, str]
    """Query parameters without a field in the form: credentials."""
    body: str
    """Empty: none."""
    cookies: bool
    """Whether the browser sends the cookies of the pages."""
    options: str
    """Options of curl besides method, headers and body."""
    curl: str
    """The curl command with the initial values."""


class DocsPages:
    """Reads what the pages about APIs show, each time for the sandbox of a `Look`."""

    def __init__(self, engine: Engine, contents: Contents) -> None:
        self._engine = engine
        self._contents = contents

    async def shown(self, look: Look) -> Json:
        """The contents of ``docs``, ``docs/{api}`` and ``docs/{api}/{operation}``. Raises Unknown.

        ``provider`` None: the control API. ``drawn`` and ``form`` None: no operation is chosen.
        """
        name, id = look.request.path_params.get("api", CONTROL), look.request.path_params.get("operation", "")
        provider = self._engine.providers.get(name)
        if provider is None and name != CONTROL:
            raise Unknown(f"there is no API {name!r}")
        description = Description(described() if provider is None else await document_of(provider))
        drawn = description.drawn(id) if id else None
        if id and drawn is None:
            raise Unknown(f"there is no operation {id!r} in the API {name!r}")
        titles = {} if provider is None else {voice.name: voice.title for voice in provider.voices()}
        return {
            "apis": [(CONTROL, "Control API"), *((one.name, one.title) for one in self._engine.providers.values())],
            "api": name,
            "provider": provider,
            "prefix": ROOT if provider is None else "",
            "info": description.document["info"],
            "groups": [(tag, titles.get(tag, tag), said, listed) for tag, said, listed in description.groups()],
            "source": "/__sim/openapi.json" if provider is None else f"/__sim/openapi/{name}.json",
            "drawn": drawn,
            "form": await self._form(look, provider, drawn) if drawn else None,
            "guarded": self._is_guarded,
        }

    async def _form(self, look: Look, provider: Provider | None, drawn: Drawn) -> Form:
        return await self._of_control(look, drawn) if provider is None else _of_provider(look, provider, drawn)

    async def _of_control(self, look: Look, drawn: Drawn) -> Form:
        """A request to the control API about the sandbox of the look; its path names rows that exist there."""
        path, name = f"{ROOT}{drawn.listed.path}", look.sandbox.name
        values = await self._known(look, drawn.listed.path)
        if name != "default":
            values["sandbox"] = name
        body = next(iter(drawn.bodies), None)
        headers: dict[str, str] = {"Content-Type": body.media} if body else {}
        text = next(iter(body.examples), "") if body else ""
        query = urlencode({"sandbox": name}) if name != "default" else ""
        example = Example(drawn.listed.method, _filled(path, values), headers, text, query)
        options = f"-o {drawn.download}" if drawn.download else "-iN" if drawn.is_stream else "-i"
        if self._is_guarded:
            options += f" {AUTHORIZED}"
        return Form(path, values, headers, {}, text, True, options, curl(example, look.root, BETWEEN, options))

    @property
    def _is_guarded(self) -> bool:
        """Whether the control API asks for a token."""
        return not is_local(self._engine.config.host)

    async def _known(self, look: Look, path: str) -> dict[str, str]:
        """Values for the ``{names}`` of a path such as ``/messages/{id}``, from the first row of that list.

        Each is UNKNOWN where the list is empty.
        """
        unknown = _unknown(path)
        listed = path.split("/")[1]
        if not unknown:
            return {}
        if listed == "sandboxes":
            return dict.fromkeys(unknown, look.sandbox.name)
        found = await self._contents.get(look, listed, limit="" if listed == "sinks" else 1)
        rows = found[listed]
        return {name: str(rows[0][name]) for name in unknown} if rows else unknown


def _of_provider(look: Look, provider: Provider, drawn: Drawn) -> Form:
    """A request to a provider, with an example of its schema and the credentials of the look's sandbox."""
    method, path = drawn.listed.method, drawn.listed.path
    endpoint = next(one for one in provider.endpoints if (one.method, one.path) == (method, path))
    schema = provider.contract.schema(endpoint.schema).document if endpoint.schema else {}
    sample = next(iter(schema.get("examples", ())), None)
    in_query = isinstance(endpoint, AnySend) and method == "GET"
    body, query = (None, sample) if in_query else (sample, None)
    example = request_to(provider, endpoint, body, look.sandbox.name, query=query)
    if example.body:
        example = replace(example, body=drawn.bodies[0].examples[0])
    else:
        example = replace(example, headers=_without(example.headers, "Content-Type"))
    asked = dict(parse_qsl(example.query))
    known = {parameter.name for parameter in drawn.parameters}
    return Form(
        path,
        _unknown(path) | {name: value for name, value in asked.items() if name in known},
        example.headers,
        {name: value for name, value in asked.items() if name not in known},
        example.body,
        False,
        "-i",
        curl(example, look.root, BETWEEN),
    )


def _without(headers: dict[str, str], name: str) -> dict[str, str]:
    return {key: value for key, value in headers.items() if key != name}


def _unknown(path: str) -> dict[str, str]:
    """Each ``{name}`` in a path → UNKNOWN."""
    return dict.fromkeys(re.findall(r"{(\w+)}", path), UNKNOWN)


def _filled(path: str, values: dict[str, str]) -> str:
    return re.sub(r"{(\w+)}", lambda found: quote(values[found[1]], safe=""), path)
