"""Chromium as the tests drive it. Without it they fail, never skip: ``tests/ui/chromium.sh`` installs it."""

import os
import shutil

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
    raise NoBrowser("no Chromium found: run tests/ui/chromium.sh, or name one in the variable CHROMIUM")


def open_browser(playwright: Playwright) -> Browser:
    return playwright.chromium.launch(executable_path=chromium(), args=list(QUIET))
