"""The lint: bad habits of the application that a sandbox's journal shows."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from msgspec import Struct

from msgsim.model import Attempt, Entry, Exchange, Json
from msgsim.provider import Ask, Provider

SLOW = 2000
"""Milliseconds after which a callback receiver counts as slow."""
MOST_PLACES = 20
"""How many numbers of requests or callbacks a finding names; further ones are only counted."""
MOST_NOTES = 10
"""How many tolerances a finding names."""
AGAIN_WITHIN = 60_000
"""Milliseconds within which an equal request counts as a repetition of the earlier request."""
OFTEN = 3
"""How many equal questions within AGAIN_WITHIN are not too many."""
LOST = frozenset({"reset", "empty", "truncate", "hang", "garbage"})
"""Faults after which a client cannot know whether its request was accepted."""
SECRET = ("access_token", "api_key", "apikey", "auth", "key", "password", "secret", "token")
"""Usual names of query parameters that hold credentials."""


class Finding(Struct, frozen=True):
    """A bad habit, and the requests or callbacks that show it."""

    rule: str
    provider: str
    text: str
    advice: str
    times: int
    requests: tuple[int, ...] = ()
    """Numbers of journal entries."""
    callbacks: tuple[int, ...] = ()


class Record(Struct, frozen=True):
    """An exchange with the number and time of its journal entry."""

    number: int
    at: int
    exchange: Exchange

    @property
    def same(self) -> Json:
        """Equal for two requests that are the same."""
        exchange = self.exchange
        return (exchange.method, exchange.path, exchange.query, exchange.body, exchange.credential)


def lint(entries: Iterable[Entry], providers: Mapping[str, Provider]) -> list[Finding]:
    """All findings; ``entries`` are a journal, oldest first."""
    records: dict[str, list[Record]] = {}
    attempts: dict[str, list[Attempt]] = {}
    for entry in entries:
        if entry.exchange is not None:
            records.setdefault(entry.provider, []).append(Record(entry.key & 0xFFFFFFFFFF, entry.at, entry.exchange))
        elif entry.attempt is not None:
            attempts.setdefault(entry.provider, []).append(entry.attempt)
    found: list[Finding] = []
    for name, provider in providers.items():
        for check in CHECKS:
            found += check(provider, records.get(name, []))
        found += _receiver(provider, attempts.get(name, []))
    return found


def _finding(rule: str, provider: Provider, where: Sequence[Record], text: str, advice: str) -> Iterator[Finding]:
    if where:
        numbers = tuple(record.number for record in where[:MOST_PLACES])
        yield Finding(rule, provider.name, text, advice, len(where), numbers)


def _too_soon(provider: Provider, records: Sequence[Record]) -> Iterator[Finding]:
    """Requests before the time in ``Retry-After`` was over."""
    until: dict[tuple[str, str], int] = {}
    where = []
    for record in records:
        who = (record.exchange.credential, record.exchange.endpoint)
        if record.at < until.get(who, 0):
            where.append(record)
        if (seconds := _retry_after(record.exchange)) is not None:
            until[who] = record.at + seconds * 1000
    yield from _finding(
        "retry-after",
        provider,
        where,
        "came back before the time in Retry-After was over",
        "wait as long as Retry-After says before the next request to that endpoint",
    )


def _retry_after(exchange: Exchange) -> int | None:
    text = next((value for name, value in exchange.answer_headers if name.lower() == "retry-after"), "")
    return int(text) if text.isascii() and text.isdigit() and exchange.status >= 400 else None


def _unchanged(provider: Provider, records: Sequence[Record]) -> Iterator[Finding]:
    """Unchanged repetitions of a request that was refused with a 4xx that a retry cannot change."""
    refused: set[Json] = set()
    where = []
    for record in records:
        if record.same in refused:
            where.append(record)
        exchange = record.exchange
        if exchange.refusals and 400 <= exchange.status < 500 and exchange.status not in (408, 425, 429):
            refused.add(record.same)
        else:
            refused.discard(record.same)
    yield from _finding(
        "repeated-refusal",
        provider,
        where,
        "repeated a refused request unchanged",
        "a 4xx tells that the request is wrong: correct it, or give up; only 408, 425, 429 and 5xx are worth a retry",
    )


def _twice(provider: Provider, records: Sequence[Record]) -> Iterator[Finding]:
    """Accepted messages that were sent again because the answer was lost: the recipient gets them twice."""
    lost: dict[Json, int] = {}
    where = []
    for record in records:
        if record.exchange.messages and record.at - lost.get(record.same, -AGAIN_WITHIN - 1) <= AGAIN_WITHIN:
            where.append(record)
        if record.exchange.fault in LOST and record.exchange.messages:
            lost[record.same] = record.at
    yield from _finding(
        "sent-twice",
        provider,
        where,
        "sent a message again after its answer was lost: the recipient gets it twice",
        "when an answer is lost, ask for the status first or give each message an id of your own and look for it",
    )


def _token_each(provider: Provider, records: Sequence[Record]) -> Iterator[Finding]:
    """A new token for more than every second request."""
    tokens = {endpoint.name for endpoint in provider.endpoints if isinstance(endpoint, Ask) and endpoint.open}
    fetched = [record for record in records if record.exchange.endpoint in tokens and record.exchange.status < 400]
    others = [record for record in records if record.exchange.endpoint not in tokens]
    if len(fetched) >= 3 and 2 * len(fetched) > len(others):
        yield from _finding(
            "token-per-request",
            provider,
            fetched,
            f"fetched {len(fetched)} tokens for {len(others)} other requests",
            "keep a token until it is about to expire (expires_in), and share it between requests",
        )


def _polled(provider: Provider, records: Sequence[Record]) -> Iterator[Finding]:
    """Equal questions in short succession to an endpoint that should be asked seldom (`Ask.sparing`)."""
    for endpoint in _spared(provider):
        asked: dict[Json, list[int]] = {}
        where = []
        for record in _answered(endpoint, records):
            moments = asked.setdefault(record.same, [])
            moments.append(record.at)
            if len(moments) > OFTEN and record.at - moments[-OFTEN - 1] <= AGAIN_WITHIN:
                where.append(record)
        yield from _finding(
            "polled", provider, where, f"asked {endpoint.name} the same again and again", endpoint.sparing
        )


def _asked_each(provider: Provider, records: Sequence[Record]) -> Iterator[Finding]:
    """A question for more than every second send to an endpoint that should be asked seldom (`Ask.sparing`)."""
    sent = sum(bool(record.exchange.messages) for record in records)
    for endpoint in _spared(provider):
        asked = _answered(endpoint, records)
        if len(asked) >= OFTEN and 2 * len(asked) > sent:
            text = f"asked {endpoint.name} {len(asked)} times for {sent} sends"
            yield from _finding("asked-per-send", provider, asked, text, endpoint.sparing)


def _spared(provider: Provider) -> list[Ask]:
    return [endpoint for endpoint in provider.endpoints if isinstance(endpoint, Ask) and endpoint.sparing]


def _answered(endpoint: Ask, records: Sequence[Record]) -> list[Record]:
    return [record for record in records if record.exchange.endpoint == endpoint.name and record.exchange.status < 400]


def _in_query(provider: Provider, records: Sequence[Record]) -> Iterator[Finding]:
    """Credentials in the query string, which every proxy logs, although the API expects them in headers."""
    secret = {*provider.secrets, *SECRET}
    asked_for = {endpoint.name for voice in provider.voices() if voice.in_query for endpoint in voice.endpoints}
    where = [
        record
        for record in records
        if record.exchange.endpoint not in asked_for and secret & _parameters(record.exchange.query)
    ]
    yield from _finding(
        "credentials-in-query",
        provider,
        where,
        "put credentials into the query string",
        "send them in headers: URLs end up in logs and histories",
    )


def _parameters(query: str) -> set[str]:
    """Names of a query's parameters in lower case."""
    return {part.partition("=")[0].lower() for part in query.split("&")}


