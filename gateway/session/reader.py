"""What a client sends: understood, and given at once to the ear, the playout or the conversation.

Who sends too fast is held back: it is not read from while what it sent waits for its time.
"""

from collections.abc import Callable
from functools import partial

from chassis.faults import ClientFault
from gateway.conversation import events as e
from gateway.conversation import notices as n
from gateway.conversation.effects import CloseReason
from gateway.dialects.dialect import (
    AudioReceived,
    Dialect,
    Inbound,
    Outbound,
    Pinged,
    PlaybackReported,
    Pong,
)
from gateway.session import metrics
from gateway.session.decider import Finished
from gateway.session.listener import Listener, hold
from gateway.session.playout import Playout
from gateway.session.rates import Bucket
from gateway.transports.wire import Later, Wire

MAX_CLIENT_FAULTS = 20


class Reader:
    """One session's. `send` and `post` may raise Finished. `now` is the session's clock."""

    def __init__(
        self,
        wire: Wire,
        dialect: Dialect,
        listener: Listener,
        playout: Playout,
        send: Callable[[Outbound], None],
        post: Callable[[e.Event], None],
        now: Callable[[], float],
    ) -> None:
        self._wire, self._dialect, self._listener, self._playout = wire, dialect, listener, playout
        self._send, self._post, self._now = send, post, now
        limits = dialect.capabilities.limits
        self._messages = Bucket(limits.messages_per_s, limits.message_burst)
        self._controls = Bucket(limits.controls_per_s, limits.control_burst)
        self._faults = 0

    def take(self, message: str | bytes) -> Later | None:
        """One message, as a wire gives it. Raises Finished, as what is left to do does; that may raise
        WireClosed too.
        """
        now = self._now()
        wait_s = self._messages.take(1, now)
        if isinstance(message, str):
            wait_s = max(wait_s, self._controls.take(1, now))
        if wait_s > 0:
            return partial(self._take_after, wait_s, message)
        return self._understand(message, now)

    async def drain(self) -> None:
        """What was sent and is not heard yet is heard: nothing follows it just now. Raises Finished."""
        try:
            await self._listener.drain()
        except ClientFault as fault:
            self._blame_client(fault)

    async def _take_after(self, wait_s: float, message: str | bytes) -> None:
        await hold(self._wire, wait_s)
        if (later := self._understand(message, self._now())) is not None:
            await later()

    def _understand(self, message: str | bytes, now: float) -> Later | None:
        try:
            inbounds = self._dialect.decode(message, now)
            for number, inbound in enumerate(inbounds, 1):
                if (later := self._follow(inbound)) is not None:
                    return partial(self._follow_rest, later, inbounds[number:])
        except ClientFault as fault:
            self._blame_client(fault)
        return None

    async def _follow_rest(self, first: Later, rest: list[Inbound]) -> None:
        try:
            await first()
            for inbound in rest:
                if (later := self._follow(inbound)) is not None:
                    await later()
        except ClientFault as fault:
            self._blame_client(fault)

    def _follow(self, inbound: Inbound) -> Later | None:
        """What of it has to wait until sound has been heard."""
        match inbound:
            case AudioReceived(data):
                return None if self._listener.feed_now(data) else partial(self._listener.feed, data)
            case PlaybackReported(turn, played_ms):
                self._playout.report(turn, played_ms)
            case Pinged():
                self._send(Pong())
            case e.UserCommitted() | e.ConversationEndRequested():
                return partial(self._post_after_sound, inbound)
            case e.Event():
                self._post(inbound)
        return None

    async def _post_after_sound(self, event: e.Event) -> None:
        await self.drain()
        self._post(event)

    def _blame_client(self, fault: ClientFault) -> None:
        metrics.CLIENT_FAULTS.labels(self._dialect.name).inc()
        self._faults += 1
        self._send(n.ErrorOccurred("bad_message", str(fault)))
        if self._faults >= MAX_CLIENT_FAULTS:
            raise Finished(CloseReason.CLIENT_FAULT)
