"""`Simulator`: a real server for tests, on a free port, in a thread of the test's process."""

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
    """An HTTP answer."""

    status: int
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes

    @property
    def json(self) -> Json:
        """The decoded JSON body. Raises msgspec.DecodeError if it is not JSON."""
        return msgspec.json.decode(self.body)


def call(
    url: str,
    method: str,
    json: Json = None,
    body: bytes | str | None = None,
    headers: dict[str, str] | None = None,
    query: dict[str, str] | str | None = None,
) -> Answer:
    """Send one request with the standard library; an answer of any status is returned, never raised.

    ``json`` is encoded as the body; ``body`` is sent as it is. Raises URLError where no server answers within a minute.
    """
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
    """A server in a thread: ``with Simulator(clock="frozen", seed=1) as sim: sim.url``.

    Takes the settings of `Config`; unless told otherwise its port is free, its store in memory, its clock frozen.
    """

    def __init__(self, **settings: Json) -> None:
        """Raises StoreError, ValueError, BadFile or CannotStart."""
        self.config = guarded(msgspec.convert({"port": 0, "store": "memory", "clock": "frozen", **settings}, Config))
        self._listening = listen(self.config)
        self.port: int = self._listening[0].getsockname()[1]
        self.url = f"http://{authority(self.config.host, self.port)}"
        self.seed = 0
        """The configured or drawn seed; 0 until the server answers."""
        self._started = threading.Event()
        try:
            self._server = Server(self.config, self._note_started)
        except BaseException:
            for listening in self._listening:
                listening.close()
            raise
        self._thread = threading.Thread(target=self._server.run, args=(self._listening,), daemon=True)

    def _note_started(self, seed: int) -> None:
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
        """Start the server; returns when requests are answered. Raises CannotStart."""
        return self.__enter__()

    @contextmanager
    def sandbox(self, name: str = "", **made: Unpack[NewSandbox]) -> Iterator[Client]:
        """A client of a new sandbox, which is deleted afterwards. Its clock is frozen unless ``made`` says otherwise.

        ``name`` empty: one is chosen. In a `unittest.TestCase`: ``self.msgsim = self.enterContext(sim.sandbox())``.
        Raises Problem, and RuntimeError if the simulator was not started.
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
        """Stop the server; returns when it has stopped, or after ten seconds."""
        self._server.should_exit = True
        self._thread.join(10)

    def control(self, method: str, path: str, json: Json = None, **more: Json) -> Answer:
        """A request to the control API: ``control("POST", "clock/advance", {"by": "1m"})``; every status is an answer.

        ``more``: further arguments of `call`. `msgsim.client.Client` has methods and typed answers instead.
        """
        proof = {"Authorization": f"Bearer {self.config.token}"} if self.config.token else {}
        headers = {**proof, **more.pop("headers", {})}
        return call(f"{self.url}/__sim/v1/{path}", method, json, headers=headers, **more)
