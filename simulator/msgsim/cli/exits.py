"""Exit codes of ``msgsim``; scripts rely on them, so they never change."""

OK = 0
FAILED = 1
"""A check has failed, for instance an expectation or a lint, or the server has refused a request."""
BAD_CONFIGURATION = 2
"""A setting or a scenario file has a mistake."""
CANNOT_START = 3
"""The server cannot start, or no server answers."""
TIMED_OUT = 4
USAGE = 64
"""An unknown command, or wrong arguments."""
INTERRUPTED = 130
