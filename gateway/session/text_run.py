"""One question to the language model, for one reply."""

from chassis.faults import Fault
from chassis.lanes import LaneEnded
from gateway.conversation import events as e
from gateway.links.llm import LlmLane
from gateway.links.place import failure_of
from gateway.session.attempt import Attempt
from protos.parley.v1 import llm_pb2


class TextRun(Attempt[llm_pb2.ChatItem, llm_pb2.ChatEvent]):
    """The text of a reply, as it is written."""

    async def _run(self) -> None:
        try:
            await self._place.use(lambda _: None, self._take)
        except LaneEnded:
            self._post(e.ReplyTextFinished(self._now(), self._reply))
        except Fault as fault:
            failed = e.ReplyTextFailed(self._now(), self._reply, str(fault), failure_of(fault), self._number)
            self._post(failed)

    def _take(self, lane: LlmLane, event: llm_pb2.ChatEvent) -> bool:
        lane.consumed()
        match event.WhichOneof("body"):
            case "delta":
                self._came = True
                self._post(e.ReplyTextArrived(self._now(), self._reply, event.delta))
            case "finished":
                self._came = True
                self._post(e.ReplyTextFinished(self._now(), self._reply))
                return False
            case _:
                pass  # what it thinks is nobody's to hear, and no agent has tools yet
        return True
