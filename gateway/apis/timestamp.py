"""The time of an answer."""

from datetime import UTC, datetime


def now() -> str:
    """The wall clock in UTC, as ISO 8601 writes it."""
    return datetime.now(UTC).isoformat()
