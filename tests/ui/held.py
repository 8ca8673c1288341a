"""Requests of a page whose answers come late, and in another order than they were asked."""

from collections.abc import Callable

from playwright.sync_api import Page, Route


class Held:
    """The requests whose address matches a pattern (a glob), kept without an answer until a test lets them go."""

    def __init__(self, page: Page, pattern: str) -> None:
        self._page = page
        self._routes: list[Route] = []
        page.route(pattern, lambda route: self._routes.append(route))

    def after(self, act: Callable[[], object]) -> None:
        """Act, and wait for the request that comes of it.

        Without the wait, a request that the next act overtakes may be taken back before it leaves the browser.
        """
        before = len(self._routes)
        act()
        while len(self._routes) == before:
            self._page.wait_for_timeout(10)

    def answer_last_first(self) -> None:
        for route in self._routes[::-1]:
            route.continue_()
