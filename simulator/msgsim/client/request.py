"""One call of the control API as a value, and how a method that builds one becomes a method that sends it.

A method of the API is written once, for both clients: it builds a `Request`. `Call` makes a method of it that passes
the request to ``send`` of its object, and so returns the answer with `Client` and a coroutine with `AsyncClient`.
"""

from collections.abc import Callable, Coroutine, Iterable, Mapping
from functools import wraps
from typing import Any, Concatenate, Generic, NamedTuple, ParamSpec, Protocol, TypeVar, overload

from msgsim.client.answers import Anything

__tracebackhide__ = True
"""pytest leaves this module out of tracebacks, so that a failed test shows its own line."""

Json = Any
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)
Several_co = TypeVar("Several_co", covariant=True)
P = ParamSpec("P")
Q = ParamSpec("Q")

PATIENCE = 30.0
"""Seconds that an answer may take, beyond the time that a long poll asks to wait."""

POSTING = 600.0
"""Seconds that an answer may take if the server posts callbacks before it answers."""


class Request(NamedTuple, Generic[R]):
    """One call of the control API. R is the type of what the client's method returns."""

    method: str
    path: str
    """Below ``/__sim/v1/``."""
    pick: Callable[[Anything], R]
    """Takes what the method returns from the answer: decoded JSON, a text for other media, None for an empty answer."""
    query: Mapping[str, str] = {}
    body: Anything = None
    """A text is sent as it is (YAML), anything else as JSON."""
    seconds: float = PATIENCE
    waits: bool = False
    """Whether the server may answer only after the application has received a callback or sent a message."""


class Send(Protocol):
    """Sends a request, blocks, and returns what `Request.pick` takes from the answer."""

    def __call__(self, request: Request[R], /) -> R: ...


class SendAsync(Protocol):
    """As `Send`, but as a coroutine."""

    def __call__(self, request: Request[R], /) -> Coroutine[Any, Any, R]: ...


S = TypeVar("S", bound=Send | SendAsync)


class Part(Generic[S]):
    """A part of the API; ``send`` is the function that sends its requests."""

    def __init__(self, send: S) -> None:
        self._send = send


class Either(Protocol[P, R_co, Q, Several_co]):
    """A method with two signatures: one returns a single row, the other a list."""

    @overload
    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R_co: ...
    @overload
    def __call__(self, *args: Q.args, **kwargs: Q.kwargs) -> Several_co: ...


class Call(Generic[P, R]):
    """Decorates a method that builds a request; as a descriptor, it is a method that sends the request."""

    def __init__(self, build: Callable[Concatenate[Any, P], Request[R]]) -> None:
        self.build = build
        self.__doc__ = build.__doc__

    @overload
    def __get__(self, part: None, kind: type) -> "Call[P, R]": ...
    @overload
    def __get__(self, part: Part[Send], kind: type) -> Callable[P, R]: ...
    @overload
    def __get__(self, part: Part[SendAsync], kind: type) -> Callable[P, Coroutine[Any, Any, R]]: ...
    def __get__(self, part: Any, kind: type) -> Any:
        return self if part is None else _sending(part, self.build)


class Wait(Generic[P, R, Q, R_co]):
    """A `Call` that waits for one row, or, if ``count`` is given, for that many rows."""

    def __init__(
        self,
        one: Callable[Concatenate[Any, P], Request[R]],
        several: Callable[Concatenate[Any, Q], Request[R_co]],
    ) -> None:
        """``one`` and ``several`` build the requests for the two cases; the documentation is that of ``one``."""
        self.build, self.several = one, several
        self.__doc__ = one.__doc__

    @overload
    def __get__(self, part: None, kind: type) -> "Wait[P, R, Q, R_co]": ...
    @overload
    def __get__(self, part: Part[Send], kind: type) -> Either[P, R, Q, R_co]: ...
    @overload
    def __get__(
        self, part: Part[SendAsync], kind: type
    ) -> Either[P, Coroutine[Any, Any, R], Q, Coroutine[Any, Any, R_co]]: ...
    def __get__(self, part: Any, kind: type) -> Any:
        if part is None:
            return self
        one, several = _sending(part, self.build), _sending(part, self.several)

        @wraps(one)
        def wait(**asked: Any) -> Any:
            return (one if asked.get("count") is None else several)(**asked)

        return wait


def _sending(part: Part[Any], build: Callable[..., Request[Any]]) -> Callable[..., Any]:
    """A method bound to ``part``, which sends the request that ``build`` returns."""
    bound = build.__get__(part)

    @wraps(bound)
    def send(*args: Any, **kwargs: Any) -> Any:
        return part._send(bound(*args, **kwargs))

    return send


def posting(path: str, pick: Callable[[Anything], R], body: Anything = None) -> Request[R]:
    """A POST that is answered after all callbacks that it causes have been posted to the application."""
    return Request("POST", path, pick, body=body, seconds=POSTING, waits=True)


def whole(answer: Anything) -> Anything:
    """Picks the whole answer."""
    return answer


def nothing(answer: Anything) -> None:
    """Picks None, for an empty answer."""


def member(name: str) -> Callable[[Anything], Anything]:
    """A function that picks one member of an answer."""
    return lambda answer: answer[name]


def near(word: str, known: Iterable[str]) -> str:
    """A suggestion such as ``; did you mean 'messente'?``; empty: no known word is similar."""
    from difflib import get_close_matches  # For start-up time.

    nearest = get_close_matches(word, known, 1)
    return f"; did you mean {nearest[0]!r}?" if nearest else ""


def query(filters: Mapping[str, Any], known: type) -> dict[str, str]:
    """The parameters of a query for the filters that are neither empty nor None.

    ``known`` is the TypedDict of the filters. Raises TypeError for a filter that it does not have.
    """
    if unknown := filters.keys() - known.__annotations__.keys():
        there = f"(there are {', '.join(known.__annotations__)}){near(min(unknown), known.__annotations__)}"
        raise TypeError(f"there is no filter {min(unknown)!r} {there}")
    given = {name.rstrip("_"): value for name, value in filters.items() if value not in ("", None)}
    return {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in given.items()}


def waiting(
    path: str, filters: dict[str, str], count: int, timeout: str, pick: Callable[[Anything], R], new: bool = False
) -> Request[R]:
    """A long poll for ``count`` rows; ``new``: only rows that begin to fit from now on count.

    Raises ValueError if ``timeout`` is no duration.
    """
    from msgsim.config import milliseconds  # For start-up time.

    asked = {**filters, "wait": timeout, "count": str(count)} | ({"new": "true"} if new else {})
    try:
        seconds = milliseconds(timeout) / 1000 + PATIENCE
    except ValueError as error:
        raise ValueError(f"timeout: {error}") from None
    return Request("GET", path, pick, asked, seconds=seconds, waits=True)
