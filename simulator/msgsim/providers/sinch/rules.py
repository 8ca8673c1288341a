"""Rules of a send that a schema cannot express: they need the clock, the account, or each message of a bulk."""

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from msgsim.model import Json, Refusal
from msgsim.provider.desk import Desk
from msgsim.providers.sinch import campaigns, schedule
from msgsim.providers.sinch.account import User, account

MOST = 1000
"""Most messages in a bulk; the schema has the same limit."""
MOST_EXPLAINED = 20
"""Most invalid messages of a bulk whose violations are listed."""


def check(body: Json, desk: Desk) -> Iterable[Refusal]:
    """The violations of a single message."""
    if not isinstance(body, dict):
        return
    yield from _subaccount_rules(body, (body,), desk)
    yield from campaign_rules(body, desk)
    at = body.get("scheduledAt")
    if (
        type(at) is int
        and 0 < schedule.unix(at) - desk.now < schedule.HALF_HOUR
        and desk.settings["thirty_minute_rule"]
    ):
        yield Refusal("schedule_too_soon", "scheduledAt")


def check_bulk(body: Json, desk: Desk) -> Iterable[Refusal]:
    """The violations of a bulk and of its messages."""
    if not isinstance(body, dict):
        return
    messages = body.get("messages")
    listed = messages if isinstance(messages, list) and len(messages) <= MOST else []
    yield from _subaccount_rules(body, listed or (body,), desk)
    yield from campaign_rules(body, desk)
    yield from _message_rules(listed, desk)


def _message_rules(messages: list[Json], desk: Desk) -> Iterator[Refusal]:
    """The violations of messages, of the first MOST_EXPLAINED invalid ones, because explaining is slow."""
    schema, explained = desk.contract.schema("message"), 0
    if schema.accepts_all(messages):
        return
    for index, item in enumerate(messages):
        if schema.accepts(item):
            continue
        for refusal in schema.violations(item):
            yield replace(refusal, source=".".join(filter(None, ("messages", str(index), refusal.source))))
        explained += 1
        if explained == MOST_EXPLAINED:
            return


def _subaccount_rules(body: dict[str, Json], messages: Iterable[Json], desk: Desk) -> Iterator[Refusal]:
    """The first violation of the rules about subaccounts.

    The document lets "only administrators" name a subaccount; naming the own subaccount is accepted. That
    administrators "do not send" is read as: not without a subaccount.
    """
    user = account(desk).user(desk.credential.name)
    if user is None:
        return
    for index, message in enumerate(messages):
        reference = message.get("subAccount") if isinstance(message, dict) else None
        if (error := _subaccount_error(user, reference)) is not None:
            inside = message is not body and reference != body.get("subAccount")
            yield Refusal(error, f"messages.{index}.subAccount" if inside else "subAccount")
            return


def _subaccount_error(user: User, reference: Json) -> str | None:
    if user.admin:
        return None if reference else "forbidden"
    return None if reference in (None, "", user.sub_account) else "forbidden_subaccount"


def sender_rules(desk: Desk) -> Iterator[Refusal]:
    """For APIs without subaccounts: administrators may not send."""
    user = account(desk).user(desk.credential.name)
    if user is not None and user.admin:
        yield Refusal("forbidden")


def campaign_rules(body: dict[str, Json], desk: Desk) -> Iterator[Refusal]:
    """A campaign has to exist before it is named. The schema refuses an empty alias."""
    alias = body.get("campaignAlias")
    if isinstance(alias, str) and campaigns.with_alias(alias, desk) is None:
        yield Refusal("unknown_campaign", "campaignAlias")
