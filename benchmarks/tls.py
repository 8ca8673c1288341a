"""A send over TLS against one over the plain port of the same server, keep-alive, by `wrk` (Debian's package)."""

import json
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

from benchmarks import processes
from benchmarks.run import BASIC, ROUNDS, SECONDS, SEND, ours

SCRIPT = """
wrk.method = "POST"
wrk.body = %s
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Basic %s"
"""


def rate(url: str, script: Path) -> float:
    """Requests per second; all have to be accepted."""
    command = ["wrk", "-t1", "-c16", f"-d{SECONDS:.0f}s", "-s", str(script), url]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in printed:
        raise SystemExit(printed)
    found = re.search(r"Requests/sec:\s+([\d.]+)", printed)
    assert found is not None, printed
    return float(found[1])


def main() -> None:
    if shutil.which("wrk") is None:
        sys.exit("wrk is not there: apt-get install wrk")
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "send.lua"
        script.write_text(SCRIPT % (json.dumps(SEND.decode()), BASIC))
        server = ours(folder, "--https-port", "0", "--ca-folder", folder)
        with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/__sim/v1/health") as answer:
            tls = json.load(answer)["https_port"]
        urls = (f"http://127.0.0.1:{server.port}/v1/omnimessage", f"https://localhost:{tls}/v1/omnimessage")
        rounds = [[rate(url, script) for url in urls] for _ in range(ROUNDS)]
        server.stop()
    plain, secure = (statistics.median(column) for column in zip(*rounds, strict=True))
    print(f"\nplain {plain:,.0f}/s, TLS {secure:,.0f}/s\n")
    ratio = statistics.median(over / under for under, over in rounds)
    sys.exit(not processes.judged([("a send over TLS, of one over the plain port", ratio, 0.8, True)]))


if __name__ == "__main__":
    main()
