"""Makes the journal entry of an exchange: its redacted form for people, and what a replay needs besides."""

from collections.abc import Callable, Iterable
from functools import lru_cache
from json import detect_encoding

import msgspec
from msgspec import Struct
from msgspec.structs import fields, replace

from msgsim.clock import iso
from msgsim.engine.disguise import Disguise
from msgsim.engine.exchange import Effects
from msgsim.engine.redaction import HIDDEN, NEVER_SHOWN, Secrets, without_credentials
from msgsim.engine.routing import Found
from msgsim.engine.view import RequestView
from msgsim.model import Entry, Exchange, Json, Original, Refusal, Reply
from msgsim.storage.keys import NUMBERS


def exchange_of(view: RequestView, effects: Effects, found: Found, reply: Reply, disguise: Disguise) -> Exchange:
    """The exchange as the journal stores it: redacted, with the `Original` of a replay where the two differ."""
    call, names = view.call, view.provider.secrets
    secrets = Secrets(names, _values(view))
    headers = call.headers.copy()
    for name in _hidden_headers(names):
        if name in headers:
            headers[name] = HIDDEN
    caller = view.credential if view.credential.name else view.claimed
    sent, answered = _text(call.body), reply.body.decode(errors="replace")
    shown, by_value = (call.path, call.query, sent, answered), _as_it_is
    if effects.refusals or secrets.may_be_in("\n".join((*shown, *headers.values(), *view.notes))):
        body, query = without_credentials(secrets.by_name(sent)), secrets.by_name(call.query)
        answer = without_credentials(secrets.by_name(answered))
        by_value = secrets.by_value
        headers = {name: by_value(value) for name, value in headers.items()}
        shown = (by_value(call.path), by_value(query), by_value(body), by_value(answer))
    original = _original(view, (sent, answered), headers, shown, secrets.values, disguise)
    return Exchange(
        view.provider.name,
        found.endpoint.name if found.endpoint else "",
        call.method,
        *shown[:2],
        headers,
        shown[2],
        reply.status,
        shown[3],
        reply.headers,
        caller.shown or caller.name,
        tuple([message.id for message in effects.messages]),
        tuple([_without(refusal, by_value) for refusal in effects.refusals]),
        effects.rule.place if effects.rule else "",
        effects.fault.kind if effects.fault else "",
        tuple([by_value(note) for note in view.notes]),
        call.way,
        original,
    )


def _original(
    view: RequestView,
    texts: tuple[str, str],
    headers: dict[str, str],
    shown: tuple[str, str, str, str],
    values: Iterable[str],
    disguise: Disguise,
) -> Original | None:
    """The parts of a request that differ from their redacted form, with substitutes for secrets; None: no part does.

    ``texts``: body and answer before redaction; ``headers`` and ``shown`` (path, query, body, answer): after it;
    ``values``: the secrets that were found.
    """
    call, (body, answer) = view.call, texts
    encoding = _encoding(call.body, body)
    if encoding:
        body = call.body.decode(encoding)
    client = "" if call.client in _LOOPBACK else call.client
    written = (view.written, call.query, body, answer)
    others = {name: value for name, value in call.headers.items() if headers[name] != value}
    if not others and written == shown and not encoding and not client:
        return None
    names = view.provider.secrets
    hidden = _hidden_headers(names)
    if written == shown and others.keys() <= set(hidden):
        others = {name: disguise.header(value) for name, value in others.items()}
        return Original(others, encoding=encoding, client=client)
    secrets = Secrets(names, values, disguise)
    others = {
        name: disguise.header(value) if name in hidden else secrets.disguised(value) for name, value in others.items()
    }
    path, query, body, answer = (
        "" if text == now else secrets.disguised(text) for text, now in zip(written, shown, strict=True)
    )
    return Original(others, path, query, body, answer, encoding, client)


_LOOPBACK = ("", "127.0.0.1", "::1")


def _encoding(body: bytes, text: str) -> str:
    """An encoding that keeps every byte of a body; empty: UTF-8. ``text`` is the body as `_text` has it."""
    if b"\0" not in body[:4] and ("\ufffd" not in text or _is_text(body, "utf-8")):
        return ""
    encoding = detect_encoding(body)
    return encoding if _is_text(body, encoding) and body.decode(encoding).encode(encoding) == body else "latin-1"


def _is_text(body: bytes, encoding: str) -> bool:
    try:
        body.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _as_it_is(text: str) -> str:
    return text


def _without(refusal: Refusal, by_value: Callable[[str], str]) -> Refusal:
    """A refusal without secrets: its texts may quote what was refused."""
    values = {name: by_value(value) if isinstance(value, str) else value for name, value in refusal.values.items()}
    return replace(refusal, detail=refusal.detail and by_value(refusal.detail), values=values)


def _values(view: RequestView) -> list[str]:
    """The credentials of a request, valid or not, decoded and as encoded in the headers."""
    headers, credential = view.call.headers, view.claimed
    values = [headers[name].rpartition(" ")[2] for name in _hidden_headers(view.provider.secrets) if name in headers]
    values.append(credential.secret)
    if credential.shown:  # Then the name is a secret as well.
        values.append(credential.name)
    return values


@lru_cache(maxsize=16)
def _hidden_headers(names: frozenset[str]) -> tuple[str, ...]:
    return tuple(sorted(NEVER_SHOWN | names))


def _text(body: bytes) -> str:
    """A body as text. JSON in UTF-16 or UTF-32 is refused, but has to be redacted in the journal as well."""
    return body.decode(detect_encoding(body) if b"\0" in body[:4] else "utf-8", "replace")


def line_of(entry: Entry) -> dict[str, Json]:
    """An entry of the journal as plain JSON."""
    members: dict[str, Json] = {"number": entry.key & NUMBERS, "at": iso(entry.at), "kind": entry.kind}
    if entry.exchange is not None:
        members |= _members(entry.exchange)
    elif entry.attempt is not None:
        attempt = _members(entry.attempt)
        about = {"callback": entry.attempt.callback & NUMBERS, "subject": entry.attempt.subject & NUMBERS}
        members = {**attempt, **about, **members, "attempt": entry.attempt.number, "reports": entry.attempt.kind}
    else:
        members |= entry.control
    return members


def _members(struct: Struct) -> dict[str, Json]:
    """Members by name, without those that have their default and without ``original``, which is never shown."""
    values = ((member, getattr(struct, member.name)) for member in fields(struct) if member.name != "original")
    return {member.name: msgspec.to_builtins(value) for member, value in values if value != member.default}
