"""`Example`, a complete HTTP request to a provider, as a `Call`, as JSON of the control API, and as a curl command."""

import re
from base64 import b64decode, b64encode
from shlex import quote
from urllib.parse import quote as percent_encoded

import msgspec
from msgspec import Struct

from msgsim.model import Call, Json

_PLAIN = "/%:@!$&'()*+,;=~?[]{}|\\^`\""
"""Characters of a URL that are not percent-encoded; the percent sign is one, so that nothing is encoded twice."""
_GLOBS = re.compile(r"[\[\]{}]")
"""Characters that curl would expand in a URL."""
_DOTS = re.compile(r"/\.\.?(/|$)")
"""``.`` and ``..`` in a path, which curl would resolve."""


class Example(Struct, frozen=True):
    """A complete request to a provider; ``query`` is encoded, without the question mark."""

    method: str
    path: str
    headers: dict[str, str]
    body: str = ""
    query: str = ""

    def call(self) -> Call:
        headers = {name.lower(): value for name, value in self.headers.items()}
        return Call(self.method, self.path, self.query, headers, self.body.encode())

    def shown(self) -> dict[str, Json]:
        """The form in the control API: a JSON body as ``json``, any other as ``body``; empty members are left out."""
        found: dict[str, Json] = {"method": self.method, "path": self.path, "headers": self.headers}
        if self.query:
            found["query"] = self.query
        if self.body:
            try:
                found["json"] = msgspec.json.decode(self.body)
            except msgspec.DecodeError:
                found["body"] = self.body
        return found


def example_of(call: Call) -> Example:
    """A request that was received; header names are in lower case."""
    return Example(call.method, call.path, call.headers, call.body.decode(errors="replace"), call.query)


def curl(example: Example, root: str, between: str = " ", options: str = "-i") -> str:
    """A curl command for a POSIX shell; ``root``: the simulator's URL, ``between``: the separator of its parts."""
    url = percent_encoded(root.rstrip("/") + example.path, safe=_PLAIN) + (f"?{example.query}" if example.query else "")
    parts = [f"curl {options}"]
    if _GLOBS.search(url):
        parts[0] += " --globoff"
    if _DOTS.search(example.path):
        parts[0] += " --path-as-is"
    # With -X HEAD curl would wait for a body.
    parts[0] += f" {'--head' if example.method == 'HEAD' else f'-X {quote(example.method)}'} {quote(url)}"
    parts += [_option(name, value) for name, value in example.headers.items()]
    if example.body:
        parts.append(f"--data-raw {quote(example.body)}")
    return between.join(parts)


def _option(name: str, value: str) -> str:
    """The curl option for a header: ``-u`` for Basic credentials, else ``-H``."""
    user = user_of(value) if name.lower() == "authorization" else ""
    return f"-u {quote(user)}" if user else f"-H {quote(f'{name}: {value}' if value else f'{name};')}"


def user_of(authorization: str) -> str:
    """``user:password`` of Basic; empty: it is another scheme, or curl would not make the same header of it."""
    scheme, _, encoded = authorization.partition(" ")
    try:
        user = b64decode(encoded, validate=True).decode()
    except ValueError:
        return ""
    same = scheme == "Basic" and b64encode(user.encode()).decode() == encoded
    return user if same and user.isprintable() and ":" in user else ""
