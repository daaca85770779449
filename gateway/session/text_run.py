"""One question to the language model, for one turn."""

import asyncio
from collections.abc import Callable

from chassis.faults import Fault
from chassis.lanes import LaneEnded
from gateway.conversation import events as e
from gateway.links.llm import LlmLane, LlmPlace
from gateway.links.place import failure_of


class TextRun:
    """What comes of it is posted as events of its turn; nothing does after `cancel`."""

    def __init__(
        self, place: LlmPlace, turn: int, post: Callable[[e.Event], None], now: Callable[[], float]
    ) -> None:
        self._place, self._turn, self._post, self._now = place, turn, post, now
        self._task: asyncio.Task[None] | None = None
        self._came = False
        self._attempt = 1

    @property
    def peer(self) -> str:
        """The replica that was asked last; "" before one is."""
        return self._place.peer

    def start(self, group: asyncio.TaskGroup) -> None:
        self._task = group.create_task(self._run())

    def again(self, group: asyncio.TaskGroup, late: bool) -> None:
        """Ask another replica, unless this one's first words are under way to the conversation already."""
        self._attempt += 1
        if not self._came:
            self.cancel()
            self._place.leave(late)
            self.start(group)

    def cancel(self) -> None:
        self._place.cancel()
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def _run(self) -> None:
        try:
            await self._place.use(lambda _: None, self._read)
        except LaneEnded:
            self._post(e.ReplyTextFinished(self._now(), self._turn))
        except Fault as fault:
            failed = e.ReplyTextFailed(self._now(), self._turn, str(fault), failure_of(fault), self._attempt)
            self._post(failed)

    async def _read(self, lane: LlmLane) -> bool:
        event = await lane.receive()
        match event.WhichOneof("body"):
            case "delta":
                self._came = True
                self._post(e.ReplyTextArrived(self._now(), self._turn, event.delta))
            case "finished":
                self._came = True
                self._post(e.ReplyTextFinished(self._now(), self._turn))
                return False
            case _:
                pass  # what it thinks is nobody's to hear, and no agent has tools yet
        return True
