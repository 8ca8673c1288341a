"""One call of the control API as a value, and how a method that builds one becomes a method that sends it.

A method of the API is written once: it returns a `Request` of what it is answered. `Call` gives it to the sender of its
object, so that it returns the answer with `Client`, and something to be awaited with `AsyncClient`.
"""

from collections.abc import Callable, Coroutine, Iterable, Mapping
from functools import wraps
from typing import Any, Concatenate, Generic, NamedTuple, ParamSpec, Protocol, TypeVar, overload

from msgsim.client.answers import Anything

__tracebackhide__ = True
"""A failed test shows its own line, and none of this module."""

Json = Any
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)
Several_co = TypeVar("Several_co", covariant=True)
P = ParamSpec("P")
Q = ParamSpec("Q")

PATIENCE = 30.0
"""Seconds an answer may take beyond what was asked to be waited for."""

POSTING = 600.0
"""Seconds an answer may take that comes after receivers of callbacks have answered."""


class Request(NamedTuple, Generic[R]):
    """One call of the control API that is answered with an R."""

    method: str
    path: str
    """Below ``/__sim/v1/``."""
    pick: Callable[[Anything], R]
    """The part of the answer that is wanted; None is what an empty answer is."""
    query: Mapping[str, str] = {}
    body: Anything = None
    """A text is sent as it is (YAML), anything else as JSON."""
    seconds: float = PATIENCE
    waits: bool = False
    """It may be answered only after the application has done something: taken a callback, or sent a message."""


class Send(Protocol):
    """Sends at once, and returns what was answered."""

    def __call__(self, request: Request[R], /) -> R: ...


class SendAsync(Protocol):
    """Sends when awaited."""

    def __call__(self, request: Request[R], /) -> Coroutine[Any, Any, R]: ...


S = TypeVar("S", bound=Send | SendAsync)


class Part(Generic[S]):
    """A part of the API, and the sender of its requests."""

    def __init__(self, send: S) -> None:
        self._send = send


class Either(Protocol[P, R_co, Q, Several_co]):
    """A method that returns one or several, as its arguments say."""

    @overload
    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R_co: ...
    @overload
    def __call__(self, *args: Q.args, **kwargs: Q.kwargs) -> Several_co: ...


class Call(Generic[P, R]):
    """Makes a method that builds a request one that sends it."""

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
    """A `Call` that waits for one row, or, where ``count`` is given, for so many."""

    def __init__(
        self,
        one: Callable[Concatenate[Any, P], Request[R]],
        several: Callable[Concatenate[Any, Q], Request[R_co]],
    ) -> None:
        """Its documentation is that of ``one``."""
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
    """The method of one object, which sends what it builds."""
    bound = build.__get__(part)

    @wraps(bound)
    def send(*args: Any, **kwargs: Any) -> Any:
        return part._send(bound(*args, **kwargs))

    return send


def posting(path: str, pick: Callable[[Anything], R], body: Anything = None) -> Request[R]:
    """What is answered after everything that it brings about was posted to the application."""
    return Request("POST", path, pick, body=body, seconds=POSTING, waits=True)


def whole(answer: Anything) -> Anything:
    """All of an answer."""
    return answer


def nothing(answer: Anything) -> None:
    """Of an answer that says nothing."""


def member(name: str) -> Callable[[Anything], Anything]:
    """One member of an answer."""
    return lambda answer: answer[name]


def near(word: str, known: Iterable[str]) -> str:
    """``; did you mean 'messente'?`` or nothing."""
    from difflib import get_close_matches  # For start-up time.

    nearest = get_close_matches(word, known, 1)
    return f"; did you mean {nearest[0]!r}?" if nearest else ""


def query(filters: Mapping[str, Any], known: type) -> dict[str, str]:
    """The filters that are given, as they stand in a query; ``known`` is their TypedDict. Raises TypeError."""
    if unknown := filters.keys() - known.__annotations__.keys():
        there = f"(there are {', '.join(known.__annotations__)}){near(min(unknown), known.__annotations__)}"
        raise TypeError(f"there is no filter {min(unknown)!r} {there}")
    given = {name.rstrip("_"): value for name, value in filters.items() if value not in ("", None)}
    return {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in given.items()}


def waiting(
    path: str, filters: dict[str, str], count: int, timeout: str, pick: Callable[[Anything], R], new: bool = False
) -> Request[R]:
    """A long poll for so many rows. Raises ValueError for a ``timeout`` that is no duration."""
    from msgsim.config import milliseconds  # For start-up time.

    asked = {**filters, "wait": timeout, "count": str(count)} | ({"new": "true"} if new else {})
    try:
        seconds = milliseconds(timeout) / 1000 + PATIENCE
    except ValueError as error:
        raise ValueError(f"timeout: {error}") from None
    return Request("GET", path, pick, asked, seconds=seconds, waits=True)
