"""The sandbox's time, looked at and moved. Durations are ``250ms``, ``5s``, ``10m``, ``2h`` or ``1d``."""

from msgsim.client.answers import ClockState, Happened
from msgsim.client.request import Call, Part, Request, S, member, posting, whole

__tracebackhide__ = True
"""A failed test shows its own line, and none of this module."""


class SandboxClock(Part[S]):
    """The sandbox's time."""

    @Call
    def get(self) -> Request[ClockState]:
        """What time it is, and how fast it runs."""
        return Request("GET", "clock", whole)

    @Call
    def advance(self, by: str) -> Request[list[Happened]]:
        """Move it by a duration. Everything that falls due happens in order before this returns; the list of it.

        Raises Problem (400) for what is no duration.
        """
        return _moving("advance", {"by": str(by)})

    @Call
    def set(self, to: str) -> Request[list[Happened]]:
        """Go to a time (ISO 8601); what happened on the way. Backward nothing happens.

        Raises Problem (400) for what is no time.
        """
        return _moving("set", {"to": str(to)})

    @Call
    def run_until_idle(self) -> Request[list[Happened]]:
        """Go to where nothing is owed and nothing changes any more; what happened on the way.

        Raises Problem (409) where there is no end of it.
        """
        return _moving("run-until-idle", None)

    @Call
    def freeze(self) -> Request[ClockState]:
        """Stop it where it is."""
        return Request("POST", "clock/freeze", whole)

    @Call
    def resume(self) -> Request[ClockState]:
        """Let it run in real time from now on."""
        return Request("POST", "clock/resume", whole)

    @Call
    def speed(self, rate: float) -> Request[ClockState]:
        """Let it run that many times as fast: ``60`` is a minute a second. Raises Problem (400)."""
        return Request("POST", "clock/speed", whole, body={"rate": rate})


def _moving(how: str, body: dict[str, str] | None) -> Request[list[Happened]]:
    return posting(f"clock/{how}", member("happened"), body)
