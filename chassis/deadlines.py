"""Every wait on a peer ends: `async with within(0.5, "connecting to tts")`."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from chassis.faults import TooSlow


@asynccontextmanager
async def within(seconds: float, doing: str) -> AsyncIterator[None]:
    """Raise TooSlow, naming what was being done, when the body takes longer."""
    try:
        async with asyncio.timeout(seconds) as limit:
            yield
    except TimeoutError as error:
        if not limit.expired():
            raise
        raise TooSlow(f"{doing} took longer than {seconds:g} s") from error
