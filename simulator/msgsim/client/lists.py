"""Accepted messages, requests of the application, and callbacks: lists, single ones, and waiting for them."""

from collections.abc import Callable
from typing import Any, TypedDict, Unpack
from urllib.parse import quote

from msgsim.client.answers import Callback, Explanation, Message, ProviderRequest, WholeMessage
from msgsim.client.request import POSTING, Call, Json, Part, Request, S, Wait, member, posting, query, waiting, whole

__tracebackhide__ = True
"""pytest leaves this module out of tracebacks, so that a failed test shows its own line."""


class NoRows(list[Any]):
    """An empty list whose ``repr`` (shown by a failed assertion) and IndexError say why it is empty."""

    def __init__(self, hint: str) -> None:
        super().__init__()
        self.hint = hint

    def __repr__(self) -> str:
        return super().__repr__() if self else f"[] ({self.hint})"

    def __getitem__(self, place: Any) -> Any:
        """Raises IndexError."""
        if self or isinstance(place, slice):
            return super().__getitem__(place)
        raise IndexError(f"the list is empty: {self.hint}")


def rows(name: str) -> Callable[[Json], list[Any]]:
    """A function that takes the rows from the answer of a list; ``name``: their member."""
    return lambda answer: NoRows(answer["hint"]) if "hint" in answer else answer[name]


MessageList = list[Message]
RequestList = list[ProviderRequest]
CallbackList = list[Callback]


class MessageFilters(TypedDict, total=False):
    """Filters of messages; a message has to fit all that are given."""

    provider: str
    to: str
    """Recipient, with or without plus; wildcards and ``/regular expressions/``."""
    from_: str
    """Sender, written like ``to``."""
    channel: str
    status: str
    """The provider's word, or scheduled, queued, sent, delivered, seen, failed, rejected, expired, cancelled."""
    text: str
    """Part of the message's text."""
    search: str
    """Words as in ``status:failed channel:viber "parcel"``; each has to fit somewhere in the message."""
    since: str
    """Accepted at this time (ISO 8601) of the sandbox's clock or later; ``5m``: at most five minutes ago."""


class RequestFilters(TypedDict, total=False):
    """Filters of requests; a request has to fit all that are given."""

    provider: str
    endpoint: str
    status: int | None
    """HTTP status of the answer."""
    refused: bool | None
    error: str
    """Refused for this error: a key of the provider's catalogue."""
    credential: str
    """The account's name."""
    since: str
    """Received at this time (ISO 8601) of the sandbox's clock or later; ``5m``: at most five minutes ago."""


class CallbackFilters(TypedDict, total=False):
    """Filters of callbacks; a callback has to fit all that are given."""

    state: str
    """pending, done, failed, refused, replayed, dropped or cancelled; failing: the last attempt failed."""
    kind: str
    """The provider's kind of callback."""
    host: str
    """Host and port it goes to."""
    status: str
    """The status it reports."""
    message: str
    """Id of the message it reports on."""
    since: str
    """Due at this time (ISO 8601) of the sandbox's clock or later; ``5m``: at most five minutes ago."""


class Messages(Part[S]):
    """Accepted messages."""

    @Call
    def list(
        self, *, before: int | None = None, limit: int | None = None, **filters: Unpack[MessageFilters]
    ) -> Request[MessageList]:
        """Messages, newest first: at most ``limit`` (100), with numbers below ``before``.

        Raises Problem for a filter that cannot be read.
        """
        asked = query(filters, MessageFilters) | _page(before=before, limit=limit)
        return Request("GET", "messages", rows("messages"), asked)

    def _one(
        self, *, count: None = None, timeout: str = "5s", new: bool = False, **filters: Unpack[MessageFilters]
    ) -> Request[Message]:
        """Wait until a message fits; returns the newest. With ``count``: until so many fit; returns the list of all.

        ``timeout`` is real time: ``250ms``, ``5s``, ``2m``; ``new``: only messages that begin to fit from now on count.
        Raises TimedOut, which says what came nearest, and Problem.
        """
        asked = query(filters, MessageFilters)
        return waiting("messages", asked, 1, timeout, lambda answer: answer["messages"][0], new)

    def _several(
        self, *, count: int, timeout: str = "5s", new: bool = False, **filters: Unpack[MessageFilters]
    ) -> Request[MessageList]:
        return waiting("messages", query(filters, MessageFilters), count, timeout, member("messages"), new)

    wait = Wait(_one, _several)

    @Call
    def get(self, id: str) -> Request[WholeMessage]:
        """A message with its plan and its callbacks, by any id that its provider gave it. Raises Problem (404)."""
        return Request("GET", f"messages/{quote(id, '')}", whole)

    @Call
    def explain(self, id: str) -> Request[Explanation]:
        """Which rule decided about a message, and what will happen next and when. Raises Problem (404)."""
        return Request("GET", f"messages/{quote(id, '')}/explain", whole)

    @Call
    def force(self, id: str, status: str, err: int | None = None) -> Request[WholeMessage]:
        """Give a message a status now, in the provider's word or a neutral one; the rest of its plan is dropped.

        ``err`` is the code of the status. The message's callbacks that are due by now are posted before this returns.
        Raises Problem (404, and 400 for an unknown status).
        """
        asked: dict[str, Json] = {"status": status} if err is None else {"status": status, "err": err}
        return posting(f"messages/{quote(id, '')}/status", whole, asked)

    @Call
    def cancel(self, id: str) -> Request[WholeMessage]:
        """End a message's plan now; its callbacks that are due by now are posted before this returns.

        Raises Problem (404, and 409 if the plan has ended already).
        """
        return posting(f"messages/{quote(id, '')}/cancel", whole)


