"""Chromium as the tests drive it; ``tests/ui/chromium.sh`` installs one.

``python -m tests.ui.browser`` tells whether there is one, for `make test`: without it the tests marked ``browser`` are
left out, by name and not by being skipped.
"""

import os
import shutil
import sys

from playwright.sync_api import Browser, Playwright

QUIET = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


class NoBrowser(Exception):
    """There is no Chromium on this machine."""


def chromium() -> str:
    """Where it is: ``CHROMIUM``, else the first of its usual names. Raises NoBrowser."""
    for name in (os.environ.get("CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome"):
        if name and (found := shutil.which(name)):
            return found
    raise NoBrowser("no Chromium found: install one (tests/ui/chromium.sh does), or name one in the variable CHROMIUM")


def open_browser(playwright: Playwright) -> Browser:
    return playwright.chromium.launch(executable_path=chromium(), args=list(QUIET))


if __name__ == "__main__":
    try:
        chromium()
    except NoBrowser as missing:
        sys.exit(f"The tests of the pages are left out: {missing}")
