"""How a lane's audio comes to its gate: at once, or by way of the room in which all lanes are listened to."""

from collections.abc import Callable, Sequence
from typing import Protocol

from stt_service.gate.gate import SpeechGate
from stt_service.gate.outputs import GateOutput
from stt_service.gate.room import Mark, Room
from stt_service.gate.vad import Ahead, Judged

Route = Callable[[list[GateOutput]], None]


class Hearing(Protocol):
    """What a gate makes of this is routed in order, now or soon; `was_reset` is called in a reset's turn."""

    def hear(self, pcm: bytes) -> None:
        """Raises InvalidArgument for half a sample."""
        ...

    def flush(self) -> None: ...

    def reset(self) -> None: ...

    def leave(self) -> None:
        """Nothing more is routed."""
        ...


class AtOnce:
    """For a gate whose VAD answers by itself. What a route raises is raised to whoever hears."""

    def __init__(self, gate: SpeechGate, route: Route, was_reset: Callable[[], None]) -> None:
        self._gate, self._route, self._was_reset = gate, route, was_reset

    def hear(self, pcm: bytes) -> None:
        self._route(self._gate.feed(pcm))

    def flush(self) -> None:
        self._route(self._gate.flush())

    def reset(self) -> None:
        self._route(self._gate.reset())
        self._was_reset()

    def leave(self) -> None:
        """There is nobody to leave."""


class InRoom:
    """For a gate whose VAD is `ahead`. `fail` is told what a route raises, and when the network breaks."""

    def __init__(
        self,
        room: Room,
        ahead: Ahead,
        gate: SpeechGate,
        route: Route,
        was_reset: Callable[[], None],
        fail: Callable[[Exception], None],
    ) -> None:
        self._ahead, self._gate, self._fail = ahead, gate, fail
        self._route, self._was_reset = route, was_reset
        self._seat = room.enter(self._take, fail)
        self.hear = self._seat.hear
        self.leave = self._seat.leave

    def flush(self) -> None:
        self._seat.mark("flush")

    def reset(self) -> None:
        self._seat.mark("reset")

    def _take(self, pcm: bytes, judged: Sequence[Judged], mark: Mark) -> None:
        try:
            self._ahead.judged.extend(judged)
            self._route(self._gate.feed(pcm))
            if mark == "flush":
                self._route(self._gate.flush())
            elif mark == "reset":
                self._route(self._gate.reset())
                self._was_reset()
        except Exception as error:
            self._seat.leave()
            self._fail(error)
