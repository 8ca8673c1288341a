"""What the application does that a provider would frown at, read off a sandbox's journal."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from msgspec import Struct

from msgsim.model import Attempt, Entry, Exchange, Json
from msgsim.provider import Ask, Provider

SLOW = 2000
"""Milliseconds a callback receiver may take."""
MOST_PLACES = 20
"""Numbers named per finding; the rest is counted."""
MOST_NOTES = 10
"""Tolerances named per finding."""
AGAIN_WITHIN = 60_000
"""Milliseconds within which the same request is a repetition, not another one that happens to be equal."""
LOST = frozenset({"reset", "empty", "truncate", "hang", "garbage"})
"""Faults after which a client cannot know what became of its request."""
SECRET = ("access_token", "api_key", "apikey", "auth", "key", "password", "secret", "token")


class Finding(Struct, frozen=True):
    """One bad habit, and where it shows."""

    rule: str
    provider: str
    text: str
    advice: str
    times: int
    requests: tuple[int, ...] = ()
    """Numbers in the journal."""
    callbacks: tuple[int, ...] = ()


class Asked(Struct, frozen=True):
    """An exchange with its place in the journal."""

    number: int
    at: int
    one: Exchange

    @property
    def same(self) -> Json:
        """What makes two requests the same."""
        return (self.one.method, self.one.path, self.one.query, self.one.body, self.one.credential)


def lint(entries: Iterable[Entry], providers: Mapping[str, Provider]) -> list[Finding]:
    """All findings; ``entries`` are a journal, oldest first."""
    asked: dict[str, list[Asked]] = {}
    attempts: dict[str, list[Attempt]] = {}
    for entry in entries:
        if entry.exchange is not None:
            asked.setdefault(entry.provider, []).append(Asked(entry.key & 0xFFFFFFFFFF, entry.at, entry.exchange))
        elif entry.attempt is not None:
            attempts.setdefault(entry.provider, []).append(entry.attempt)
    found: list[Finding] = []
    for name, provider in providers.items():
        for check in CHECKS:
            found += check(provider, asked.get(name, []))
        found += _receiver(provider, attempts.get(name, []))
    return found


def _finding(rule: str, provider: Provider, where: Sequence[Asked], text: str, advice: str) -> Iterator[Finding]:
    if where:
        numbers = tuple(one.number for one in where[:MOST_PLACES])
        yield Finding(rule, provider.name, text, advice, len(where), numbers)


def _too_soon(provider: Provider, asked: Sequence[Asked]) -> Iterator[Finding]:
    """Came back before ``Retry-After`` was over."""
    until: dict[tuple[str, str], int] = {}
    where = []
    for one in asked:
        who = (one.one.credential, one.one.endpoint)
        if one.at < until.get(who, 0):
            where.append(one)
        if (seconds := _retry_after(one.one)) is not None:
            until[who] = one.at + seconds * 1000
    yield from _finding(
        "retry-after",
        provider,
        where,
        "came back before the time in Retry-After was over",
        "wait as long as Retry-After says before the next request to that endpoint",
    )


def _retry_after(one: Exchange) -> int | None:
    text = next((value for name, value in one.answer_headers if name.lower() == "retry-after"), "")
    return int(text) if text.isascii() and text.isdigit() and one.status >= 400 else None


def _unchanged(provider: Provider, asked: Sequence[Asked]) -> Iterator[Finding]:
    """Repeated, word for word, a request that was refused for what it says."""
    refused: set[Json] = set()
    where = []
    for one in asked:
        if one.same in refused:
            where.append(one)
        if one.one.refusals and 400 <= one.one.status < 500 and one.one.status not in (408, 425, 429):
            refused.add(one.same)
        else:
            refused.discard(one.same)
    yield from _finding(
        "repeated-refusal",
        provider,
        where,
        "repeated a refused request unchanged",
        "a 4xx tells that the request is wrong: correct it, or give up; only 408, 425, 429 and 5xx are worth a retry",
    )


def _twice(provider: Provider, asked: Sequence[Asked]) -> Iterator[Finding]:
    """Sent again what had been accepted, because the answer got lost."""
    lost: dict[Json, int] = {}
    where = []
    for one in asked:
        if one.one.messages and one.at - lost.get(one.same, -AGAIN_WITHIN - 1) <= AGAIN_WITHIN:
            where.append(one)
        if one.one.fault in LOST and one.one.messages:
            lost[one.same] = one.at
    yield from _finding(
        "sent-twice",
        provider,
        where,
        "sent a message again after its answer was lost: the recipient gets it twice",
        "when an answer is lost, ask for the status first or give each message an id of your own and look for it",
    )


def _token_each(provider: Provider, asked: Sequence[Asked]) -> Iterator[Finding]:
    """Fetched a token for (almost) every request."""
    tokens = {endpoint.name for endpoint in provider.endpoints if isinstance(endpoint, Ask) and endpoint.open}
    fetched = [one for one in asked if one.one.endpoint in tokens and one.one.status < 400]
    others = [one for one in asked if one.one.endpoint not in tokens]
    if len(fetched) >= 3 and 2 * len(fetched) > len(others):
        yield from _finding(
            "token-per-request",
            provider,
            fetched,
            f"fetched {len(fetched)} tokens for {len(others)} other requests",
            "keep a token until it is about to expire (expires_in), and share it between requests",
        )


def _in_query(provider: Provider, asked: Sequence[Asked]) -> Iterator[Finding]:
    """Put credentials where every proxy writes them down."""
    secret = {*provider.secrets, *SECRET}
    where = [one for one in asked if secret & {part.partition("=")[0].lower() for part in one.one.query.split("&")}]
    yield from _finding(
        "credentials-in-query",
        provider,
        where,
        "put credentials into the query string",
        "send them in headers: URLs end up in logs and histories",
    )


def _undocumented(provider: Provider, asked: Sequence[Asked]) -> Iterator[Finding]:
    """Wrote what only a tolerant reading accepts, ignored members among it."""
    where = [one for one in asked if one.one.notes]
    notes = list(dict.fromkeys(note.rstrip(".") for one in where for note in one.one.notes))
    more = f"; and {len(notes) - MOST_NOTES} more" if len(notes) > MOST_NOTES else ""
    yield from _finding(
        "undocumented",
        provider,
        where,
        f"wrote what only a tolerant reading accepts: {'; '.join(notes[:MOST_NOTES])}{more}",
        "write it as the document does; a server with --strict refuses all of it",
    )


CHECKS: tuple[Callable[[Provider, Sequence[Asked]], Iterator[Finding]], ...] = (
    _too_soon,
    _unchanged,
    _twice,
    _token_each,
    _in_query,
    _undocumented,
)


def _receiver(provider: Provider, attempts: Sequence[Attempt]) -> Iterator[Finding]:
    """Callbacks that were not taken, or slowly."""
    failed = [one for one in attempts if one.status is None or one.status not in provider.success]
    slow = [one for one in attempts if one.took > SLOW and one not in failed]
    if failed:
        reasons = sorted({one.error or f"answered {one.status}" for one in failed})
        yield Finding(
            "callback-failed",
            provider.name,
            f"did not take {len(failed)} callbacks: {'; '.join(reasons[:3])}",
            "take a callback with a status of success at once, and work on it afterwards",
            len(failed),
            callbacks=_numbers(failed),
        )
    if slow:
        longest = max(one.took for one in slow)
        yield Finding(
            "callback-slow",
            provider.name,
            f"took up to {longest} ms to take a callback",
            f"answer within {SLOW // 1000} s: put callbacks into a queue and work on them afterwards",
            len(slow),
            callbacks=_numbers(slow),
        )


def _numbers(attempts: Iterable[Attempt]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(one.callback & 0xFFFFFFFFFF for one in attempts))[:MOST_PLACES]
