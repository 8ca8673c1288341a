"""One HTTP request to a provider, as a shell, the control API and the engine take it."""

import re
from base64 import b64decode, b64encode
from shlex import quote
from urllib.parse import quote as percent_encoded

import msgspec
from msgspec import Struct

from msgsim.model import Call, Json

_PLAIN = "/%:@!$&'()*+,;=~?[]{}|\\^`\""
"""What stands in a URL as it was written: nothing is encoded twice."""
_GLOBS = re.compile(r"[\[\]{}]")
_DOTS = re.compile(r"/\.\.?(/|$)")


class Example(Struct, frozen=True):
    """A request that can be sent as it is."""

    method: str
    path: str
    headers: dict[str, str]
    body: str = ""
    query: str = ""

    def call(self) -> Call:
        headers = {name.lower(): value for name, value in self.headers.items()}
        return Call(self.method, self.path, self.query, headers, self.body.encode())

    def shown(self) -> dict[str, Json]:
        """As the control API shows it: ``json`` where the body says so, else ``body``; no empty members."""
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
    """A request that was made, with its header names as they came to us."""
    return Example(call.method, call.path, call.headers, call.body.decode(errors="replace"), call.query)


def curl(example: Example, root: str, between: str = " ", options: str = "-i") -> str:
    """A command for a POSIX shell; ``root`` is the simulator's URL, ``between`` what stands between its parts."""
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
    """What makes curl send a header: ``-u`` where it is a user and a password, else ``-H``."""
    user = user_of(value) if name.lower() == "authorization" else ""
    return f"-u {quote(user)}" if user else f"-H {quote(f'{name}: {value}' if value else f'{name};')}"


def user_of(authorization: str) -> str:
    """``user:password`` of Basic; empty where curl would not make the same header of it."""
    scheme, _, encoded = authorization.partition(" ")
    try:
        user = b64decode(encoded, validate=True).decode()
    except ValueError:
        return ""
    same = scheme == "Basic" and b64encode(user.encode()).decode() == encoded
    return user if same and user.isprintable() and ":" in user else ""
