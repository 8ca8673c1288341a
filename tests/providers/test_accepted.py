"""Whatever a provider accepts can be read by every route: a property of every provider there is."""

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgsim.provider import discover
from msgsim.testing import Simulator

from reliability.accepted import lived, send, unread
from reliability.bodies import Chance
from reliability.reading import things

PROVIDERS = sorted(discover())
NOWHERE = "http://127.0.0.1:1/"
SINCH = ("callback_url", "dlr_url", "whatsapp_callback_url")
SETTINGS: dict[str, Any] = {
    "clock": "frozen@2026-01-01T00:00:00Z",
    "seed": 1,
    "providers": {"messente": {"dlr_url": NOWHERE}, "sinch": dict.fromkeys(SINCH, NOWHERE)},
}


@pytest.mark.parametrize("provider", PROVIDERS)
@given(chance=st.randoms(use_true_random=False))
@settings(max_examples=6, suppress_health_check=list(HealthCheck))
def test_what_is_accepted_can_be_read_before_and_after_a_restart(provider: str, chance: Chance) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = str(Path(folder) / "store.db")
        with Simulator(store=store, **SETTINGS) as sim:
            for _ in range(12):
                answer = send(sim.url, provider, chance)
                assert answer.status < 500, answer.body
            assert lived(sim.url) == []
        with Simulator(store=store, **SETTINGS) as sim:
            assert unread(sim.url, things(sim.url)) == []
