"""What creating, emptying and looking cost while others keep ten thousand messages."""

from statistics import median
from time import perf_counter

from msgsim.client import Client
from msgsim.testing import Simulator

from tests.conftest import START


def test_a_sandbox_is_made_and_emptied_within_ten_milliseconds() -> None:
    with Simulator(clock=f"frozen@{START}", journal_limit=1000) as sim, Client(sim.url) as client:
        kept = 0
        while kept < 10_000:
            client.sample("messente", 1000, seed=kept)
            kept = sum(one["messages"] for one in client.sandboxes.list())
        made, emptied = [], []
        for number in range(15):
            begun = perf_counter()
            client.sandboxes.create(f"ci-{number}")
            made.append(perf_counter() - begun)
            begun = perf_counter()
            client.sandbox(f"ci-{number}").reset()
            emptied.append(perf_counter() - begun)
        begun = perf_counter()
        client.reset()
        big = perf_counter() - begun
        assert client.messages.list() == []
    print(f"made in {median(made):.4f} s, emptied in {median(emptied):.4f} s, with 10,000 in {big:.4f} s")
    assert median(made) < 0.010
    assert median(emptied) < 0.010
    assert big < 0.050
