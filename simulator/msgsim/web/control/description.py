"""The description of the control API: served, shown as a page, and used to find misspelled query parameters."""

from functools import cache
from html import escape

import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from msgsim import __version__
from msgsim.config import data_folder, read_own
from msgsim.examples import schemas
from msgsim.model import Json
from msgsim.scenarios.yaml import suggestion
from msgsim.web.control.context import Context, answer

STYLE = """
:root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 18%, transparent); }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
h2 { margin-top: 2.5rem; } code, pre { font: 0.875rem/1.5 ui-monospace, monospace; }
details { border: 1px solid var(--line); border-radius: 8px; margin: 0.5rem 0; }
summary { cursor: pointer; padding: 0.6rem 0.9rem; } summary code { font-weight: 600; }
.inside { padding: 0 0.9rem 0.9rem; overflow-x: auto; } .says { opacity: 0.75; margin-left: 0.75rem; }
table { border-collapse: collapse; width: 100%; } th { text-align: left; font-weight: 600; }
td, th { border-top: 1px solid var(--line); padding: 0.35rem 0.75rem 0.35rem 0; vertical-align: top; }
pre { border: 1px solid var(--line); border-radius: 6px; padding: 0.6rem; overflow-x: auto; }
"""
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"


@cache
def described() -> dict[str, Json]:
    """OpenAPI 3.1. Every operation may be given a sandbox, which may be unknown, and a query that is misspelled."""
    document: dict[str, Json] = msgspec.json.decode(read_own(data_folder("schemas") / "simulator" / "control.json"))
    document["info"]["version"] = __version__
    for operation in operations(document).values():
        operation.setdefault("parameters", []).append({"$ref": "#/components/parameters/sandbox"})
        for status in ("400", "404"):
            operation["responses"].setdefault(status, {"$ref": "#/components/responses/Problem"})
    return document


def operations(document: dict[str, Json]) -> dict[tuple[str, str], dict[str, Json]]:
    """By method and path, each with the parameters of its path."""
    found = {}
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method != "parameters":
                own = operation.get("parameters", ())
                shared = [parameter for parameter in item.get("parameters", ()) if parameter not in own]
                operation["parameters"] = [*shared, *operation.get("parameters", ())]
                found[method.upper(), path] = operation
    return found


@cache
def _parameters(method: str, path: str) -> frozenset[str]:
    operation = described()["paths"][path][method.lower()]
    return frozenset(
        parameter["name"] for parameter in map(followed, operation["parameters"]) if parameter["in"] == "query"
    )


def followed(node: Json) -> Json:
    """What a reference within the description stands for."""
    target: Json = described()
    if not isinstance(node, dict) or "$ref" not in node:
        return node
    for part in node["$ref"].removeprefix("#/").split("/"):
        target = target[part]
    return target


def check_query(request: Request, path: str) -> None:
    """A misspelled filter would otherwise fit everything. Raises ValueError."""
    if not request.query_params:
        return
    method = "GET" if request.method == "HEAD" else request.method
    known = _parameters(method, f"/{path.replace(':int', '')}")
    for name in request.query_params:
        if name not in known:
            raise ValueError(f"there is no query parameter {name!r} here{suggestion(name, known)}")


async def document(context: Context, request: Request) -> Response:
    return answer(described())


async def scenario_schema(context: Context, request: Request) -> Response:
    return answer(schemas.scenario())


async def settings_schema(context: Context, request: Request) -> Response:
    return answer(schemas.config())


async def docs(context: Context, request: Request) -> Response:
    """One page without scripts and without anything from elsewhere."""
    return HTMLResponse(page(), headers={"Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff"})


@cache
def page() -> str:
    info = described()["info"]
    listed = operations(described())
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>",
        f"<title>{escape(info['title'])}</title><style>{STYLE}</style>",
        f"<h1>{escape(info['title'])}</h1><p>{escape(info['description'])}</p>",
        "<p><a href=/__sim/openapi.json>OpenAPI 3.1</a> · <a href=/__sim/>inbox</a></p>",
    ]
    for tag in described()["tags"]:
        parts.append(f"<h2 id={tag['name']}>{escape(tag['name'])}</h2><p>{escape(tag['description'])}</p>")
        parts += [_operation(*key, operation) for key, operation in listed.items() if tag["name"] in operation["tags"]]
    return "\n".join(parts)


def _operation(method: str, path: str, operation: dict[str, Json]) -> str:
    inside = "".join([_table(operation["parameters"]), _body(operation), _answers(operation["responses"])])
    return (
        f"<details id={operation['operationId']}><summary><code>{method} /__sim/v1{escape(path)}</code>"
        f"<span class=says>{escape(operation['summary'])}</span></summary><div class=inside>{inside}</div></details>"
    )


def _table(parameters: list[Json]) -> str:
    rows = [
        f"<tr><td><code>{escape(parameter['name'])}</code><td>{parameter['in']}"
        f"<td>{escape(parameter.get('description', ''))}"
        for parameter in map(followed, parameters)
    ]
    return f"<table><tr><th>parameter<th>in<th>meaning{''.join(rows)}</table>"


def _body(operation: dict[str, Json]) -> str:
    parts = []
    for media, content in operation.get("requestBody", {}).get("content", {}).items():
        schema = followed(content["schema"])
        parts.append(f"<p>Body, <code>{escape(media)}</code>:</p>")
        parts += [f"<pre>{escape(_pretty(example))}</pre>" for example in schema.get("examples", ())]
        parts.append(f"<pre>{escape(_pretty(schema))}</pre>")
    return "".join(parts)


def _answers(responses: dict[str, Json]) -> str:
    parts = []
    for status, reference in responses.items():
        response = followed(reference)
        parts.append(f"<p><code>{status}</code> {escape(response['description'])}</p>")
        content = response.get("content", {}).values() if status < "300" else ()
        parts += [f"<pre>{escape(_pretty(followed(media['schema'])))}</pre>" for media in content]
    return "".join(parts)


def _pretty(value: Json) -> str:
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
