"""What the analysis service counts."""

from prometheus_client import Counter

from chassis.metrics import REGISTRY

ANALYSES = Counter(
    "parley_analyses_total",
    "Analyses by who judged and how they ended: judged, kept (asked before) or failed",
    ["engine", "outcome"],
    registry=REGISTRY,
)
FALLBACKS = Counter(
    "parley_analysis_fallbacks_total",
    "Analyses that rules made in the language model's place, by reason",
    ["reason"],
    registry=REGISTRY,
)
REASONS = ("away", "full", "slow", "refused", "failed", "unreadable")
for _reason in REASONS:  # a series that began at 1 would look to Prometheus as if nothing had happened
    FALLBACKS.labels(_reason)
