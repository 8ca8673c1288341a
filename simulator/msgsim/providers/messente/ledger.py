"""What the account has spent: the prices of all messages of the sandbox and of all number lookups."""

from decimal import Decimal

from msgsim.clock import iso
from msgsim.model import Draft, Json, Message
from msgsim.plan import ends, last
from msgsim.provider.desk import View
from msgsim.providers.messente.price import charges, price_of

LEDGER = "ledger"
"""Kind of the only record, ``{"after": key, "spent": "1.20"}``: the sum of all messages up to a key, all finished."""
LOOKUPS = "lookups"
"""Kind of the records ``{"count": 3}``, by day and country (``2026-01-01 EE``): numbers looked up."""
LEAST = 256
"""How many messages have to finish before the ledger record is written again."""


def spent(view: View) -> Decimal:
    """What has been spent until now. A message without a status counts with the price of its first channel."""
    record = view.record(LEDGER, "") or {"after": 0, "spent": "0"}
    total = settled = Decimal(record["spent"])
    after, count, open_ = record["after"], 0, False
    for message in view.messages(after):
        total += _cost(message, view)
        open_ = open_ or ends(message) > view.now
        if not open_:
            settled, after, count = total, message.key, count + 1
    if count >= LEAST:
        view.keep(LEDGER, "", {"after": after, "spent": str(settled)})
    looked_up = sum(int(record["count"]) for _, record in view.records(LOOKUPS))
    return total + looked_up * Decimal(view.settings["lookup_price"])


def _cost(message: Message, view: View) -> Decimal:
    if last(message, view.now) is None:
        return price_of(message.channels[0], view.settings)
    return Decimal(sum(price for _, price in charges(message, view.now, view.settings, view.contract)))


def balance(view: View) -> Decimal:
    return Decimal(view.settings["balance"]) - spent(view)


def note_lookups(countries: dict[str, int], view: View) -> None:
    """Record lookups of numbers. ``countries``: country code → how many numbers."""
    for country, count in countries.items():
        key = f"{iso(view.now)[:10]} {country}"
        before = view.record(LOOKUPS, key) or {"count": 0}
        view.keep(LOOKUPS, key, {"count": before["count"] + count})


class Credit:
    """The remaining credit during a request; unlimited unless the account is prepaid."""

    def __init__(self, view: View) -> None:
        self._settings: dict[str, Json] = view.settings
        self._left = balance(view) if view.settings["prepaid"] else None

    def covers(self, draft: Draft) -> bool:
        """Take the price of a draft's first channel from the credit; False where it does not suffice."""
        if self._left is None:
            return True
        price = price_of(draft.channels[0], self._settings)
        if price > self._left:
            return False
        self._left -= price
        return True
