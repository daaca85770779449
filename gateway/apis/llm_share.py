"""How much of the language model callers over HTTP may have: the rest is kept for conversations."""

from collections.abc import Iterator
from contextlib import contextmanager

from chassis.faults import NoSlot
from gateway.links.links import Links


class LlmShare:
    """Counts the replies under way that this gateway has asked for over HTTP.

    `share`, 0 to 1: how many of the model's slots they may take.
    """

    def __init__(self, links: Links, share: float) -> None:
        self._links, self._share = links, share
        self._taken = 0

    @property
    def places(self) -> int:
        """How many replies may run at once: the share of all slots, rounded down, and at least one.

        0 only where the share is 0.
        """
        return max(int(self._links.llm.slots * self._share), 1 if self._share else 0)

    @contextmanager
    def place(self) -> Iterator[None]:
        """Take a place for the body. Raises NoSlot at once; never waits."""
        if self._taken >= (places := self.places):
            raise NoSlot(
                f"all {places} places of the language model that callers over HTTP may take (HTTP_LLM_SHARE) "
                "are taken; try again later"
                if places
                else "the language model is kept for conversations (HTTP_LLM_SHARE=0)"
            )
        self._taken += 1
        try:
            yield
        finally:
            self._taken -= 1
