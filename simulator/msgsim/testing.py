"""A simulator inside a test: a real server on a free port, in a thread of this process."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self, Unpack
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import msgspec
from msgspec import Struct

from msgsim.client import Client
from msgsim.client.sandboxes import NewSandbox
from msgsim.config import Config, authority, guarded
from msgsim.model import Json
from msgsim.server import Server, listen
from msgsim.web.edge.replies import CannotStart


class Answer(Struct, frozen=True):
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Json:
        """The body as JSON. Raises msgspec.DecodeError where it is none."""
        return msgspec.json.decode(self.body)


def call(
    url: str,
    method: str,
    json: Json = None,
    body: bytes | str | None = None,
    headers: dict[str, str] | None = None,
    query: dict[str, str] | str | None = None,
) -> Answer:
    """One request with nothing but the standard library; every status is an answer."""
    data = body.encode() if isinstance(body, str) else body
    sent = dict(headers or {})
    if json is not None:
        data = msgspec.json.encode(json)
    if data is not None and not any(name.lower() == "content-type" for name in sent):
        sent["Content-Type"] = "application/json"
    search = query if isinstance(query, str) else urlencode(query or {})
    request = Request(f"{url}?{search}" if search else url, data, sent, method=method)
    try:
        with urlopen(request, timeout=60) as response:
            return Answer(response.status, {k.lower(): v for k, v in response.headers.items()}, response.read())
    except HTTPError as refused:
        with refused:
            return Answer(refused.code, {k.lower(): v for k, v in refused.headers.items()}, refused.read())


class Simulator:
    """``with Simulator(clock="frozen", seed=1) as sim: sim.url``. Settings are those of `Config`."""

    def __init__(self, **settings: Json) -> None:
        """Raises whatever a start may raise: StoreError, ValueError, BadFile, CannotStart."""
        self.config = guarded(msgspec.convert({"port": 0, "store": "memory", "clock": "frozen", **settings}, Config))
        self._listening = listen(self.config)
        self.port: int = self._listening[0].getsockname()[1]
        self.url = f"http://{authority(self.config.host, self.port)}"
        self.seed = 0
        """As it was given, or drawn; known when the server answers."""
        self._started = threading.Event()
        try:
            self._server = Server(self.config, self._answers)
        except BaseException:
            for listening in self._listening:
                listening.close()
            raise
        self._thread = threading.Thread(target=self._server.run, args=(self._listening,), daemon=True)

    def _answers(self, seed: int) -> None:
        self.seed = seed
        self._started.set()

    def __enter__(self) -> Self:
        """Raises CannotStart."""
        self._thread.start()
        while not self._started.wait(0.05):
            if not self._thread.is_alive():
                raise CannotStart(f"the simulator at {self.url} stopped before it answered")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> Self:
        """Serve; returns when requests are answered. Raises CannotStart."""
        return self.__enter__()

    @contextmanager
    def sandbox(self, name: str = "", **made: Unpack[NewSandbox]) -> Iterator[Client]:
        """A new sandbox, through a client of its own; gone afterwards. Its clock is frozen unless ``made`` says so.

        ``self.msgsim = self.enterContext(simulator.sandbox())`` in a `unittest.TestCase`. Raises Problem,
        and RuntimeError where the simulator was not started.
        """
        if not self._started.is_set():
            raise RuntimeError("the simulator does not run yet: `with Simulator() as simulator:`, or call its start()")
        frozen: NewSandbox = {"clock": "frozen", **made}
        with Client(self.url, token=self.config.token) as client:
            created = client.sandboxes.create(name, **frozen)["name"]
            try:
                yield client.sandbox(created)
            finally:
                client.sandboxes.delete(created)

    def stop(self) -> None:
        """Stop serving; returns when it has."""
        self._server.should_exit = True
        self._thread.join(10)

    def control(self, method: str, path: str, json: Json = None, **more: Json) -> Answer:
        """The control API, raw: ``control("POST", "clock/advance", {"by": "1m"})``; every status is an answer.

        ``more`` is what `call` takes. `msgsim.client.Client` is the same with methods and typed answers.
        """
        proof = {"Authorization": f"Bearer {self.config.token}"} if self.config.token else {}
        headers = {**proof, **more.pop("headers", {})}
        return call(f"{self.url}/__sim/v1/{path}", method, json, headers=headers, **more)
