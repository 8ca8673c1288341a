"""Error answers of the control API: problems (RFC 9457), never with a stack trace."""

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Match

from msgsim.callbacks.driver import Busy
from msgsim.model import Json, Unknown
from msgsim.scenarios.yaml import BadFile
from msgsim.web.edge import replies as edge


class ApiProblem(Exception):
    """An error of a route, with its HTTP status, title and detail."""

    def __init__(self, status: int, title: str, detail: str, **more: Json) -> None:
        super().__init__(detail)
        self.status = status
        self.title = title
        self.body = {"type": "about:blank", "title": title, "status": status, "detail": detail, **more}


def problem_of(error: Exception) -> ApiProblem:
    """The problem of any exception: of those that only our routes raise, else as the edge answers it."""
    match error:
        case ApiProblem():
            return error
        case ClientDisconnect():
            return ApiProblem(400, "Bad request", "the client went away before its request was there")
        case Unknown():
            return ApiProblem(404, "Not found", str(error))
        case Busy():
            return ApiProblem(409, "The clock is being moved", str(error))
        case BadFile():
            mistakes = [str(mistake) for mistake in error.mistakes]
            return ApiProblem(400, "The scenario has mistakes", mistakes[0], mistakes=mistakes)
        case ValueError():
            return ApiProblem(400, "Bad request", str(error))
    return ApiProblem(*edge.problem(error))


def answer(problem: ApiProblem) -> Response:
    """The answer; one with a server error has a header that tells it from a provider's answer."""
    headers = {"X-Sim-Error": problem.title} if problem.status >= 500 else None
    return Response(msgspec.json.encode(problem.body), problem.status, headers, "application/problem+json")


async def respond(request: Request, error: Exception) -> Response:
    """Starlette's exception handler, for exceptions outside our routes."""
    return answer(problem_of(error))


async def nothing(request: Request, error: Exception) -> Response:
    return answer(ApiProblem(404, "Not found", f"there is nothing at {request.url.path}"))


async def wrong_method(request: Request, error: Exception) -> Response:
    """The answer 405. ``Allow`` has the methods of all routes that match the path; of files GET and HEAD."""
    said = answer(ApiProblem(405, "Method not allowed", f"{request.method} is not for {request.url.path}"))
    fitting = [route for route in request.app.routes if route.matches(request.scope)[0] is not Match.NONE]
    said.headers["Allow"] = ", ".join(sorted({method for route in fitting for method in route.methods})) or "GET, HEAD"
    return said
