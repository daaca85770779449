"""One reply's voice."""

import asyncio
from collections.abc import Callable

from chassis.faults import Fault
from chassis.lanes import LaneEnded
from gateway.conversation import events as e
from gateway.links.place import failure_of
from gateway.links.tts import TtsLane, TtsPlace
from gateway.session.attempt import Attempt
from gateway.session.playout import Playout
from protos.parley.v1 import tts_pb2


class SpeechRun(Attempt[tts_pb2.SpeakItem, tts_pb2.SpeechEvent]):
    """The sound of a reply, which is played as it comes.

    Text is kept until there is sound, so that another replica can begin from its start.
    """

    def __init__(
        self,
        place: TtsPlace,
        reply: int,
        turn: int,
        playout: Playout,
        post: Callable[[e.Event], None],
        now: Callable[[], float],
    ) -> None:
        super().__init__(place, reply, post, now)
        self._turn = turn
        self._playout = playout
        self._given: list[tts_pb2.SpeakItem] = []
        self._lane: TtsLane | None = None

    def start(self, group: asyncio.TaskGroup) -> None:
        self._playout.begin(self._reply, self._turn)
        super().start(group)

    def give(self, item: tts_pb2.SpeakItem, urgent: bool = True) -> None:
        """Text or its end; it waits where no lane is open yet, and for company where it is not urgent."""
        if not self._came:
            self._given.append(item)
        if self._lane is not None:
            self._send(self._lane, item, urgent)

    def cancel(self) -> None:
        self._lane = None
        super().cancel()

    def _begin(self, lane: TtsLane) -> None:
        self._lane = lane
        for item in self._given:
            self._send(lane, item)

    def _send(self, lane: TtsLane, item: tts_pb2.SpeakItem, urgent: bool = True) -> None:
        """A copy: an item belongs to its lane, and this one may have to be sent on another."""
        sent = tts_pb2.SpeakItem()
        sent.CopyFrom(item)
        try:
            lane.send(sent, urgent=urgent)
        except Fault:
            self._lane = None  # the reader learns the reason from the lane itself

    async def _run(self) -> None:
        try:
            await self._place.use(self._begin, self._take)
        except LaneEnded:
            self._end(e.SpeechFinished(self._now(), self._reply))
        except Fault as fault:
            failed = e.SpeechFailed(self._now(), self._reply, str(fault), failure_of(fault), self._number)
            self._end(failed)

    def _end(self, event: e.SpeechFinished | e.SpeechFailed) -> None:
        """Both at one moment, or what was sent would be played out between them.

        Who hears of a failure may have begun again before `post` returns: that one's sound is not over.
        """
        mine = self._task
        self._post(event)
        if self._task is mine:
            self._playout.finish(self._reply)

    def _take(self, lane: TtsLane, event: tts_pb2.SpeechEvent) -> bool:
        match event.WhichOneof("body"):
            case "audio":
                self._play(lane, event.audio)
                return True
            case "finished":
                self._end(e.SpeechFinished(self._now(), self._reply))
                return False
            case _:
                lane.consumed()
                return True

    def _play(self, lane: TtsLane, audio: tts_pb2.SpeechAudio) -> None:
        if not (self._came or self._given):
            lane.consumed()  # sound before any words is rubbish
            return
        self._came = True
        self._given.clear()
        pcm = audio.pcm
        if self._playout.play(self._reply, pcm, lane.consumed):
            words = tuple(e.Word(word.text, word.start_sample) for word in audio.words)
            self._post(e.SpeechArrived(self._now(), self._reply, len(pcm) // 2, words))
