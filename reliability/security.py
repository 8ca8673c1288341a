"""Who may come in, where callbacks may go, and what is never shown or asked for."""

import re
import sqlite3
import tempfile
from pathlib import Path

from msgsim.callbacks.address import Forbidden, address, check
from msgsim.model import Json
from msgsim.testing import Answer, call

from reliability.figures import Figure, counted
from reliability.receiver import Receiver
from reliability.server import Server
from reliability.traffic import BASIC

PART = "security"
MARKER = "this may be seen"
SECRET = "s3cret-{}-do-not-show"
FORBIDDEN = (
    *("http://8.8.8.8/", "http://169.254.169.254/latest/meta-data/", "http://0.0.0.0/", "http://0.1.2.3/"),
    *("http://100.64.0.1/", "http://192.0.2.1/", "http://198.18.0.1/", "http://224.0.0.1/", "http://240.0.0.1/"),
    *(
        "http://255.255.255.255/",
        "http://[::]/",
        "http://[fe80::1]/",
        "http://[fe80::1%25eth0]/",
        "http://[2001:db8::1]/",
    ),
    *(
        "http://[::ffff:8.8.8.8]/",
        "http://[::ffff:169.254.169.254]/",
        "http://[::8.8.8.8]/",
        "http://[64:ff9b::808:808]/",
    ),
    *("http://[2002:808:808::]/", "http://[2001:0:808:808::]/", "http://[ff02::1]/", "http://[2600:1f18::1]/"),
    *("http://2852039166/", "http://134744072/", "http://8.8.2056/", "http://127.1/", "http://010.8.8.8/"),
    *("http://①⑥⑨.②⑤④.①⑥⑨.②⑤④/", "http://8。8。8。8/", "http://127.0.0.1@8.8.8.8/", "http://8.8.8.8#@127.0.0.1/"),
    *("ftp://127.0.0.1/", "file:///etc/passwd", "gopher://127.0.0.1/", "http:///", "127.0.0.1", "http://[::1"),
)
LOCAL = (
    *("http://127.0.0.1:1/", "http://127.8.8.8/", "http://10.0.0.1/x", "http://172.16.0.1/", "http://172.31.255.255/"),
    *(
        "http://192.168.1.1/",
        "https://[::1]:8443/",
        "http://[fd00::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://localhost/",
    ),
)
SEVERAL = (
    ("evil.example", ["127.0.0.1", "8.8.8.8"]),
    ("evil.example", ["8.8.8.8", "127.0.0.1"]),
    ("evil.example", ["::1", "2001:4860:4860::8888"]),
    ("evil.example", ["10.0.0.1", "169.254.169.254"]),
    ("evil.example", ["::ffff:169.254.169.254"]),
)


def run() -> list[Figure]:
    with tempfile.TemporaryDirectory() as name:
        return guard() + other_sites(Path(name)) + beyond(Path(name)) + secrets(Path(name)) + sockets(Path(name))


def guard() -> list[Figure]:
    """Where callbacks may go."""
    let_through = [url for url in FORBIDDEN if _goes(url)]
    let_through += [f"{host} at {found}" for host, found in SEVERAL if _reaches(host, found)]
    held_back = [url for url in LOCAL if not _goes(url)]
    return [
        counted(PART, "receivers that must be refused", len(FORBIDDEN) + len(SEVERAL)),
        Figure(PART, "of them let through", ", ".join(let_through) or "0", not let_through),
        Figure(PART, f"local receivers refused, of {len(LOCAL)}", ", ".join(held_back) or "0", not held_back),
    ]


def _goes(url: str) -> bool:
    try:
        address(url, ())
    except Forbidden:
        return False
    return True


def _reaches(host: str, addresses: list[str]) -> bool:
    try:
        check(host, 80, addresses, ())
    except Forbidden:
        return False
    return True


