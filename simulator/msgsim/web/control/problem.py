"""What our own routes say when something is wrong: RFC 9457 problems, and never a stack trace."""

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Match

from msgsim.callbacks.driver import Busy
from msgsim.model import Json, Unknown
from msgsim.scenarios.yaml import BadFile
from msgsim.web.edge import replies as edge


class ApiProblem(Exception):
    """Something to be told, with the status it is told with."""

    def __init__(self, status: int, title: str, detail: str, **more: Json) -> None:
        super().__init__(detail)
        self.status = status
        self.title = title
        self.body = {"type": "about:blank", "title": title, "status": status, "detail": detail, **more}


def problem_of(error: Exception) -> ApiProblem:
    """Any exception as a problem: what only routes of ours raise, then what the edge says to any request."""
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
    """A failure of ours says in a header that it is none of a provider's."""
    headers = {"X-Sim-Error": problem.title} if problem.status >= 500 else None
    return Response(msgspec.json.encode(problem.body), problem.status, headers, "application/problem+json")


async def respond(request: Request, error: Exception) -> Response:
    """For the application: whatever no route of ours has told itself."""
    return answer(problem_of(error))


async def nothing(request: Request, error: Exception) -> Response:
    return answer(ApiProblem(404, "Not found", f"there is nothing at {request.url.path}"))


async def wrong_method(request: Request, error: Exception) -> Response:
    """With all methods that the path takes: several routes may share it, and files are only read."""
    said = answer(ApiProblem(405, "Method not allowed", f"{request.method} is not for {request.url.path}"))
    fitting = [route for route in request.app.routes if route.matches(request.scope)[0] is not Match.NONE]
    said.headers["Allow"] = ", ".join(sorted({method for route in fitting for method in route.methods})) or "GET, HEAD"
    return said
