"""What one service is asked for one reply: at one replica, and once more at another."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Generic

from chassis.lane_items import In, Out
from gateway.conversation import events as e
from gateway.links.place import Place


class Attempt(ABC, Generic[Out, In]):
    """What comes of it is posted as events of its reply; nothing is after `cancel`."""

    def __init__(
        self, place: Place[Out, In], reply: int, post: Callable[[e.Event], None], now: Callable[[], float]
    ) -> None:
        self._place, self._reply, self._post, self._now = place, reply, post, now
        self._task: asyncio.Task[None] | None = None
        self._number = 1
        """Which attempt is under way."""
        self._came = False
        """Something is under way to the conversation: nobody else may be asked any more."""

    @property
    def peer(self) -> str:
        """The replica that was asked last; "" before one is."""
        return self._place.peer

    def start(self, group: asyncio.TaskGroup) -> None:
        self._task = group.create_task(self._run())

    def again(self, group: asyncio.TaskGroup, late: bool) -> None:
        """Ask another replica, unless something of this one's is under way already."""
        self._number += 1
        if not self._came:
            self.cancel()
            self._place.leave(late)
            self.start(group)

    def cancel(self) -> None:
        self._place.cancel()
        if self._task is not None:
            self._task.cancel()
            self._task = None

    @abstractmethod
    async def _run(self) -> None:
        """Ask, read to the end, post what comes."""