def other_sites(folder: Path) -> list[Figure]:
    """What pages of other sites may do on loopback: nothing."""
    with Server("--store", str(folder / "sites.db")) as server:
        host = f"127.0.0.1:{server.port}"
        strangers: dict[str, dict[str, str]] = {
            "rebound name": {"Host": "evil.example"},
            "rebound name with our port": {"Host": f"evil.example:{server.port}"},
            "name that begins like ours": {"Host": "localhost.evil.example"},
            "address that begins like ours": {"Host": "127.0.0.1.evil.example"},
            "empty name": {"Host": ""},
            "other site's origin": {"Origin": "https://evil.example"},
            "other port of this machine": {"Origin": "http://127.0.0.1:1"},
            "sandboxed page": {"Origin": "null"},
            "cross-site request": {"Sec-Fetch-Site": "cross-site"},
            "same-site request": {"Sec-Fetch-Site": "same-site"},
        }
        let_in = [name for name, headers in strangers.items() if _reset(server, headers).status != 403]
        mine = {"Origin": f"http://{host}", "Sec-Fetch-Site": "same-origin"}
        own = [
            _reset(server, mine).status,
            _reset(server, {}).status,
            _reset(server, {"Host": f"localhost:{server.port}"}).status,
        ]
        shared = [
            name
            for headers in ({"Origin": "https://evil.example"}, {})
            for name in server_answer(server, headers).headers
            if name.startswith("access-control-")
        ]
        asked = call(f"{server.url}/__sim/v1/reset", "OPTIONS", headers={"Origin": "https://evil.example"})
        form = {**BASIC, "Content-Type": "text/plain"}
        sent = [name for name, mark in MARKS.items() if _send(server, {**form, **mark}).status != 403]
        looked = [
            f"{name} {path}"
            for name, mark in MARKS.items()
            for path in ("/__sim/", "/__sim/v1/messages", "/__sim/v1/health", "/__sim/sink/x", "/__sim/openapi.json")
            if call(f"{server.url}{path}", "GET", headers=mark).status != 403
        ]
        link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
        followed = call(f"{server.url}/__sim/", "GET", headers=link).status
        sdk = [_send(server, {**BASIC, "Host": name}).status for name in ("api.messente.com", host)]
    shared += [name for name in asked.headers if name.startswith("access-control-")]
    return [
        Figure(PART, f"requests of other sites let in, of {len(strangers)}", ", ".join(let_in) or "0", not let_in),
        Figure(PART, "requests of our own pages and of no page let in", str(own), own == [200, 200, 200]),
        Figure(PART, f"forms of other sites' pages that reach a provider, of {len(MARKS)}", ", ".join(sent) or "0", not sent),
        Figure(PART, f"reads of other sites' pages below /__sim let in, of {5 * len(MARKS)}", ", ".join(looked) or "0", not looked),
        Figure(PART, "a link that is followed to a page; SDKs under a host's own name", f"{followed}, {sdk}", (followed, sdk) == (200, [201, 201])),
        Figure(PART, "headers that would let other sites read answers (CORS)", str(len(shared)), not shared),
    ]  # fmt: skip


