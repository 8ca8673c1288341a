"""What people write that would hang a server or open any file: regular expressions, JSONPaths, names of scenarios."""

import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import quote

from msgsim.testing import call

from reliability.figures import Figure, counted
from reliability.server import Server

PART = "patterns"
SECONDS = 1.0
"""Within which everything is answered."""
EXPRESSIONS = (
    *("/(a+)+$/", "/^(a|a)*$/", "/^(a|aa)+$/", "/^([a-zA-Z]+)*$/", "/(a*)*b/", "/(.*a){20}$/", "/(a?){200}a{200}$/"),
    *(
        "/^(([a-z])+.)+[A-Z]([a-z])+$/",
        "/(x+x+)+y/",
        "/([^b]*,?)*b/",
        "/(.*)(.*)(.*)(.*)(.*)b$/",
        "/a([ab]{100}){8}[^ab!]/",
    ),
)
REFUSED = (r"/(a+)\1+$/", "/(?=(a+))b/", "/(.{1000}){1000}/", "/" + "(" * 1500 + "/", "$..*..*..*", "$.m[?($.m[*])]")
NAMES = ("/dev/zero", "/dev/stdin", "/etc/shadow", "/etc/passwd", "/proc/self/environ", "../../etc/passwd", "/", "")
TEXT = "a" * 950 + "!"
"""It makes other engines try every way to share out its letters."""
MESSAGES = 300
MESSENTE = {"Authorization": "Basic dXNlcjpwYXNzd29yZA=="}


def run() -> list[Figure]:
    with tempfile.TemporaryDirectory() as name, Server("--store", "memory", "--clock", "frozen") as server:
        return [*expressions(server), *names(server, Path(name)), *files(Path(name))]


def expressions(server: Server) -> list[Figure]:
    """Filters over stored messages, and rules that look at a send."""
    chosen = random.Random(1)
    texts = ["".join(chosen.choices("ab", k=950)) + "!" for _ in range(MESSAGES)]
    items = [{"to": "+37255000001", "messages": [{"channel": "viber", "text": text}]} for text in texts]
    bulk = {"messages": items}
    assert call(f"{server.url}/v1/omnimessages", "POST", bulk, headers=MESSENTE).status == 201
    looked = [timed(server, "GET", f"messages?text={quote(one, safe='')}&limit=1") for one in EXPRESSIONS]
    sent = []
    for one in EXPRESSIONS:
        when = f"{{text: '{one}', header: {{X-A: '{one}'}}, body: {{$..text: '{one}'}}}}"
        rules = f"name: hostile\nrules:\n  - when: {when}\n    respond: {{error: forbidden}}\n"
        assert choose(server, rules) == 200, one
        begun = time.monotonic()
        body = {"to": "+37255000001", "messages": [{"channel": "viber", "text": TEXT}]}
        call(f"{server.url}/v1/omnimessage", "POST", body, headers={**MESSENTE, "X-A": TEXT})
        sent.append(time.monotonic() - begun)
    server.control("PUT", "scenario", {"names": []})
    told = []
    for one in REFUSED:
        path = f"{{'{one}': x}}" if one[0] == "$" else f"{{$.a: '{one}'}}"
        rules = f"name: hostile\nrules:\n  - when: {{body: {path}}}\n    deliver: []\n"
        told.append(choose(server, rules) == 400)
    return [
        counted(
            PART,
            f"ms of the slowest of {len(looked)} filters over {MESSAGES} messages",
            1000 * max(looked),
            max(looked) < SECONDS,
        ),
        counted(PART, f"ms of the slowest send among {len(sent)} rules", 1000 * max(sent), max(sent) < SECONDS),
        counted(PART, f"patterns that cannot run in linear time: taken, of {len(told)}", told.count(False), all(told)),
    ]


def choose(server: Server, rules: str) -> int:
    """The status of the answer."""
    return call(f"{server.url}/__sim/v1/scenario", "PUT", body=rules).status


def timed(server: Server, method: str, path: str) -> float:
    begun = time.monotonic()
    assert server.control(method, path).status == 200, path
    return time.monotonic() - begun


def names(server: Server, folder: Path) -> list[Figure]:
    """Whatever a client names as a scenario."""
    secret = folder / "secret.yaml"
    secret.write_text("name: hidden\nrules: []\n")
    os.mkfifo(folder / "pipe.yaml")
    asked = [*NAMES, str(secret), str(folder / "pipe.yaml"), str(folder)]
    answers = [server.control("PUT", "scenario", {"names": [one]}) for one in asked]
    answers += [server.control("POST", "sandboxes", {"scenario": [one]}) for one in asked]
    headers = [{**MESSENTE, "X-Sim-Scenario": one} for one in asked if one]
    answers += [call(f"{server.url}/v1/omnimessage", "POST", {}, headers=given) for given in headers]
    let_in = sum(answer.status < 400 or b"hidden" in answer.body or b"root:" in answer.body for answer in answers)
    return [
        counted(PART, f"names of files, pipes and devices over the API: read, of {len(answers)}", let_in, not let_in)
    ]


def files(folder: Path) -> list[Figure]:
    """What an operator names by mistake."""
    (folder / "zero.yaml").symlink_to("/dev/zero")
    (folder / "shadow.yaml").write_text("root:$y$j9T$hidden:19000:0:99999:7:::\n")
    (folder / "folder.yaml").mkdir()
    with (folder / "large.yaml").open("wb") as file:
        file.truncate(1 << 34)
    unfit = [folder / f"{name}.yaml" for name in ("zero", "shadow", "folder", "large", "pipe")]
    refused = 0
    for path in unfit:
        command = [sys.executable, "-m", "msgsim", "serve", "--port", "0", "--store", "memory", "--scenario", str(path)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30)
        refused += done.returncode == 2 and str(path) in done.stderr and "hidden" not in done.stderr + done.stdout
    return [
        counted(
            PART,
            f"starts with a pipe, a device, a folder, 16 GB, secrets: refused, of {len(unfit)}",
            refused,
            refused == len(unfit),
        )
    ]
