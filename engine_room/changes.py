"""Tells whoever follows that something has changed."""

import asyncio
from collections.abc import AsyncIterator


class Changes:
    """Wakes followers. Changes told before a follower looks again wake it once."""

    def __init__(self) -> None:
        self._version = 0
        self._wake = asyncio.Event()

    def tell(self) -> None:
        """Wake every follower; never blocks. On the event loop's thread alone."""
        self._version += 1
        wake, self._wake = self._wake, asyncio.Event()
        wake.set()

    async def follow(self, every_s: float | None = None) -> AsyncIterator[None]:
        """Yields once at once, then after each change; also when `every_s` seconds have passed without one.

        None: after changes alone. Never ends by itself.
        """
        seen = -1
        while True:
            if seen == self._version:
                await self._await(every_s)
            seen = self._version
            yield

    async def _await(self, at_most_s: float | None) -> None:
        try:
            async with asyncio.timeout(at_most_s):
                await self._wake.wait()
        except TimeoutError:
            return
