"""The control API from Python, sync and async from one code.

    with Client() as sim:
        sim.clock.advance("5m")
        message = sim.messages.wait(to="+37255500001", status="delivered")

    async with AsyncClient() as sim:
        await sim.clock.advance("5m")

The methods are in `msgsim.client.api`, the shapes of answers in `msgsim.client.answers`, the exceptions in
`msgsim.client.errors`. `Client` uses the standard library, and its methods return the answer. `AsyncClient` uses
aiohttp, and its methods are awaited.
"""

from msgsim.client.awaited import AsyncClient
from msgsim.client.blocking import Client
from msgsim.client.errors import InsideLoop, Problem, SimulatorError, TimedOut, Unreachable
from msgsim.client.wire import DEFAULT_URL, Event

__all__ = [
    "DEFAULT_URL",
    "AsyncClient",
    "Client",
    "Event",
    "InsideLoop",
    "Problem",
    "SimulatorError",
    "TimedOut",
    "Unreachable",
]
