"""The statistics API: number and price of messages by country between two days.

Sources: Messente's statistics API documentation, the OpenAPI document of its SDKs.
"""

from msgsim.provider import Api, Ask
from msgsim.providers.messente.statistics.answers import is_day, refuse, reported

__all__ = ["api", "is_day"]

ADVICE = "statistics are of whole days: ask once a day, and take what becomes of a message from its callbacks"
api = Api(
    "statistics",
    "Messente statistics",
    (Ask("statistics", "POST", "/v1/statistics/reports", reported, "statistics/report", sparing=ADVICE),),
    refuse,
)
