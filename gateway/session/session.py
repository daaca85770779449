"""The shell around one conversation: one task group, one inbox, one place that decides.

Leaving the group leaves nothing behind. Nothing in here decides whose turn it is.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from chassis.faults import Overflow
from chassis.logs import get_logger
from chassis.tasks import task_group
from gateway.audio.microphone import Microphone
from gateway.conversation import events as e
from gateway.conversation import notices as n
from gateway.conversation.conversation import Conversation
from gateway.conversation.effects import CloseReason
from gateway.conversation.floor import Phase
from gateway.conversation.limits import Limits
from gateway.dialects.dialect import (
    MANUAL,
    AudioFinished,
    AudioPlayed,
    Capabilities,
    Connected,
    Dialect,
    Outbound,
    SessionOptions,
)
from gateway.event_log.lines import Head, without_prompts
from gateway.event_log.record import Record
from gateway.event_log.recorded import Recorded
from gateway.links.fitness import loaded_mind, shortcomings
from gateway.links.stt import Listening, SttLane
from gateway.memory.entries import SessionRecord
from gateway.session.decider import Decider, Finished
from gateway.session.ear import Ear
from gateway.session.effects import Effects
from gateway.session.listener import Listener
from gateway.session.observed import Observed, Reading
from gateway.session.playout import Playout
from gateway.session.reader import Reader
from gateway.session.surroundings import Surroundings
from gateway.session.trace import SessionTrace
from gateway.transports.wire import Wire, WireClosed

log = get_logger(__name__)
WATCH_S = 0.2
"""One who was not quiet, but not read from, is looked at again so soon."""
LEAVING_S = 0.4
"""A recogniser that leaves is noticed within this."""
CLOSE_S = 2.0


class Session:
    """Runs from the accepted wire to its close."""

    def __init__(
        self,
        session: str,
        wire: Wire,
        dialect: Dialect,
        options: SessionOptions,
        around: Surroundings,
        hearing: SttLane | None = None,
        earlier: Sequence[tuple[str, str]] = (),
    ) -> None:
        """`hearing`: the recogniser's lane, reserved for this session; None: the ear asks for one itself.

        `earlier`: what was said and heard in the session that this one continues.
        """
        self.id = session
        self._wire, self._dialect, self._options, self._around = wire, dialect, options, around
        self._loop = asyncio.get_running_loop()
        self._started = self._loop.time()
        self._record: Record | None = None
        self._conversation = self._begin(_limits(dialect.capabilities, around.limits, options), earlier)
        self._conversation.go_on_from(earlier)
        self._leaving = asyncio.Event()
        self._build(hearing)

    def _begin(self, limits: Limits, earlier: Sequence[tuple[str, str]]) -> Conversation:
        """Its events are kept where the client wants it and the operator lets it."""
        options, logs = self._options, self._around.event_logs
        agents = tuple(agent.spoken_to_in(options.language) for agent in options.agents)
        if logs is None or not options.record:
            return Conversation(agents, limits)
        head = Head(
            self.id,
            datetime.now(UTC).isoformat(timespec="milliseconds"),
            self._dialect.name,
            options.language,
            without_prompts(agents),
            limits,
            tuple(earlier),
        )
        self._record = logs.begin(head)
        return Recorded(agents, limits, self._record.note)

    def _build(self, hearing: SttLane | None) -> None:
        capabilities, options, around = self._dialect.capabilities, self._options, self._around
        observed = self.observed = Observed(self._now)
        self._wire.begin(observed.note_audio_sent, lambda: self._playout.wake())
        self._microphone = Microphone(capabilities.stall_s)
        asked = Listening(options.language, options.ends_speech_by)
        self._ear = Ear(around.links.stt, self.id, asked, self._microphone, self._post, self._now, hearing)
        self._listener = Listener(
            self._wire, capabilities.limits, options.input.rate, self._microphone, self._ear, self._now
        )
        self._playout = Playout(
            capabilities,
            options.output.rate,
            self._send,
            self._post,
            self._now,
            observed,
            around.wheel,
            self._fail,
            lambda: self._wire.backed_up,
        )
        self._reader = Reader(
            self._wire, self._dialect, self._listener, self._playout, self._send, self._post, self._now
        )
        self._trace = SessionTrace(
            self.id, self._dialect.name, options.agent.name, self._ear.trace, self._now
        )
        self._effects = Effects(
            self.id,
            options.agent,
            options.language,
            around,
            self._ear,
            self._playout,
            self._wire,
            self._trace,
            self._post,
            self._now,
        )
        self._decider = Decider(
            self._conversation,
            self._effects,
            self._playout,
            self._ear,
            self._trace,
            observed,
            around.wheel,
            self._send,
            self._now,
        )

    async def run(self) -> CloseReason:
        """Talk until either side ends it; the wire is closed and the session's end remembered."""
        self._remember("open")
        reason = CloseReason.INTERNAL
        try:
            reason = await self._talk()
        except asyncio.CancelledError:
            reason = CloseReason.LEAVING
            raise
        except Exception:
            log.exception("session broke")
        finally:
            self._end()
            await self._close(reason)
        return reason

    def reading(self) -> Reading:
        """What is observed of it at this moment. Any thread may ask."""
        return self.observed.reading(
            self._conversation,
            self._decider.waiting,
            self._wire.unsent,
            self._playout.buffered_s,
        )

    def leave(self) -> None:
        """The gateway is going: end politely."""
        self._leaving.set()

    async def _talk(self) -> CloseReason:
        try:
            async with task_group() as group:
                self._greet()
                group.create_task(self._write())
                group.create_task(self._ear.run())
                group.create_task(self._decider.run(group))
                group.create_task(self._watch())
                group.create_task(self._await_leave())
                await asyncio.sleep(0)  # the ear is open before the first message is read
                await self._wire.read(self._reader.take)
        except Finished as finished:
            return finished.reason
        except WireClosed:
            pass
        return CloseReason.DONE

    def _greet(self) -> None:
        statuses = self._around.links.statuses
        engines = {name: status.engine for name, status in statuses.items() if status is not None}
        lacking = self._shortcomings()
        recorded = self._record is not None
        self._send(Connected(self.id, self._options, self._around.profile, engines, lacking, recorded))
        self._send(n.PhaseChanged(self._conversation.phase, 0))

    def _shortcomings(self) -> tuple[str, ...]:
        options, mind = self._options, loaded_mind(self._around.links.statuses["llm"])
        if mind is None:
            return ()
        return tuple(
            words for agent in options.agents for words in shortcomings(agent, options.language, mind)
        )

    async def _await_leave(self) -> None:
        await self._leaving.wait()
        raise Finished(CloseReason.LEAVING)

    async def _watch(self) -> None:
        """No more often than it must be: every session does."""
        while True:
            await asyncio.sleep(min(self._microphone.stalls_in(self._now()) or WATCH_S, LEAVING_S))
            if self._conversation.phase is Phase.LISTENING:
                self._ear.move_if_leaving()
            if self._listener.stalled():
                await self._reader.drain()
                self._microphone.pause()
                self._post(e.AudioStalled(self._now()))

    def _post(self, event: e.Event) -> None:
        self._decider.post(event)

    def _fail(self, error: Exception) -> None:
        self._decider.fail(error)

    def _now(self) -> float:
        return self._loop.time() - self._started

    # ------------------------------------------------------------------ what goes out

    async def _write(self) -> None:
        try:
            await self._wire.run()
        except Overflow:
            raise Finished(CloseReason.TOO_SLOW) from None

    def _send(self, output: Outbound) -> None:
        # The end of the sound overtakes none of it.
        audio_of = output.reply if isinstance(output, AudioPlayed | AudioFinished) else 0
        try:
            for message in self._dialect.encode(output):
                self._wire.send(message, audio_of)
        except Overflow:
            raise Finished(CloseReason.TOO_SLOW) from None

    def _end(self) -> None:
        """Commit what is unfinished and free every lane; the group has gone already. Never raises."""
        for last in (
            self._decider.end,
            self._trace.close,
            self._effects.end,
            self._listener.close,
            self._close_record,
        ):
            try:
                last()
            except Exception:
                log.exception("the end of a session broke")
        self._remember("closed")

    def _close_record(self) -> None:
        if self._record is not None:
            self._record.close()

    async def _close(self, reason: CloseReason) -> None:
        code, words = self._dialect.close(reason)
        try:
            async with asyncio.timeout(CLOSE_S):
                await self._wire.close(code, words)
        except (WireClosed, Overflow, TimeoutError):
            pass

    def _remember(self, state: str) -> None:
        level = self._conversation.variant
        record = SessionRecord(
            self.id, self._around.owner, self._dialect.name, level, state, self._options.continues
        )
        self._around.memory.remember(record)


def _limits(wire: Capabilities, limits: Limits, options: SessionOptions) -> Limits:
    """The process's, as far as this client's wire allows them and its user wants them."""
    settle_s = limits.settle_s if wire.reports_playback else 0.0
    holds = limits.holds and not wire.whole_clips  # of a clip nothing is left to hold
    return replace(
        limits,
        settle_s=settle_s,
        text_first=wire.text_first,
        holds=holds,
        manual=options.ends_turns_by == MANUAL,
    )
