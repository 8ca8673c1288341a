"""Lists of numbers and open sessions: the answer has the URL of a CSV file, which needs no credentials."""

from collections.abc import Iterable
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlencode, urlsplit
from zoneinfo import ZoneInfo

import msgspec

from msgsim.model import Call, Credential, Json, Refusal, Refused, Reply
from msgsim.provider import Api, Ask
from msgsim.provider.desk import Desk
from msgsim.providers.sinch.account import account
from msgsim.providers.sinch.query import query
from msgsim.providers.sinch.whatsapp import sessions
from msgsim.providers.sinch.whatsapp.lists import KINDS

HOST = "chatclub-cdn.wavy.global"
SAO_PAULO = ZoneInfo("America/Sao_Paulo")
MOST = 100_000
"""Most rows of a file: the event loop serves nobody else while it is made."""
SESSIONS = "SESSIONS"
SPARING = "a message that a person writes opens 24 hours: what your whatsapp_mo_url was told says who may be written to"


def listed(body: Json, desk: Desk) -> Reply:
    """The URL of one of the four lists; none for an empty list. Raises Refused for an unknown list."""
    kind = desk.params["type"]
    if kind not in KINDS:
        raise Refused(Refusal("unknown_path"))
    customer = _customer(desk)
    answer: dict[str, Json] = {"success": True, "status": 200}
    if account(desk).lists.of(kind):
        answer["data"] = _link(kind, f"/list-{customer}-{desk.seed.hex(desk.number(), 16)}.csv", desk)
    return Reply(200, msgspec.json.encode(answer))


def open_sessions(body: Json, desk: Desk) -> Reply:
    """The URL of the file of open sessions, even when it is empty. Raises Refused."""
    _customer(desk)
    return Reply(200, msgspec.json.encode({"file_url": _link(SESSIONS, f"/{desk.seed.uuid4(desk.number())}", desk)}))


def _customer(desk: Desk) -> str:
    """The parameter ``customerId``, which the document's URLs have. Raises Refused where it is missing."""
    customer = query(desk, "customerId", "subAccountId").get("customerId", "")
    if not (customer.isascii() and customer.isdecimal()):
        raise Refused(Refusal("missing", "customerId"))
    return customer


def _link(kind: str, name: str, desk: Desk) -> str:
    """The URL of a file: at the real host if the client used a real host name, else at the simulator.

    Its path is that of the document, below the name of the real host, so that it cannot be another provider's path.
    """
    base = desk.call.base
    host = urlsplit(base).hostname or ""
    if host.endswith((".wavy.global", ".movile.com")):
        base = f"{urlsplit(base).scheme}://{HOST}/"
    day = datetime.fromtimestamp(desk.now / 1000, UTC).strftime("%Y/%m/%d")
    parameters = urlencode({"account": desk.issued["UserName"], "list": kind})
    return f"{base}chatclub-cdn/{day}/{desk.seed.uuid4(desk.number())}{name}?{parameters}"


def fetched(body: Json, desk: Desk) -> Reply:
    """The file with its present contents, separated by semicolons, as deployed clients expect. Raises Refused."""
    kind = _parameter(desk.call, "list")
    if kind == SESSIONS:
        rows = ((number, local_time(session["from"])) for number, session in sessions.every_open(desk))
        return _csv(("source", "session_created_at"), rows)
    if kind not in KINDS:
        raise Refused(Refusal("unknown_path"))
    now = local_time(desk.now)
    return _csv(("source", "createdAt"), ((number, now) for number in account(desk).lists.of(kind)))


def local_time(at: int) -> str:
    """A time as the files have it: local time of São Paulo."""
    return datetime.fromtimestamp(at / 1000, SAO_PAULO).strftime("%Y-%m-%d %H:%M:%S")


def _csv(names: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Reply:
    lines = [";".join(row) for _, row in zip(range(MOST), (names, *rows), strict=False)]
    return Reply(200, "".join(f"{line}\n" for line in lines).encode(), (), "text/csv; charset=utf-8")


def _owner(call: Call) -> Credential | None:
    """The account that the URL names; it needs no proof."""
    name = _parameter(call, "account")
    return Credential(name) if name else None


def _parameter(call: Call, name: str) -> str:
    return parse_qs(call.query).get(name, [""])[-1]


api = Api(
    "whatsapp-files",
    "Sinch (Wavy) WhatsApp files",
    (Ask("whatsapp-file", "GET", "/chatclub-cdn/{year}/{month}/{day}/{id}/{file}", fetched, open=True),),
    identify=_owner,
)
