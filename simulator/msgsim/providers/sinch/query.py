"""Reads the query strings of this API."""

from urllib.parse import parse_qsl

from msgsim.clock import instant, iso
from msgsim.contract.decoding import positive
from msgsim.model import Refusal, Refused
from msgsim.provider.desk import Desk
from msgsim.scenarios.yaml import suggestion

MOST_UNKNOWN = 20
"""How many ignored parameters of a request are noted."""


def query(desk: Desk, *known: str) -> dict[str, str]:
    """The parameters of a request; those not in ``known`` are noted. Raises Refused in strict mode."""
    parameters = dict(parse_qsl(desk.call.query))
    for name in [name for name in parameters if name not in known][:MOST_UNKNOWN]:
        desk.note(f"{name} is no parameter of the document and is ignored{suggestion(name, known)}")
    return parameters


def number(parameters: dict[str, str], name: str, default: int) -> int:
    """A parameter that is a positive whole number. Raises Refused with ``query_value``."""
    return positive(parameters, name, default, Refusal("query_value", name, values={"wanted": "a positive number"}))


def moment(parameters: dict[str, str], name: str) -> int | None:
    """A parameter that is an ISO 8601 date-time (UTC without a zone), in milliseconds; None: it is absent.

    Raises Refused with ``query_value``.
    """
    if name not in parameters:
        return None
    try:
        return instant(parameters[name].replace(" ", "+"))
    except ValueError:
        raise Refused(Refusal("query_value", name, values={"wanted": "an ISO 8601 date"})) from None


def date(at: int) -> str:
    """``2015-01-08T16:02:09Z``: whole seconds, as all dates of this API."""
    return f"{iso(at)[:19]}Z"
