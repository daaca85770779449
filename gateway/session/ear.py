"""A session's hearing: keeps one STT lane open and turns what comes down it into events."""

import asyncio
from collections.abc import Callable

from chassis.faults import ClientFault, Fault, Overflow
from chassis.logs import get_logger
from gateway.audio.microphone import Microphone
from gateway.conversation import events as e
from gateway.links import stt
from gateway.links.stt import Listening, SttLane, SttLink
from gateway.session import metrics
from protos.parley.v1 import stt_pb2 as pb
from protos.sound import HEARD_RATE

log = get_logger(__name__)
REOPEN_S = 0.2
BEHIND_ITEMS = 64


class Ear:
    """Audio goes up as it comes; a lost lane is opened anew, on any replica.

    Utterances and samples are counted anew on each lane; the ear makes them one sequence. `reserved`: its
    first lane, whose place is confirmed already.
    """

    def __init__(
        self,
        link: SttLink,
        session: str,
        asked: Listening,
        microphone: Microphone,
        post: Callable[[e.Event], None],
        now: Callable[[], float],
        reserved: SttLane | None = None,
    ) -> None:
        self._reserved = reserved
        self._link, self._session, self._asked = link, session, asked
        self._microphone, self._post, self._now = microphone, post, now
        self._lane: SttLane | None = None
        self._utterances = 0
        self._utterance_base = 0
        self._sample_base = 0
        self._told_lost = False
        self._refused = False
        self._moving = False
        self.voiced_at = 0.0
        """When the newest speech began: its first voiced sample, before the trigger that told us."""

    def hear(self, pcm: bytes) -> None:
        """16-bit mono at 16 kHz; dropped while no lane is open, and for good once the service refused."""
        if self._refused:
            return
        if self._lane is None:
            metrics.DROPPED.labels("microphone").inc(len(pcm) / 2 / HEARD_RATE)
            return
        try:
            self._lane.send(stt.audio(pcm), urgent=False)
        except Fault:
            self._lane = None  # run() learns the reason from the lane itself

    @property
    def is_behind(self) -> bool:
        """The service takes what it is sent more slowly than it comes."""
        return self._lane is not None and self._lane.unsent >= BEHIND_ITEMS

    def flush(self) -> None:
        """Have the final at once."""
        if self._lane is not None:
            try:
                self._lane.send(stt.flush())
            except Fault:
                self._lane = None

    def trace(self, utterance: int, traceparent: str) -> None:
        """Tell the service which span the utterance is part of; one of a lost lane is passed over."""
        if self._lane is not None and utterance > self._utterance_base:
            self._lane.trace_part(utterance - self._utterance_base, traceparent)

    async def run(self) -> None:
        """Hear until cancelled; returns only when the service refuses this session for good."""
        while True:
            try:
                await self._listen()
            except Fault as fault:
                if isinstance(fault, ClientFault) and not isinstance(fault, Overflow):
                    self._accept_refusal(str(fault))
                    return
                self._lose(str(fault))
            if self._moving:
                self._moving = False
            else:
                await asyncio.sleep(REOPEN_S)

    def move_if_leaving(self) -> None:
        """Go to another replica, where one has a place, before this one's end cuts a sentence off."""
        if self._lane is not None and self._link.is_leaving(self._lane.peer):
            log.info("hearing moves", peer=self._lane.peer)
            self._moving = True
            self._lane.cancel()
            self._lane = None

    def _accept_refusal(self, reason: str) -> None:
        """Of what the client asked for, such as its language. Told also after a loss: this is the reason."""
        self._refused = True
        log.info("hearing refused", reason=reason)
        self._post(e.HearingLost(self._now(), reason, refused=True))

    def _lose(self, reason: str) -> None:
        if not self._told_lost:
            self._told_lost = True
            log.warning("hearing lost", reason=reason)
            self._post(e.HearingLost(self._now(), reason))

    async def _listen(self) -> None:
        lane, self._reserved = self._reserved, None
        if lane is None:
            lane = self._link.open(stt.config(self._asked), self._session)
        try:
            self._utterance_base = self._utterances
            self._sample_base = self._microphone.samples
            self._lane = lane
            async for event in lane:
                self._translate(event)
        finally:
            self._lane = None
            lane.cancel()

    def _translate(self, event: pb.ListenEvent) -> None:
        now = self._now()
        match event.WhichOneof("body"):
            case "ready":
                self._told_lost = False
            case "voice_noticed":
                self._post(e.VoiceNoticed(now))
            case "voice_dismissed":
                self._post(e.VoiceDismissed(now))
            case "speech_started":
                self._utterances = self._number(event.speech_started.utterance)
                self.voiced_at = self._microphone.time_of(self._sample_base + event.speech_started.sample)
                self._post(e.UserSpeechStarted(now, self._utterances))
            case "speech_stopped":
                ended_at = self._microphone.time_of(self._sample_base + event.speech_stopped.sample)
                utterance = self._number(event.speech_stopped.utterance)
                self._post(e.UserSpeechStopped(now, utterance, min(ended_at, now)))
            case "partial":
                utterance = self._number(event.partial.utterance)
                self._post(e.TranscriptChanged(now, utterance, event.partial.text))
                if event.partial.whole:
                    self._post(e.EndForeseen(now, utterance))
            case "pause":
                self._post(e.EndForeseen(now, self._number(event.pause.utterance)))
            case "final":
                final = event.final
                utterance = self._number(final.utterance)
                self._post(e.TranscriptFinished(now, utterance, final.text, final.unsure))
            case _:
                pass

    def _number(self, utterance: int) -> int:
        return self._utterance_base + utterance
