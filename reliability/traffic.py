"""Good requests of all four providers, each with a recipient of its own, and a client that sends them."""

import asyncio
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import aiohttp
import msgspec
from msgsim.model import Json
from msgspec import Struct

BASIC = {"Authorization": "Basic " + b64encode(b"default:default-password").decode()}


class Shot(Struct, frozen=True):
    """One request, and how to find the ids of its messages in the answer."""

    provider: str
    path: str
    headers: dict[str, str]
    body: Json
    ids: Callable[[Json], list[str]]


def messente(number: int, receiver: str) -> Shot:
    body = {
        "to": f"+3725{number % 10_000_000:07d}",
        "messages": [{"channel": "viber", "text": "hello"}, {"channel": "sms", "text": "hello"}],
        "dlr_url": f"{receiver}/messente",
    }
    return Shot("messente", "/v1/omnimessage", BASIC, body, lambda answer: [answer["omnimessage_id"]])


def sinch(number: int, receiver: str) -> Shot:
    headers = {"UserName": "sinch-default", "AuthenticationToken": "sinch-default-token"}
    body = {"destination": f"55199{number % 100_000_000:08d}", "messageText": "hello"}
    return Shot("sinch", "/v1/send-sms", headers, body, lambda answer: [one["id"] for one in answer])


def sinch_bulk(number: int, receiver: str) -> Shot:
    headers = {"UserName": "sinch-default", "AuthenticationToken": "sinch-default-token"}
    messages = [{"destination": f"55219{(number * 10 + item) % 100_000_000:08d}"} for item in range(10)]
    body = {"messages": messages, "defaultValues": {"messageText": "hello all"}}
    return Shot("sinch", "/v1/send-bulk-sms", headers, body, lambda answer: [one["id"] for one in answer["messages"]])


def cima360(number: int, receiver: str) -> Shot:
    item = {
        "recipient": f"5730{number % 100_000_000:08d}",
        "templateID": "FRiuyt4563234a",
        "templateParameters": ["12356", "897456"],
        "channelType": 3,
    }
    return Shot(
        "cima360",
        "/ott/v1/deliver",
        {"X-API-KEY": "any"},
        {"payload": [item]},
        lambda answer: [one["messageId"] for one in answer],
    )


def salesforce(number: int, receiver: str) -> Shot:
    body = {
        "messageKey": f"order-{number}",
        "from": {"senderType": "messenger", "senderId": "503868699681937"},
        "to": {"ottId": f"FB{number}"},
        "message": {"contents": [{"type": "text", "text": "hello"}], "customKeys": [{"messagingType": "RESPONSE"}]},
        "validityPeriod": 30,
    }
    headers = {"Authorization": "Bearer YOUR_ACCESS_TOKEN"}
    return Shot("salesforce", "/ott/v1/send", headers, body, lambda answer: [answer["ottRequestId"]])


MIX = (messente, sinch, cima360, messente, salesforce, sinch, messente, sinch_bulk)


class Tally(Struct):
    """What the clients were answered."""

    accepted: dict[str, str] = msgspec.field(default_factory=dict)
    """Id of a message → its provider."""
    twice: int = 0
    """Ids that had been given before."""
    answered: int = 0
    statuses: dict[int, int] = msgspec.field(default_factory=dict)
    broken: int = 0
    """No answer: refused, reset, cut off."""
    read: int = 0
    """Messages that were read again right after the answer to their send."""
    unlike: list[str] = []
    """What was read so and is not what had been sent, in words."""

    def others(self) -> int:
        """Answers that were neither 2xx nor 503."""
        return sum(count for status, count in self.statuses.items() if status not in (200, 201, 202, 503))


class Load:
    """Clients that send the mix side by side until they are told to stop."""

    def __init__(
        self, url: str, receiver: str, tally: Tally, clients: int = 16, first: int = 0, apart: bool = False
    ) -> None:
        """``apart``: each request has a connection of its own, and what was accepted is read by the next one."""
        self.url = url
        self.receiver = receiver
        self.tally = tally
        self.number = first
        self.enough: Callable[[], bool] = lambda: False
        self.sandboxes = ["default"]
        """Where requests go in turn."""
        self._apart = apart
        self._clients = clients
        self._over = False

    def stop(self) -> None:
        self._over = True

    async def run(self, seconds: float) -> None:
        timeout = aiohttp.ClientTimeout(total=20)
        connector = aiohttp.TCPConnector(limit=0, force_close=self._apart)
        async with aiohttp.ClientSession(timeout=timeout, connector=connector) as session:
            asyncio.get_running_loop().call_later(seconds, self.stop)
            await asyncio.gather(*(self._client(session) for _ in range(self._clients)))

    async def _client(self, session: aiohttp.ClientSession) -> None:
        while not self._over and not self.enough():
            self.number += 1
            shot = MIX[self.number % len(MIX)](self.number, self.receiver)
            sandbox = self.sandboxes[self.number // len(MIX) % len(self.sandboxes)]
            ids = await self._send(session, shot, sandbox)
            if self._apart and ids:
                await self._read(session, shot, sandbox, ids[-1])

    async def _send(self, session: aiohttp.ClientSession, shot: Shot, sandbox: str) -> list[str]:
        """Ids of the messages that were accepted."""
        body = msgspec.json.encode(shot.body)
        headers = {"Content-Type": "application/json", **shot.headers}
        if sandbox != "default":  # That one is found by its credentials.
            headers["X-Sim-Sandbox"] = sandbox
        try:
            async with session.post(self.url + shot.path, data=body, headers=headers) as response:
                answer = await response.read()
                status = response.status
        except (aiohttp.ClientError, TimeoutError, OSError):
            self.tally.broken += 1
            await asyncio.sleep(0.01)
            return []
        self.tally.answered += 1
        self.tally.statuses[status] = self.tally.statuses.get(status, 0) + 1
        if not 200 <= status < 300:
            return []
        try:
            ids = shot.ids(msgspec.json.decode(answer))
        except (msgspec.DecodeError, KeyError, TypeError):
            self.tally.broken += 1
            return []
        self.tally.twice += sum(id in self.tally.accepted for id in ids)
        self.tally.accepted.update(dict.fromkeys(ids, shot.provider))
        return ids

    async def _read(self, session: aiohttp.ClientSession, shot: Shot, sandbox: str, id: str) -> None:
        """What the next who is asked says about a message; nothing, where nobody can answer just then."""
        url = f"{self.url}/__sim/v1/messages/{id}"
        try:
            async with session.get(url, headers={"X-Sim-Sandbox": sandbox}) as response:
                status, answer = response.status, await response.read()
        except (aiohttp.ClientError, TimeoutError, OSError):
            return
        if status == 503:
            return
        self.tally.read += 1
        said = msgspec.json.decode(answer)
        if (status, said.get("id"), said.get("provider")) != (200, id, shot.provider):
            self.tally.unlike.append(f"{shot.provider} {id}: {status}")


@contextmanager
def under_way(load: Load, seconds: float = 3600) -> Iterator[None]:
    """The load goes on in a thread of its own meanwhile."""
    running = threading.Thread(target=lambda: asyncio.run(load.run(seconds)))
    running.start()
    try:
        yield
    finally:
        load.stop()
        running.join()
