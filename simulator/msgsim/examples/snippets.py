"""A request as code that sends it, in several languages; each snippet is a complete program."""

import json
from collections.abc import Callable
from pprint import pformat

from msgsim.examples.request import Example, curl, user_of

NEWLINE = "\n"


def snippets(example: Example, root: str) -> dict[str, str]:
    """Language → code. ``root`` is the simulator's URL; the body of the example has to be JSON."""
    return {name: write(example, f"{root}{example.path}") for name, write in LANGUAGES.items()}


def _curl(example: Example, url: str) -> str:
    return curl(example, url.removesuffix(example.path), " \\\n  ")


def _python(example: Example, url: str) -> str:
    headers, user = _apart(example)
    auth = f"    auth={tuple(user.split(':', 1))!r},\n" if user else ""
    return f"""import requests

answer = requests.post(
    {url!r},
{auth}    headers={headers!r},
    json={pformat(json.loads(example.body), width=100, sort_dicts=False).replace(NEWLINE, NEWLINE + " " * 9)},
)
print(answer.status_code, answer.text)
"""


def _node(example: Example, url: str) -> str:
    headers, user = _apart(example)
    written = [f"    {json.dumps(name)}: {json.dumps(value)}," for name, value in headers.items()]
    if user:
        written.append(f'    Authorization: "Basic " + btoa({json.dumps(user)}),')
    return f"""const answer = await fetch({json.dumps(url)}, {{
  method: "POST",
  headers: {{
{_lines(written)}
  }},
  body: JSON.stringify({json.dumps(json.loads(example.body), indent=2).replace(NEWLINE, NEWLINE + "  ")}),
}});
console.log(answer.status, await answer.text());
"""


def _java(example: Example, url: str) -> str:
    headers, user = _apart(example)
    written = [f"            .header({json.dumps(name)}, {json.dumps(value)})" for name, value in headers.items()]
    if user:
        basic = f'"Basic " + Base64.getEncoder().encodeToString({json.dumps(user)}.getBytes())'
        written.append(f'            .header("Authorization", {basic})')
    return f"""import java.net.URI;
import java.net.http.*;
import java.util.Base64;

public class Send {{
    public static void main(String[] args) throws Exception {{
        var request = HttpRequest.newBuilder(URI.create({json.dumps(url)}))
{_lines(written)}
            .POST(HttpRequest.BodyPublishers.ofString({json.dumps(example.body)}))
            .build();
        var answer = HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
        System.out.println(answer.statusCode() + " " + answer.body());
    }}
}}
"""


def _php(example: Example, url: str) -> str:
    headers, user = _apart(example)
    written = [f"        {_single(f'{name}: {value}')}," for name, value in headers.items()]
    auth = f"    CURLOPT_USERPWD => {_single(user)},\n" if user else ""
    return f"""<?php
$request = curl_init({_single(url)});
curl_setopt_array($request, [
    CURLOPT_POST => true,
{auth}    CURLOPT_HTTPHEADER => [
{_lines(written)}
    ],
    CURLOPT_POSTFIELDS => {_single(example.body)},
    CURLOPT_RETURNTRANSFER => true,
]);
$answer = curl_exec($request);
echo curl_getinfo($request, CURLINFO_RESPONSE_CODE), ' ', $answer, PHP_EOL;
"""


def _ruby(example: Example, url: str) -> str:
    headers, user = _apart(example)
    written = [f"request[{_single(name)}] = {_single(value)}" for name, value in headers.items()]
    if user:
        name, password = user.split(":", 1)
        written.append(f"request.basic_auth({_single(name)}, {_single(password)})")
    return f"""require 'net/http'

uri = URI({_single(url)})
request = Net::HTTP::Post.new(uri)
{_lines(written)}
request.body = {_single(example.body)}
answer = Net::HTTP.start(uri.host, uri.port, use_ssl: uri.scheme == 'https') {{ |http| http.request(request) }}
puts "#{{answer.code}} #{{answer.body}}"
"""


LANGUAGES: dict[str, Callable[[Example, str], str]] = {
    "curl": _curl,
    "Python": _python,
    "Node": _node,
    "Java": _java,
    "PHP": _php,
    "Ruby": _ruby,
}


def _apart(example: Example) -> tuple[dict[str, str], str]:
    """Headers without Basic credentials, and these as ``user:password``; empty: there are none."""
    user = user_of(example.headers.get("Authorization", ""))
    return {name: value for name, value in example.headers.items() if not (user and name == "Authorization")}, user


def _lines(written: list[str]) -> str:
    return "\n".join(written)


def _single(text: str) -> str:
    """A string literal of PHP and Ruby, in single quotes."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
