"""A simulator in a process of its own, which may be killed."""

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from msgsim.model import Json
from msgsim.testing import Answer, call

from tests.ports import free_port

ROOT = Path(__file__).resolve().parent.parent


class DidNotStart(Exception):
    """The process ended; the text is what it said."""

    def __init__(self, code: int, said: str) -> None:
        super().__init__(f"exit code {code}: {said}")
        self.code = code
        self.said = said


class Server:
    """``msgsim serve`` on a free port of 127.0.0.1; flags and environment as given."""

    def __init__(
        self, *flags: str, environment: dict[str, str] | None = None, before: Callable[[], None] | None = None
    ) -> None:
        """``before`` runs in the new process before the program does."""
        self.port = free_port()
        self._before = before
        self.url = f"http://127.0.0.1:{self.port}"
        self._command = [sys.executable, "-m", "msgsim", "serve", "--port", str(self.port), *flags]
        self._environment = {**os.environ, "PYTHONUNBUFFERED": "1", **(environment or {})}
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self, seconds: float = 20) -> None:
        """Until it answers. Raises DidNotStart."""
        self._process = subprocess.Popen(
            self._command,
            cwd=ROOT,
            env=self._environment,
            preexec_fn=self._before,
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                said, wrong = self._process.communicate()
                raise DidNotStart(self._process.returncode, (wrong or said).strip())
            try:
                if self.control("GET", "health").status == 200:
                    return
            except OSError:
                time.sleep(0.01)
        self.kill()
        raise DidNotStart(-1, f"no answer within {seconds} s")

    def greeting(self, label: str) -> str:
        """What it said at start beside a label."""
        assert self._process is not None
        assert self._process.stdout is not None
        for _ in range(20):
            line = self._process.stdout.readline()
            if line.strip().startswith(label):
                return line.split()[-1]
        raise LookupError(label)

    def control(self, method: str, path: str, json: Json = None) -> Answer:
        return call(f"{self.url}/__sim/v1/{path}", method, json)

    def kill(self) -> str:
        """At once, without a chance to tidy up; what it had said."""
        return self._end(signal.SIGKILL)

    def stop(self) -> str:
        """As Ctrl+C does; what it had said on standard error."""
        return self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> str:
        if self._process is None:
            return ""
        process, self._process = self._process, None
        process.send_signal(how)
        try:
            said = process.communicate(timeout=20)[1]
        except subprocess.TimeoutExpired:
            process.kill()
            said = process.communicate()[1]
        return said

    def memory(self) -> int:
        """Resident bytes."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS"):
                return int(line.split()[1]) * 1024
        return 0

    def processor(self) -> float:
        """Seconds of processor time that it has used."""
        user, system = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def limit_files(self, size: int | None) -> None:
        """No file may grow beyond ``size`` bytes, as on a full disk; None: no limit any more."""
        wanted = resource.RLIM_INFINITY if size is None else size
        resource.prlimit(self.pid, resource.RLIMIT_FSIZE, (wanted, resource.RLIM_INFINITY))

    def connections(self) -> set[str]:
        """Remote addresses of its TCP sockets just now, as ``/proc`` writes them."""
        inodes = set()
        for entry in Path(f"/proc/{self.pid}/fd").iterdir():
            try:
                target = str(entry.readlink())
            except OSError:
                continue
            if target.startswith("socket:["):
                inodes.add(target[8:-1])
        found = set()
        for table in ("tcp", "tcp6", "udp", "udp6"):
            for line in Path(f"/proc/{self.pid}/net/{table}").read_text().splitlines()[1:]:
                fields = line.split()
                if fields[9] in inodes:
                    found.add(fields[2].rpartition(":")[0])
        return found


def lines(said: str) -> Sequence[str]:
    return [line for line in said.splitlines() if line.strip()]
