"""What comes down a lane, taken where it comes: no task is woken for an item."""

import asyncio
from collections.abc import Callable
from typing import Generic

from chassis.lane_items import In, Out
from chassis.lanes import Lane


class LaneStream(Generic[Out, In]):
    """`take` is called with each item until it returns False, and tells the lane what is consumed. `came`:
    something did, and more was wanted.
    """

    def __init__(self, lane: Lane[Out, In], take: Callable[[Lane[Out, In], In], bool]) -> None:
        self._lane, self._take = lane, take
        self._over = asyncio.Event()
        self._reason: Exception | None = None
        self.came = False

    async def run(self) -> None:
        """Until `take` has had enough. Raises why it ended otherwise: what ended the lane, or what `take`
        raised. Nothing is taken after it.
        """
        self._lane.pour(self._take_one, self._end)
        try:
            await self._over.wait()
        finally:
            self._over.set()
        if self._reason is not None:
            raise self._reason

    def _take_one(self, item: In) -> None:
        if self._over.is_set():
            return
        try:
            more = self._take(self._lane, item)
        except Exception as error:
            self._end(error)
            return
        self.came = self.came or more
        if not more:
            self._over.set()

    def _end(self, reason: Exception) -> None:
        if not self._over.is_set():
            self._reason = reason
            self._over.set()
