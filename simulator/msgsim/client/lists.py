"""What is listed and waited for: accepted messages, requests of the application, callbacks."""

from collections.abc import Callable
from typing import Any, TypedDict, Unpack
from urllib.parse import quote

from msgsim.client.answers import Callback, Explanation, Message, ProviderRequest, WholeMessage
from msgsim.client.request import POSTING, Call, Json, Part, Request, S, Wait, member, posting, query, waiting, whole

__tracebackhide__ = True
"""A failed test shows its own line, and none of this module."""


class NoRows(list[Any]):
    """An empty list that says why it is: where an assertion shows it, and where its first row is taken."""

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
    """The rows of a list's answer."""
    return lambda answer: NoRows(answer["hint"]) if "hint" in answer else answer[name]


MessageList = list[Message]
RequestList = list[ProviderRequest]
CallbackList = list[Callback]


class MessageFilters(TypedDict, total=False):
    """Which messages; all that are given have to fit."""

    provider: str
    to: str
    """Recipient, with or without plus; wildcards and ``/regular expressions/``."""
    from_: str
    """Sender, in the same way."""
    channel: str
    status: str
    """The provider's word, or scheduled, queued, sent, delivered, seen, failed, rejected, expired, cancelled."""
    text: str
    """Part of what it says."""
    search: str
    """As people type it: ``status:failed channel:viber "parcel"``; every word has to fit somewhere."""
    since: str
    """Accepted at this time (ISO 8601) of the sandbox's clock or later; ``5m`` is so long ago."""


class RequestFilters(TypedDict, total=False):
    """Which requests; all that are given have to fit."""

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
    """Asked at this time (ISO 8601) of the sandbox's clock or later; ``5m`` is so long ago."""


class CallbackFilters(TypedDict, total=False):
    """Which callbacks; all that are given have to fit."""

    state: str
    """pending, done, failed, refused, replayed, dropped or cancelled; failing: the last attempt failed"""
    kind: str
    """The provider's kind of callback."""
    host: str
    """Host and port it goes to."""
    status: str
    """The status it reports."""
    message: str
    """Id of the message it reports on."""
    since: str
    """Due at this time (ISO 8601) of the sandbox's clock or later; ``5m`` is so long ago."""


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
        """The newest message that fits, once there is one; with ``count`` the list of all, once there are as many.

        ``timeout`` is real time: ``250ms``, ``5s``, ``2m``; ``new``: only what begins to fit from now on.
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
        """One message with its plan and its callbacks, by any id its provider gave it. Raises Problem (404)."""
        return Request("GET", f"messages/{quote(id, '')}", whole)

    @Call
    def explain(self, id: str) -> Request[Explanation]:
        """Which rule decided, and what will happen next and when. Raises Problem (404)."""
        return Request("GET", f"messages/{quote(id, '')}/explain", whole)

    @Call
    def force(self, id: str, status: str, err: int | None = None) -> Request[WholeMessage]:
        """Give it a status now, in the provider's word or a neutral one; the rest of its plan is dropped.

        ``err`` is the code that the status comes with. What is owed for it by now is posted before this returns.
        Raises Problem (404, and 400 for an unknown status).
        """
        asked: dict[str, Json] = {"status": status} if err is None else {"status": status, "err": err}
        return posting(f"messages/{quote(id, '')}/status", whole, asked)

    @Call
    def cancel(self, id: str) -> Request[WholeMessage]:
        """Cut its plan at now; what is owed for it by now is posted before this returns.

        Raises Problem (404, and 409 where nothing is open).
        """
        return posting(f"messages/{quote(id, '')}/cancel", whole)


class Requests(Part[S]):
    """What the application asked of the providers, and what it was answered."""

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
        """The newest request that fits, once there is one; with ``count`` the list of all, once there are as many.

        ``timeout`` is real time: ``250ms``, ``5s``, ``2m``; ``new``: only what begins to fit from now on.
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
        """One request and its answer, by its number. Raises Problem (404)."""
        return Request("GET", f"requests/{number}", whole)

    @Call
    def explain(self, number: int) -> Request[Explanation]:
        """Which rule of which schema or scenario refused it, with its source document. Raises Problem (404)."""
        return Request("GET", f"requests/{number}/explain", whole)


class Callbacks(Part[S]):
    """What is owed to the application, each with its attempts."""

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
        """The oldest callback that fits, once there is one; with ``count`` the list of all, once there are as many.

        ``timeout`` is real time: ``250ms``, ``5s``, ``2m``; ``new``: only what begins to fit from now on.
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
        """One callback with its attempts, by its number. Raises Problem (404)."""
        return Request("GET", f"callbacks/{number}", whole)

    @Call
    def explain(self, number: int) -> Request[Explanation]:
        """What it reports, what became of it, and what happens next. Raises Problem (404)."""
        return Request("GET", f"callbacks/{number}/explain", whole)

    @Call
    def replay(self, number: int) -> Request[Callback]:
        """Owe it once more, and post it before this returns; the new callback. Raises Problem (404)."""
        return posting(f"callbacks/{number}/replay", whole)

    @Call
    def replay_all(
        self, *, after: int | None = None, before: int | None = None, **filters: Unpack[CallbackFilters]
    ) -> Request[CallbackList]:
        """Owe those that fit once more, but for pending ones, and post them before this returns; the new callbacks.

        A request takes on the oldest 100 with numbers above ``after``; ``next`` of the list goes on. Raises Problem for
        a filter that cannot be read.
        """
        asked = query(filters, CallbackFilters) | _page(after=after, before=before)
        return Request("POST", "callbacks/replay", rows("callbacks"), asked, seconds=POSTING, waits=True)


def _page(**cursor: int | None) -> dict[str, str]:
    return {name: str(value) for name, value in cursor.items() if value is not None}
