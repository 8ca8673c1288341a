"""The control API from Python, sync and async from one code.

    with Client() as sim:
        sim.clock.advance("5m")
        message = sim.messages.wait(to="+37255500001", status="delivered")

    async with AsyncClient() as sim:
        await sim.clock.advance("5m")

What can be asked is in `msgsim.client.api`, the shapes of answers are in `msgsim.client.answers`, what can go wrong in
`msgsim.client.errors`. `Client` sends with the standard library and returns what was answered, `AsyncClient` sends with
aiohttp and returns it when awaited.
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
