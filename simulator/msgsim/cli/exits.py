"""Exit codes of ``msgsim``; scripts rely on them, so they never change."""

OK = 0
FAILED = 1
"""A check did not pass."""
BAD_CONFIGURATION = 2
CANNOT_START = 3
TIMED_OUT = 4
USAGE = 64
INTERRUPTED = 130
