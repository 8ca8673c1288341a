"""What rules cost: deciding among 10, 1000 and 10,000 rules with exact recipients, and loading them.

Prints ratios inside one run; exits with 1 when a budget is missed.
"""

import statistics
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from msgsim.model import Call, Channel  # noqa: E402
from msgsim.provider import discover  # noqa: E402
from msgsim.scenarios.reserved import terms_of  # noqa: E402
from msgsim.scenarios.rule import Subject  # noqa: E402
from msgsim.scenarios.scenario import Counts, Scenario  # noqa: E402
from msgsim.scenarios.yaml import parse  # noqa: E402
from msgsim.seed import Seed  # noqa: E402

SIZES = (10, 1000, 10_000)
ROUNDS = 15
DECISIONS = 10_000
MOST = 1.2
"""Times the cost at 10 rules that the cost at 10,000 may be."""
SECONDS = 1.0
"""Of one processor, in which 10,000 rules are loaded."""


def recipient(number: int) -> str:
    return f"+3725{number:07d}"


def written(size: int) -> str:
    """As many rules of two steps each, and one for everybody else."""
    rules = "".join(
        f'  - when: {{provider: messente, to: "{recipient(number)}"}}\n'
        "    deliver:\n      - {after: 200ms, status: ACK}\n      - {after: 2s, status: UNDELIV, err: 1}\n"
        for number in range(size)
    )
    return f"name: many\nrules:\n{rules}  - deliver: [{{after: 1s, status: delivered}}]\n"


def deciding(scenario: Scenario, recipients: list[str]) -> float:
    """Microseconds per decision."""
    call, counts, seed = Call("POST", "/v1/omnimessage", "", {}, b""), Counts({}, {}), Seed(1)
    channel = Channel("sms", "id")
    subjects = [Subject(call, "messente", "send", "user", 1, to, channel) for to in recipients]
    rounds = DECISIONS // len(subjects)
    begun = time.perf_counter()
    for _ in range(rounds):
        for subject in subjects:
            scenario.per_draft(subject, seed, counts)
    return (time.perf_counter() - begun) / (rounds * len(subjects)) * 1e6


def main() -> int:
    terms = {name: terms_of(provider) for name, provider in discover().items()}
    text = written(10_000)
    loads = []
    for _ in range(5):
        begun = time.process_time()
        Scenario([parse(text, "many.yaml")], terms)
        loads.append(time.process_time() - begun)
    scenarios = {size: Scenario([parse(written(size), "many.yaml")], terms) for size in SIZES}
    known = [recipient(number) for number in range(10)]
    others = [recipient(number) for number in range(9_000_000, 9_000_010)]
    print(f"{'rules':>8}  {'recipient of a rule':>20}  {'any other recipient':>20}")
    ratios = []
    costs: dict[int, list[tuple[float, float]]] = {size: [] for size in SIZES}
    for _ in range(ROUNDS):
        for size, scenario in scenarios.items():
            costs[size].append((deciding(scenario, known), deciding(scenario, others)))
    base = [statistics.median(one[place] for one in costs[SIZES[0]]) for place in (0, 1)]
    for size in SIZES:
        cost = [statistics.median(one[place] for one in costs[size]) for place in (0, 1)]
        ratios = [cost[place] / base[place] for place in (0, 1)]
        print(f"{size:>8}  " + "  ".join(f"{cost[at]:>9.2f} us {ratios[at]:>6.2f}x" for at in (0, 1)))
    load = min(loads)
    print(f"10,000 rules are loaded in {load:.2f} s of one processor (median {statistics.median(loads):.2f} s)")
    return 0 if max(ratios) <= MOST and load < SECONDS else 1


if __name__ == "__main__":
    sys.exit(main())
