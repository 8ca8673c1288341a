"""Reads the body of a request and checks it against the schema of its endpoint."""

from itertools import islice

from msgsim.contract.schema import Schema
from msgsim.engine.view import RequestView
from msgsim.model import Json, Refused
from msgsim.provider import Ask, Check, Endpoint
from msgsim.provider.desk import body_of
from msgsim.scenarios.yaml import suggestion

MOST_UNKNOWN = 20
"""How many unknown members of one body or item are noted by name; further ones are counted."""


def read_body(endpoint: Endpoint, view: RequestView) -> Json:
    """The body in the shape that its schema describes; None where the endpoint has no schema.

    Raises Refused with all violations.
    """
    if not endpoint.schema:
        return None
    body = body_of(view) if endpoint.parse is None else endpoint.parse(view)
    if endpoint.shape is not None:
        body = endpoint.shape(body, view)
    check_item(view.schema(endpoint.schema), body, view, None if isinstance(endpoint, Ask) else endpoint.check)
    return body


def check_item(schema: Schema, item: Json, view: RequestView, further: Check | None = None) -> None:
    """Raises Refused with all violations of a body or an item.

    ``further`` finds the violations of rules that a schema cannot express.
    """
    exact = schema.accepts_exactly(item)
    violations = [] if exact else schema.violations(item)
    if further is not None:
        violations += further(item, view)
    if violations:
        raise Refused(*violations)
    if not exact:
        _note_unknown(schema, item, view)


def _note_unknown(schema: Schema, instance: Json, view: RequestView) -> None:
    """Note members that no document has. Raises Refused in strict mode."""
    unknown = schema.unknown(instance)
    for member, known in islice(unknown.items(), MOST_UNKNOWN):
        meant = suggestion(member.rpartition(".")[2], known)
        view.note(f"{member} is no member of the document and is ignored{meant}", member)
    if len(unknown) > MOST_UNKNOWN:
        view.note(f"{len(unknown) - MOST_UNKNOWN} more are no members of the document and are ignored")