class Requests(Part[S]):
    """The application's requests to providers, and their answers."""

    @Call
    def list(
        self, *, before: int | None = None, limit: int | None = None, **filters: Unpack[RequestFilters]
    ) -> Request[RequestList]:
        """Requests, newest first: at most ``limit`` (100), with numbers below ``before``.

        Raises Problem for a filter that cannot be read.
        """
        asked = query(filters, RequestFilters) | _page(before=before, limit=limit)
        return Request("GET", "requests", rows("requests"), asked)

    def _one(
        self, *, count: None = None, timeout: str = "5s", new: bool = False, **filters: Unpack[RequestFilters]
    ) -> Request[ProviderRequest]:
        """Wait until a request fits; returns the newest. With ``count``: until so many fit; returns the list of all.

        ``timeout`` is real time: ``250ms``, ``5s``, ``2m``; ``new``: only requests that begin to fit from now on count.
        Raises TimedOut, which says what came nearest, and Problem.
        """
        asked = query(filters, RequestFilters)
        return waiting("requests", asked, 1, timeout, lambda answer: answer["requests"][0], new)

    def _several(
        self, *, count: int, timeout: str = "5s", new: bool = False, **filters: Unpack[RequestFilters]
    ) -> Request[RequestList]:
        return waiting("requests", query(filters, RequestFilters), count, timeout, member("requests"), new)

    wait = Wait(_one, _several)

    @Call
    def get(self, number: int) -> Request[ProviderRequest]:
        """A request and its answer, by the request's number. Raises Problem (404)."""
        return Request("GET", f"requests/{number}", whole)

    @Call
    def explain(self, number: int) -> Request[Explanation]:
        """Which rule of which schema or scenario refused a request, with the source document. Raises Problem (404)."""
        return Request("GET", f"requests/{number}/explain", whole)


class Callbacks(Part[S]):
    """Callbacks to the application, each with its attempts."""

    @Call
    def list(
        self, *, after: int | None = None, limit: int | None = None, **filters: Unpack[CallbackFilters]
    ) -> Request[CallbackList]:
        """Callbacks, oldest first: at most ``limit`` (100), with numbers above ``after``.

        Raises Problem for a filter that cannot be read, and for an unknown message.
        """
        asked = query(filters, CallbackFilters) | _page(after=after, limit=limit)
        return Request("GET", "callbacks", rows("callbacks"), asked)

    def _one(
        self, *, count: None = None, timeout: str = "5s", new: bool = False, **filters: Unpack[CallbackFilters]
    ) -> Request[Callback]:
        """Wait until a callback fits; returns the oldest. With ``count``: until so many fit; returns the list of all.

        ``timeout`` is real time: ``250ms``, ``5s``, ``2m``; ``new``: only those that begin to fit from now on count.
        Raises TimedOut, which says what came nearest, and Problem.
        """
        asked = query(filters, CallbackFilters)
        return waiting("callbacks", asked, 1, timeout, lambda answer: answer["callbacks"][0], new)

    def _several(
        self, *, count: int, timeout: str = "5s", new: bool = False, **filters: Unpack[CallbackFilters]
    ) -> Request[CallbackList]:
        return waiting("callbacks", query(filters, CallbackFilters), count, timeout, member("callbacks"), new)

    wait = Wait(_one, _several)

    @Call
    def get(self, number: int) -> Request[Callback]:
        """A callback with its attempts, by its number. Raises Problem (404)."""
        return Request("GET", f"callbacks/{number}", whole)

    @Call
    def explain(self, number: int) -> Request[Explanation]:
        """What a callback reports, which attempts there were, and what happens next. Raises Problem (404)."""
        return Request("GET", f"callbacks/{number}/explain", whole)

    @Call
    def replay(self, number: int) -> Request[Callback]:
        """Create the same callback again, and post it before this returns the new callback. Raises Problem (404)."""
        return posting(f"callbacks/{number}/replay", whole)

    @Call
    def replay_all(
        self, *, after: int | None = None, before: int | None = None, **filters: Unpack[CallbackFilters]
    ) -> Request[CallbackList]:
        """Create callbacks that fit again, except for pending ones, and post them before this returns the new ones.

        One call takes the oldest 100 with numbers above ``after`` and below ``before``; for further ones, call it again
        with a higher ``after``. Raises Problem for a filter that cannot be read.
        """
        asked = query(filters, CallbackFilters) | _page(after=after, before=before)
        return Request("POST", "callbacks/replay", rows("callbacks"), asked, seconds=POSTING, waits=True)


def _page(**cursor: int | None) -> dict[str, str]:
    return {name: str(value) for name, value in cursor.items() if value is not None}
