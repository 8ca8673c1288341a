"""`Look`, a request for a page about a sandbox, and `Templates`, which render it."""

from pathlib import Path
from urllib.parse import quote, urlencode

from jinja2 import Environment, FunctionLoader, StrictUndefined
from starlette.requests import Request

from msgsim import __version__
from msgsim.clock import iso
from msgsim.config import read_own
from msgsim.engine.receive import Engine
from msgsim.engine.sandbox import Sandbox
from msgsim.model import Json
from msgsim.web.control.causes import condition_in_words
from msgsim.web.pages import raw_text
from msgsim.web.pages.snippets import snippet
from msgsim.web.pages.sources import linked

HERE = Path(__file__).parent
MOST_FAILING = 100
"""Limit up to which failing callbacks are counted for the badge in the menu."""


class Look:
    """A request for a page and the sandbox that the page shows. Its links lead to pages of the same sandbox."""

    def __init__(self, request: Request, sandbox: Sandbox) -> None:
        self.request = request
        self.sandbox = sandbox

    @property
    def query(self) -> dict[str, str]:
        return dict(self.request.query_params)

    def link(self, path: str = "", **query: Json) -> str:
        """The address of a page: ``link("errors", provider="sinch")``. Parameters None and empty are left out."""
        asked = {name: value for name, value in query.items() if value not in (None, "")}
        if self.sandbox.name != "default":
            asked["sandbox"] = self.sandbox.name
        return f"/__sim/{quote(path)}" + (f"?{urlencode(asked)}" if asked else "")

    @property
    def root(self) -> str:
        """The URL by which the client addressed the simulator, without a slash at the end."""
        return str(self.request.base_url).rstrip("/")


class Templates:
    """The templates of all pages."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._templates = _environment()

    def text(self, look: Look, template: str, **more: Json) -> str:
        """The HTML of a template, a page or a part of one; ``more``: its variables besides those of all templates."""
        clock = look.sandbox.clock
        return self._templates.get_template(template).render(
            look=look,
            link=look.link,
            sandbox=look.sandbox.name,
            sandboxes=self._engine.sandboxes.names(),
            now=iso(look.sandbox.now()),
            rate=clock.rate,
            world=self._world(look.sandbox),
            mistakes=look.sandbox.mistakes,
            failing=lambda: self._engine.store.callbacks.failing(look.sandbox.number, MOST_FAILING),
            version=__version__,
            **more,
        )

    def _world(self, sandbox: Sandbox) -> str:
        """Identifies the data of a sandbox; changes at a reset, and with the store in memory at a restart.

        Scripts compare it, in order to draw a page whose data are gone again.
        """
        lives = sandbox.opened if self._engine.config.store == "memory" else 0
        return f"{sandbox.number}.{sandbox.saved.seed}.{lives}"


def _environment() -> Environment:
    templates = Environment(
        loader=FunctionLoader(lambda name: read_own(HERE / "templates" / name).decode()),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    templates.filters |= {
        "hour": lambda text: text[11:19],
        "day": lambda text: text[:10],
        "on_day": lambda text, now: text[11:19] if text[:10] == now[:10] else f"{text[:10]} {text[11:16]}",
        "exact": lambda text: text[11:23],
        "coloured": raw_text.coloured,
        "pretty": raw_text.pretty,
        "telling": lambda headers: [header for header in headers.items() if not raw_text.is_own_business(header[0])],
        "untold": lambda headers: [header for header in headers.items() if raw_text.is_own_business(header[0])],
        "ident": _ident,
        "snippet": snippet,
        "linked": linked,
        "condition": condition_in_words,
        "initials": lambda who: who[:2] if "@" in who else who[-2:],
    }
    return templates


def _ident(text: str) -> str:
    """The id of an element for any text: ``c`` and the text's UTF-8 in hexadecimal digits."""
    return "c" + text.encode().hex()
