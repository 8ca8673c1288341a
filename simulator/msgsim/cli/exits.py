"""Exit codes of ``msgsim``; scripts rely on them, so they never change."""

OK = 0
FAILED = 1
"""A check has failed, for instance an expectation or a lint."""
BAD_CONFIGURATION = 2
CANNOT_START = 3
TIMED_OUT = 4
USAGE = 64
INTERRUPTED = 130
