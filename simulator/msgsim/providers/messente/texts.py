"""What the APIs of ``api2.messente.com`` have in common: parameters in a query or a form, and plain-text answers.

Of a repeated parameter the first counts. Answers do not end in a line feed, because clients compare the whole text.
"""

from collections.abc import Mapping, Sequence
from email import message_from_bytes
from urllib.parse import parse_qsl

from msgsim.model import Call, Credential, Json, Refusal, Reply
from msgsim.provider.desk import Desk, media_of

HOSTS = ("api2.messente.com", "api3.messente.com")
CREDENTIALS = ("username", "password")


def everywhere(method: str, path: str) -> tuple[tuple[str, str], ...]:
    """GET and POST at all spellings of a path that clients use, except the given method at the path itself."""
    paths = (path, f"{path}/", f"/v1{path}", f"/v1{path}/")
    return tuple((verb, each) for each in paths for verb in ("GET", "POST") if (verb, each) != (method, path))


def fields(call: Call) -> dict[str, str]:
    """The parameters of the query and of the body (URL-encoded or multipart); the query's take precedence."""
    found: dict[str, str] = {}
    for name, value in (*parse_qsl(call.query, keep_blank_values=True), *_form(call)):
        found.setdefault(name, value)
    return found


def _form(call: Call) -> list[tuple[str, str]]:
    media = media_of(call)
    if media == "application/x-www-form-urlencoded":
        return parse_qsl(call.body.decode(errors="replace"), keep_blank_values=True)
    if media != "multipart/form-data":
        return []
    head = f"Content-Type: {call.headers['content-type']}\r\n\r\n".encode(errors="replace")
    found = []
    for part in message_from_bytes(head + call.body).walk():
        name, value = part.get_param("name", header="content-disposition"), part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(value, bytes):
            found.append((name, value.decode(errors="replace")))
    return found


def identify(call: Call) -> Credential | None:
    """The parameters ``username`` and ``password``."""
    given = fields(call)
    name, password = (given.get(each, "") for each in CREDENTIALS)
    return Credential(name, password) if name and password else None


def parameters(desk: Desk) -> dict[str, Json]:
    """The parameters without the credentials; they take the place of a JSON body."""
    return {name: value for name, value in fields(desk.call).items() if name not in CREDENTIALS}


def answer(text: str, media: str = "text/plain") -> Reply:
    return Reply(200, text.encode(), media=media)


def refuse(refusals: Sequence[Refusal], desk: Desk) -> Reply:
    """``ERROR 102``: the text of the first error."""
    error = desk.contract.errors[refusals[0].key]
    return Reply(error.status, error.text.encode(), tuple(error.headers.items()), media="text/plain")


def number(given: Mapping[str, Json], name: str, default: int) -> int:
    """A numeric parameter that has passed its schema."""
    return int(given.get(name, default))
