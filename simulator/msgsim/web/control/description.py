"""The OpenAPI document of the control API. The pages show it too, and misspelled query parameters are found by it."""

from functools import cache

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from msgsim import __version__
from msgsim.config import data_folder, read_own
from msgsim.examples import schemas
from msgsim.model import Json
from msgsim.scenarios.yaml import suggestion
from msgsim.web.control.context import Context, answer


@cache
def described() -> dict[str, Json]:
    """``schemas/simulator/control.json`` (OpenAPI 3.1), completed.

    Every operation gets the parameter ``sandbox``, and the answers 400 and 404 for a query that is wrong and a sandbox
    that does not exist.
    """
    document: dict[str, Json] = msgspec.json.decode(read_own(data_folder("schemas") / "simulator" / "control.json"))
    document["info"]["version"] = __version__
    for operation in operations(document).values():
        operation.setdefault("parameters", []).append({"$ref": "#/components/parameters/sandbox"})
        for status in ("400", "404"):
            operation["responses"].setdefault(status, {"$ref": "#/components/responses/Problem"})
    return document


def operations(document: dict[str, Json]) -> dict[tuple[str, str], dict[str, Json]]:
    """(method, path) → operation, with the parameters of its path added."""
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
    """The value that a ``$ref`` into the document stands for; any other value unchanged."""
    target: Json = described()
    if not isinstance(node, dict) or "$ref" not in node:
        return node
    for part in node["$ref"].removeprefix("#/").split("/"):
        target = target[part]
    return target


def check_query(request: Request, path: str) -> None:
    """Raises ValueError for an unknown query parameter: a misspelled filter would otherwise let all rows pass."""
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
