"""What the stories about the control API have in common: messages of Messente, and waiting in a thread."""

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from msgsim.testing import Answer, Simulator, call

BASIC = {"Authorization": "Basic YXBpOnBhc3N3b3Jk"}


def send(sim: Simulator, to: str = "+37255500001", sandbox: str = "default", **more: Any) -> str:
    """A message by SMS; its id."""
    headers = {**BASIC, "X-Sim-Sandbox": sandbox}
    body = {"to": to, "messages": [{"channel": "sms", "text": "Hello"}], **more}
    answer = call(f"{sim.url}/v1/omnimessage", "POST", json=body, headers=headers)
    assert answer.status == 201, answer.body
    return str(answer.json["omnimessage_id"])


def refuse(sim: Simulator, sandbox: str = "default") -> Answer:
    """A send that is refused."""
    headers = {**BASIC, "X-Sim-Sandbox": sandbox}
    return call(f"{sim.url}/v1/omnimessage", "POST", json={"to": "3725", "messages": []}, headers=headers)


class Meanwhile:
    """Something that goes on in a thread while the story goes on."""

    def __init__(self, act: Callable[[], Any]) -> None:
        self._result: Any = None
        self._error: BaseException | None = None

        def run() -> None:
            try:
                self._result = act()
            except BaseException as wrong:
                self._error = wrong

        self._thread = threading.Thread(target=run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thread.join(20)

    def result(self) -> Any:
        self._thread.join(20)
        assert not self._thread.is_alive(), "it never ended"
        if self._error is not None:
            raise self._error
        return self._result
