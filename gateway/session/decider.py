"""The one place that decides: every event of a session comes through one inbox to the conversation, and what
it commands is carried out in order.
"""

import asyncio
from collections.abc import Callable

from chassis.logs import get_logger
from chassis.tasks import Ending
from gateway.conversation import effects as do
from gateway.conversation import events as e
from gateway.conversation import notices as n
from gateway.conversation.conversation import Command, Conversation
from gateway.conversation.effects import CloseReason, Effect
from gateway.dialects.dialect import Outbound
from gateway.session.ear import Ear
from gateway.session.effects import Effects
from gateway.session.observed import Observed
from gateway.session.playout import Playout
from gateway.session.trace import SessionTrace

log = get_logger(__name__)
INBOX_EVENTS = 4096


class Finished(Ending):
    """The session ends for this reason."""

    def __init__(self, reason: CloseReason) -> None:
        super().__init__(reason.value)
        self.reason = reason


class Decider:
    """The only caller of the conversation. `now` is the session's clock."""

    def __init__(
        self,
        conversation: Conversation,
        effects: Effects,
        playout: Playout,
        ear: Ear,
        trace: SessionTrace,
        observed: Observed,
        send: Callable[[Outbound], None],
        now: Callable[[], float],
    ) -> None:
        self._send = send
        self._conversation, self._effects, self._playout, self._ear = conversation, effects, playout, ear
        self._trace, self._observed, self._now = trace, observed, now
        self._inbox: asyncio.Queue[e.Event | None] = asyncio.Queue(INBOX_EVENTS)
        self._timer: asyncio.TimerHandle | None = None

    @property
    def waiting(self) -> int:
        """Events in the inbox."""
        return self._inbox.qsize()

    def post(self, event: e.Event) -> None:
        """What takes the floor is preceded by how much has been heard until then. Raises Finished when the
        conversation does not keep up.
        """
        if isinstance(event, e.UserSpeechStarted | e.TextTyped | e.ReplyStopRequested):
            self._playout.tell_progress()
        try:
            self._inbox.put_nowait(event)
        except asyncio.QueueFull:
            raise Finished(CloseReason.INTERNAL) from None

    async def run(self, group: asyncio.TaskGroup) -> None:
        """Decide until cancelled. Raises Finished when the conversation wants to end."""
        conversation = self._conversation
        while True:
            self._arm(conversation.next_deadline())
            event = await self._inbox.get()
            commands = (
                conversation.receive(event) if event is not None else conversation.on_deadline(self._now())
            )
            for command in commands:
                self._follow(command, group)
            self._trace.note(event)

    def _follow(self, command: Command, group: asyncio.TaskGroup) -> None:
        """Carry it out, or tell the client."""
        if isinstance(command, do.CloseSession):
            raise Finished(command.reason)
        self._trace.follow(command)
        if isinstance(command, Effect):
            self._effects.carry_out(command, group)
            if isinstance(command, do.RecordTurn):
                self._observed.note_end(command, self._ear.voiced_at)
            return
        self._observed.note(command)
        if isinstance(command, n.ErrorOccurred):
            log.info("error shown", code=command.code, turn=command.turn)
        self._send(command)
        if isinstance(command, n.ReplyTextEnded):
            self._playout.text_ended(command.reply)

    def end(self) -> None:
        """The client has gone, and nothing is carried out any more: what is unfinished is committed."""
        self._disarm()
        self._receive_waiting()  # first, so that the inbox has room for how much was heard
        self._playout.tell_progress()
        self._receive_waiting()
        self._commit(e.HungUp(self._now()))

    def _receive_waiting(self) -> None:
        while not self._inbox.empty():
            if (event := self._inbox.get_nowait()) is not None:
                self._commit(event)

    def _commit(self, event: e.Event) -> None:
        commands = self._conversation.receive(event)
        for command in commands:
            self._trace.follow(command)
            if isinstance(command, do.CommitTurn):
                self._effects.commit(command)
        self._trace.note(event)

    def _arm(self, deadline: float | None) -> None:
        self._disarm()
        if deadline is not None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(max(deadline - self._now(), 0), self._post_deadline)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _post_deadline(self) -> None:
        """Whatever has run out, how much was heard until now bears on it."""
        if self.waiting < INBOX_EVENTS - 1:
            self._playout.tell_progress()
            self._inbox.put_nowait(None)
