"""The sandbox's clock. Durations are texts: ``250ms``, ``5s``, ``10m``, ``2h`` or ``1d``."""

from msgsim.client.answers import ClockState, Happened
from msgsim.client.request import Call, Part, Request, S, member, posting, whole

__tracebackhide__ = True
"""pytest leaves this module out of tracebacks, so that a failed test shows its own line."""


class SandboxClock(Part[S]):
    """The sandbox's clock."""

    @Call
    def get(self) -> Request[ClockState]:
        """The time of the clock, and how fast it runs."""
        return Request("GET", "clock", whole)

    @Call
    def advance(self, by: str) -> Request[list[Happened]]:
        """Move the clock by a duration. Everything that falls due happens in order, before this returns the list of it.

        Raises Problem (400) if ``by`` is no duration.
        """
        return _moving("advance", {"by": str(by)})

    @Call
    def set(self, to: str) -> Request[list[Happened]]:
        """Move the clock to a time (ISO 8601); returns what happened on the way: nothing, if the clock moves backward.

        Raises Problem (400) if ``to`` is no time.
        """
        return _moving("set", {"to": str(to)})

    @Call
    def run_until_idle(self) -> Request[list[Happened]]:
        """Move the clock until no callback is pending and no message changes any more; returns what happened.

        Raises Problem (409).
        """
        return _moving("run-until-idle", None)

    @Call
    def freeze(self) -> Request[ClockState]:
        """Stop the clock at its present time."""
        return Request("POST", "clock/freeze", whole)

    @Call
    def resume(self) -> Request[ClockState]:
        """Let the clock run in real time from now on."""
        return Request("POST", "clock/resume", whole)

    @Call
    def speed(self, rate: float) -> Request[ClockState]:
        """Let the clock run ``rate`` times as fast as real time: ``60`` is a minute a second. Raises Problem (400)."""
        return Request("POST", "clock/speed", whole, body={"rate": rate})


def _moving(how: str, body: dict[str, str] | None) -> Request[list[Happened]]:
    return posting(f"clock/{how}", member("happened"), body)
