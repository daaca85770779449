"""The one place that decides: every event of a session comes to the conversation here, and what it commands
is carried out in order, at once.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from contextvars import copy_context

from chassis.logs import get_logger
from chassis.tasks import Ending
from gateway.conversation import effects as do
from gateway.conversation import events as e
from gateway.conversation import notices as n
from gateway.conversation.conversation import Command, Conversation
from gateway.conversation.effects import CloseReason, Effect
from gateway.conversation.notices import Notice
from gateway.dialects.dialect import Outbound
from gateway.session.ear import Ear
from gateway.session.effects import Effects
from gateway.session.joined_text import JoinedText
from gateway.session.observed import Observed
from gateway.session.playout import Playout
from gateway.session.trace import SessionTrace
from gateway.session.wheel import Wheel

log = get_logger(__name__)
INBOX_EVENTS = 4096
TAKES_FLOOR = (
    e.VoiceNoticed,
    e.UserSpeechStarted,
    e.TranscriptChanged,
    e.TranscriptFinished,
    e.HearingLost,
    e.TextTyped,
    e.ReplyStopRequested,
)


class Finished(Ending):
    """The session ends for this reason."""

    def __init__(self, reason: CloseReason) -> None:
        super().__init__(reason.value)
        self.reason = reason


class Decider:
    """The only caller of the conversation. `now` is the session's clock.

    An event is decided by whoever posts it, before `post` returns, in the session's own logging context. One
    that is posted meanwhile, by what is carried out, waits in the inbox until that is done.
    """

    def __init__(
        self,
        conversation: Conversation,
        effects: Effects,
        playout: Playout,
        ear: Ear,
        trace: SessionTrace,
        observed: Observed,
        wheel: Wheel,
        send: Callable[[Outbound], None],
        now: Callable[[], float],
    ) -> None:
        self._conversation, self._effects, self._playout, self._ear = conversation, effects, playout, ear
        self._trace, self._observed, self._send, self._now = trace, observed, send, now
        self._text = JoinedText(wheel, self._tell, self.fail)
        self._inbox: deque[e.Event | None] = deque()
        self._group: asyncio.TaskGroup | None = None
        self._context = copy_context()
        self._deciding = False
        self._timer: asyncio.TimerHandle | None = None
        self._armed_for = 0.0
        self._broken: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def waiting(self) -> int:
        """Events in the inbox."""
        return len(self._inbox)

    def post(self, event: e.Event) -> None:
        """What takes the floor, or may, is preceded by how much has been heard until then.

        Never raises: what goes wrong, in deciding or in carrying out, ends the session.
        """
        if isinstance(event, TAKES_FLOOR):
            self._playout.tell_progress()
        self._put(event)

    def _put(self, event: e.Event | None) -> None:
        if len(self._inbox) >= INBOX_EVENTS:
            self.fail(Finished(CloseReason.INTERNAL))
            return
        self._inbox.append(event)
        if not self._deciding:
            self._advance()

    def _advance(self) -> None:
        """Decide what waits, while the session runs."""
        if self._group is None or self._broken.done():
            return
        try:
            self._context.run(self._decide, self._group)
        except Exception as error:
            self.fail(error)

    async def run(self, group: asyncio.TaskGroup) -> None:
        """Decide until cancelled. Raises Finished when the conversation wants to end, and what went wrong."""
        self._group, self._context = group, copy_context()
        try:
            self._advance()
            await self._broken
        finally:
            self._group = None

    def fail(self, error: Exception) -> None:
        """The session ends for it."""
        if not self._broken.done():
            self._broken.set_exception(error)

    def _decide(self, group: asyncio.TaskGroup) -> None:
        self._deciding = True
        try:
            while self._inbox:
                event = self._inbox.popleft()
                commands = (
                    self._conversation.receive(event)
                    if event is not None
                    else self._conversation.on_deadline(self._now())
                )
                self._carry_out(deque(commands), group)
                self._trace.note(event)
        finally:
            self._deciding = False
        self._arm()

    def _carry_out(self, commands: deque[Command], group: asyncio.TaskGroup) -> None:
        """All of them; where one fails, what is to be remembered of those behind it is."""
        try:
            while commands:
                self._follow(commands.popleft(), group)
        except Exception:
            self._commit(commands)
            raise

    def _follow(self, command: Command, group: asyncio.TaskGroup) -> None:
        """Carry it out, or tell the client."""
        if isinstance(command, do.CloseSession):
            raise Finished(command.reason)
        self._trace.follow(command)
        if not isinstance(command, Effect):
            self._text.tell(command)
            return
        self._effects.carry_out(command, group)
        if isinstance(command, do.RecordTurn):
            self._observed.note_end(command, self._ear.voiced_at)

    def _tell(self, notice: Notice) -> None:
        self._observed.note(notice)
        if isinstance(notice, n.ErrorOccurred):
            log.info("error shown", code=notice.code, turn=notice.turn)
        self._send(notice)
        if isinstance(notice, n.ReplyTextEnded):
            self._playout.text_ended(notice.reply)

    def end(self) -> None:
        """The client has gone, and nothing is carried out any more: what is unfinished is committed."""
        self._context.run(self._end)

    def _end(self) -> None:
        self._disarm()
        with suppress(Finished):
            self._text.flush()
        if self._broken.done() and not self._broken.cancelled():
            self._broken.exception()  # it was the reason for the end, or came too late to be one
        self._receive_waiting()
        self._playout.tell_progress()
        self._receive_waiting()
        self._receive_last(e.HungUp(self._now()))

    def _receive_waiting(self) -> None:
        while self._inbox:
            if (event := self._inbox.popleft()) is not None:
                self._receive_last(event)

    def _receive_last(self, event: e.Event) -> None:
        self._commit(self._conversation.receive(event))
        self._trace.note(event)

    def _commit(self, commands: Iterable[Command]) -> None:
        for command in commands:
            self._trace.follow(command)
            if isinstance(command, do.CommitTurn):
                self._effects.commit(command)

    # ------------------------------------------------------------------ deadlines

    def _arm(self) -> None:
        """Set a timer only where the deadline is earlier than the one set: most are moved on and on."""
        due = self._conversation.next_deadline()
        if due is None or self._broken.done():
            self._disarm()
        elif self._timer is None or due < self._armed_for:
            self._disarm()
            self._armed_for = due
            self._timer = asyncio.get_running_loop().call_later(max(due - self._now(), 0), self._ring)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _ring(self) -> None:
        """Whatever has run out, how much was heard until now bears on it."""
        self._timer = None
        try:
            due = self._conversation.next_deadline()
            if due is not None and due <= self._now():
                self._playout.tell_progress()
                self._put(None)
            self._arm()
        except Exception as error:
            self.fail(error)
