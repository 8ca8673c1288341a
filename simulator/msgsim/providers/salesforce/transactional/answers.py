"""Answers to sends: 202 when at least one recipient is accepted.

Inferred: a send to a single recipient is refused with that recipient's error; a batch without any acceptable recipient
is refused with 109103, by its name.
"""

from collections.abc import Sequence

from msgsim.model import Json, Message, Refusal, Refused, Reply
from msgsim.provider.desk import Desk
from msgsim.providers.salesforce.answers import json_reply, text
from msgsim.providers.salesforce.transactional.reading import Sending

HAS_ERRORS = 109001
"""``errorcode`` of an answer in which some recipients have errors."""


def accepted(results: Sequence[Message | Refused], sending: Sending, desk: Desk) -> Reply:
    """An entry per recipient, in order. Raises Refused when none is accepted, or for an error of the request."""
    refused = [result for result in results if isinstance(result, Refused)]
    for result in refused:
        if sending.single or desk.contract.errors[result.refusals[0].key].status != 400:
            raise result
    if len(refused) == len(results):
        raise Refused(Refusal("no_valid_subscribers"))
    answer: dict[str, Json] = {"requestId": desk.seed.uuid4(desk.number()), "errorcode": 0}
    if refused:
        what = f"{len(refused)} subscribers failed to queue out of {len(results)}"
        answer |= {"errorcode": HAS_ERRORS, "message": f"MCMS_UTM_ResponsesHasErrors: {what}"}
    entries = [_entry(key, result, desk) for key, result in zip(sending.keys, results, strict=True)]
    return json_reply(202, {**answer, "responses": entries})


def _entry(key: str, result: Message | Refused, desk: Desk) -> Json:
    if isinstance(result, Message):
        return {"messageKey": key}
    refusal = result.refusals[0]
    error = desk.contract.errors[refusal.key]
    return {"messageKey": key, "errorcode": error.code, "message": text(error, refusal)}
