"""Tells whoever follows that something has changed."""

import asyncio
from collections.abc import AsyncIterator


class Changes:
    """Of one thing. Changes that come together are told once."""

    def __init__(self) -> None:
        self._version = 0
        self._wake = asyncio.Event()

    def tell(self) -> None:
        self._version += 1
        wake, self._wake = self._wake, asyncio.Event()
        wake.set()

    async def follow(self, every_s: float | None = None) -> AsyncIterator[None]:
        """Once at once, then after each change, and at least `every_s` after the last time."""
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
