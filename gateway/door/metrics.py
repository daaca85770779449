"""What the door counts: how many may come in, and who was turned away and why."""

from prometheus_client import Counter, Gauge

from chassis.metrics import REGISTRY

LIMIT = Gauge("parley_sessions_limit", "Most sessions at once in this gateway", registry=REGISTRY)
REFUSED = Counter(
    "parley_sessions_refused_total", "Sessions not let in, by reason", ["reason"], registry=REGISTRY
)

LEAVING = "leaving"
FULL = "full"
ADDRESS_FULL = "address_full"
NOT_READY = "not_ready"
NO_SLOT = "no_slot"
ORIGIN = "origin"
HOST = "host"
KEY = "key"
HANDSHAKE = "handshake"
REASONS = (LEAVING, FULL, ADDRESS_FULL, NOT_READY, NO_SLOT, ORIGIN, HOST, KEY, HANDSHAKE)

for _reason in REASONS:
    REFUSED.labels(_reason)
