"""Moments as Messente writes them."""

from msgsim.clock import iso


def timestamp(at: int, zone: str = "") -> str:
    """``2020-02-04T08:09:42.389630`` in UTC, and the zone as it is to be written."""
    return f"{iso(at).removesuffix('Z')}000{zone}"
