"""How much of the language model callers over HTTP may have: the rest is kept for conversations."""

from collections.abc import Iterator
from contextlib import contextmanager

from chassis.faults import NoSlot
from gateway.links.links import Links


class LlmShare:
    """Counts the replies that this gateway has asked for over HTTP. `share`, 0 to 1: of all places."""

    def __init__(self, links: Links, share: float) -> None:
        self._links, self._share = links, share
        self._taken = 0

    @property
    def places(self) -> int:
        """At least one where there is a share at all, for a model may have but one place."""
        return max(int(self._links.llm.slots * self._share), 1 if self._share else 0)

    @contextmanager
    def place(self) -> Iterator[None]:
        """A place for the body. Raises NoSlot."""
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