MARKS: dict[str, dict[str, str]] = {
    "another site's form": {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "empty"},
    "another port's page": {"Sec-Fetch-Site": "same-site", "Origin": "http://localhost:3000"},
    "an old browser": {"Origin": "https://evil.example"},
    "a sandboxed page": {"Origin": "null"},
    "a picture": {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"},
    "a frame": {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"},
}
"""What a browser says of requests that are another site's."""


def _send(server: Server, headers: dict[str, str]) -> Answer:
    body = {"to": "+37255500001", "dlr_url": "http://127.0.0.1:9/", "messages": [{"channel": "sms", "text": "x"}]}
    return call(f"{server.url}/v1/omnimessage", "POST", body, headers=headers)


def server_answer(server: Server, headers: dict[str, str]) -> Answer:
    return call(f"{server.url}/__sim/v1/messages", "GET", headers=headers)


def _reset(server: Server, headers: dict[str, str]) -> Answer:
    return call(f"{server.url}/__sim/v1/reset", "POST", headers=headers)


def beyond(folder: Path) -> list[Figure]:
    """Served to other machines, the control API asks for the token that was printed at start."""
    with Server("--store", str(folder / "beyond.db"), "--host", "0.0.0.0") as server:
        token = server.greeting("token")
        asked = {
            "no token": {},
            "empty token": {"Authorization": "Bearer "},
            "wrong token": {"Authorization": f"Bearer {token[:-1]}x"},
            "token as a password": {"Authorization": f"Basic {token}"},
            "cookie that is wrong": {"Cookie": "msgsim-token=x"},
        }
        let_in = [name for name, headers in asked.items() if _reset(server, headers).status != 401]
        right = _reset(server, {"Authorization": f"Bearer {token}"}).status
        foreign = _reset(server, {"Authorization": f"Bearer {token}", "Origin": "https://evil.example"}).status
        open_ = call(f"{server.url}/__sim/v1/health", "GET").status
    with Server("--store", str(folder / "again.db"), "--host", "0.0.0.0") as server:
        other = server.greeting("token")
    made = bool(re.fullmatch("[0-9a-f]{32}", token)) and token != other
    return [
        Figure(PART, "beyond loopback: a token of 128 random bits is made up and printed", "yes" if made else "no", made),
        Figure(PART, f"beyond loopback: requests without it let in, of {len(asked)}", ", ".join(let_in) or "0", not let_in),
        Figure(PART, "beyond loopback: with it, with it from another site, health", f"{right}, {foreign}, {open_}", (right, foreign, open_) == (200, 403, 200)),
    ]  # fmt: skip


def secrets(folder: Path) -> list[Figure]:
    """Secrets go in through every door of every provider, and are looked for at every way out."""
    hidden = [SECRET.format(number) for number in range(20)]
    store = folder / "secrets.db"
    with Receiver() as receiving, Server("--store", str(store)) as server:
        answers = [_ask(server, request) for request in _requests(hidden, receiving.url)]
        server.control("POST", "inbound", {"provider": "messente", "from": "+37255500009", "to": "+1", "text": "hello"})
        server.control("PUT", "settings", {"messente": {"inbound_secret": hidden[0]}})
        outputs = {path: _read(server, path) for path in _ways_out(server)}
        said = server.stop()
    outputs["log"] = said
    database = sqlite3.connect(store)
    outputs["journal table"] = " ".join(str(row) for row in database.execute("SELECT CAST(doc AS TEXT) FROM journal"))
    database.close()
    seen = sum(MARKER in text for text in outputs.values())
    leaks = [f"{secret} in {path}" for secret in hidden for path, text in outputs.items() if secret in text]
    rights = [oct(file.stat().st_mode & 0o777) for file in folder.glob("secrets.db*")]
    return [
        counted(PART, "requests with secrets sent", len(answers), len(answers) > 10),
        counted(PART, "outputs searched for them", len(outputs), len(outputs) > 8),
        counted(PART, "of them with a text that is no secret (the search works)", seen, seen > 4),
        Figure(PART, "secrets found in outputs", ", ".join(leaks) or "0", not leaks),
        Figure(PART, "rights of the store's files", ", ".join(sorted(set(rights))), set(rights) == {"0o600"}),
    ]


def _requests(hidden: list[str], receiver: str) -> list[tuple[str, str, dict[str, str], Json]]:
    from base64 import b64encode

    basic = b64encode(f"user:{hidden[1]}".encode()).decode()
    omni = {"to": "+37255500001", "messages": [{"channel": "sms", "text": "x"}], "dlr_url": receiver}
    sinch = {"destination": "5519900001111", "messageText": "hello"}
    grant = {"grant_type": "client_credentials", "client_id": "me", "client_secret": hidden[2]}
    quoted = {**grant, "client_secret": f'a"b&{hidden[3]}'}
    line = {"channelName": "line", "channelSecret": hidden[4], "channelId": "1", "accessToken": hidden[5]}
    ott = {"payload": [{"recipient": "573000000000", "templateID": "F", "channelType": 3}]}
    return [
        ("POST", "/v1/omnimessage", {"Authorization": f"Basic {basic}"}, omni),
        ("POST", "/v1/omnimessage", {"Authorization": f"Basic {basic}"}, {**omni, "to": "wrong"}),
        ("GET", "/v1/omnimessage/unknown/status", {"Authorization": f"Basic {basic}"}, None),
        ("POST", "/v1/send-sms", {"UserName": "me", "AuthenticationToken": hidden[6]}, sinch),
        ("GET", f"/v1/send-sms?UserName=me&AuthenticationToken={hidden[7]}&destination=5519900001111&messageText=x", {}, None),
        ("GET", f"/v1/send-sms?authenticationtoken={hidden[8]}", {}, None),
        ("POST", "/v2/token", {}, grant),
        ("POST", "/v2/token", {}, quoted),
        ("POST", "/v1/requestToken", {}, {"clientId": "me", "clientSecret": hidden[9]}),
        ("POST", "/ott/v1/send", {"Authorization": f"Bearer {hidden[10]}"}, {}),
        ("POST", "/ott/v1/registration", {"Authorization": f"Bearer {hidden[11]}"}, line),
        ("POST", "/ott/v1/deliver", {"X-API-KEY": hidden[12]}, ott),
        ("POST", "/sms/v1/deliver", {"x-api-key": hidden[13]}, {"recipient": "+573001234567", "messageBody": MARKER}),
        ("POST", "/nowhere", {"Authorization": f"Bearer {hidden[14]}", "Cookie": f"session={hidden[15]}"}, {}),
        ("POST", "/__sim/v1/nothing", {"Authorization": f"Bearer {hidden[16]}"}, {}),
    ]  # fmt: skip


def _ask(server: Server, request: tuple[str, str, dict[str, str], Json]) -> Answer:
    method, path, headers, body = request
    return call(f"{server.url}{path}", method, body, headers=headers)


def _ways_out(server: Server) -> list[str]:
    document = call(f"{server.url}/__sim/openapi.json", "GET")
    known = document.json["paths"] if document.status == 200 else {}
    plain = [path for path, methods in known.items() if "get" in methods and "{" not in path and "events" not in path]
    messages = server.control("GET", "messages").json["messages"]
    requests = server.control("GET", "requests").json["requests"]
    callbacks = server.control("GET", "callbacks").json["callbacks"]
    some = [f"/__sim/v1/messages/{one['id']}{more}" for one in messages for more in ("", "/explain")]
    some += [f"/__sim/v1/requests/{one['number']}{more}" for one in requests for more in ("", "/explain")]
    some += [f"/__sim/v1/callbacks/{one['number']}{more}" for one in callbacks for more in ("", "/explain")]
    pages = ["/", "/__sim/requests", "/__sim/settings"]
    pages += [f"/__sim/requests/{one['number']}" for one in requests]
    return [
        *plain,
        *some,
        *pages,
        "/__sim/v1/messages",
        "/__sim/v1/requests",
        "/__sim/v1/callbacks",
        "/__sim/v1/settings",
    ]


def _read(server: Server, path: str) -> str:
    wanted = "application/json" if path.startswith("/__sim/v1") else "text/html"
    return call(f"{server.url}{path}", "GET", headers={"Accept": wanted}).body.decode(errors="replace")


def sockets(folder: Path) -> list[Figure]:
    """Whom the process is connected with while it does everything it can: nobody but this machine."""
    from reliability.traffic import MIX

    seen: set[str] = set()
    with Receiver() as receiving, Server("--store", str(folder / "sockets.db")) as server:
        for number in range(200):
            shot = MIX[number % len(MIX)](number, receiving.url)
            call(server.url + shot.path, "POST", shot.body, headers=shot.headers)
            seen |= server.connections()
        for path in ("/", "/__sim/docs", "/__sim/openapi.json", "/__sim/v1/errors"):
            call(server.url + path, "GET", headers={"Accept": "text/html"})
            seen |= server.connections()
        pages = [_read(server, path) for path in ("/", "/__sim/docs")]
    outside = [address for address in seen if address.strip("0") and not _is_loopback(address)]
    foreign = [found for page in pages for found in re.findall(r'(?:src|href|action)="(?:https?:)?//[^"]*"', page)]
    loaded = [one for one in foreign if one.startswith("src")]
    return [
        counted(PART, "remote addresses of its sockets beyond this machine", len(outside), not outside),
        counted(PART, "things that our pages load from elsewhere", len(loaded), not loaded),
    ]


def _is_loopback(address: str) -> bool:
    """``/proc`` writes addresses as little-endian words in hexadecimal digits."""
    mapped = address.removeprefix("0000000000000000FFFF0000")
    return (mapped.endswith("7F") and len(mapped) == 8) or address == "00000000000000000000000001000000"