def _undocumented(provider: Provider, records: Sequence[Record]) -> Iterator[Finding]:
    """Requests that strict mode would refuse, for instance for members that no document has."""
    where = [record for record in records if record.exchange.notes]
    notes = list(dict.fromkeys(note.rstrip(".") for record in where for note in record.exchange.notes))
    more = f"; and {len(notes) - MOST_NOTES} more" if len(notes) > MOST_NOTES else ""
    yield from _finding(
        "undocumented",
        provider,
        where,
        f"wrote what only a tolerant reading accepts: {'; '.join(notes[:MOST_NOTES])}{more}",
        "write it as the document does; a server with --strict refuses all of it",
    )


CHECKS: tuple[Callable[[Provider, Sequence[Record]], Iterator[Finding]], ...] = (
    _too_soon,
    _unchanged,
    _twice,
    _token_each,
    _polled,
    _asked_each,
    _in_query,
    _undocumented,
)


def _receiver(provider: Provider, attempts: Sequence[Attempt]) -> Iterator[Finding]:
    """Callbacks that the application did not accept, or accepted slowly."""
    failed = [attempt for attempt in attempts if attempt.status is None or attempt.status not in provider.success]
    slow = [attempt for attempt in attempts if attempt.took > SLOW and attempt not in failed]
    if failed:
        reasons = sorted({attempt.error or f"answered {attempt.status}" for attempt in failed})
        yield Finding(
            "callback-failed",
            provider.name,
            f"did not take {len(failed)} callbacks: {'; '.join(reasons[:3])}",
            "take a callback with a status of success at once, and work on it afterwards",
            len(failed),
            callbacks=_numbers(failed),
        )
    if slow:
        longest = max(attempt.took for attempt in slow)
        yield Finding(
            "callback-slow",
            provider.name,
            f"took up to {longest} ms to take a callback",
            f"answer within {SLOW // 1000} s: put callbacks into a queue and work on them afterwards",
            len(slow),
            callbacks=_numbers(slow),
        )


def _numbers(attempts: Iterable[Attempt]) -> tuple[int, ...]:
    """Numbers of the callbacks, each once, at most MOST_PLACES."""
    return tuple(dict.fromkeys(attempt.callback & 0xFFFFFFFFFF for attempt in attempts))[:MOST_PLACES]
