"""What replies that are begun in the silence before a turn's end gain, with a mind of 300 ms.

The same sessions talk to two clusters of fake engines, one that drafts and one that does not.
"""

import asyncio
import tempfile
from pathlib import Path

from tests.load.latency import ENVIRONMENT, measure
from tests.load.measure import percentile
from tests.support.cluster import cluster

MIND_S = 0.3
SESSIONS = 4


def preemptive_gain_ms() -> float:
    """By how much sooner the median reply begins."""
    return _median(drafts=False) - _median(drafts=True)


def _median(drafts: bool) -> float:
    environment = ENVIRONMENT | {"FAKE_LLM_FIRST_TOKEN_S": str(MIND_S), "TURN_DRAFTS": str(drafts).lower()}
    with tempfile.TemporaryDirectory() as folder, cluster(Path(folder), "fake", environment) as running:
        added, _ = asyncio.run(measure(f"{running.ws}/v1/conversation", SESSIONS))
    return percentile(added, 0.5)


if __name__ == "__main__":
    print(f"{preemptive_gain_ms():.1f}")
