"""One clock for what every session of a process does again and again: what is due at about the same time is
done in one turn of it.
"""

import asyncio
import heapq
from collections.abc import Callable
from itertools import count

TICK_S = 0.01


class Wheel:
    """Calls members back when they asked for it, at most TICK_S later; it stands while nobody waits."""

    def __init__(self) -> None:
        self._due: list[tuple[float, int, Spoke]] = []
        self._order = count()
        self._timer: asyncio.TimerHandle | None = None
        self._turns_at = 0.0

    def join(self, turn: Callable[[], None]) -> "Spoke":
        """`turn` is called from the event loop and must not raise."""
        return Spoke(self, turn)

    def call_at(self, due: float, spoke: "Spoke") -> None:
        """On the loop's clock."""
        heapq.heappush(self._due, (due, next(self._order), spoke))
        self._arm()

    def stop_if_idle(self) -> None:
        """Nobody may wait any more: entries that were overtaken by others do not count."""
        while self._due and self._due[0][2].due != self._due[0][0]:
            heapq.heappop(self._due)
        if not self._due and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _arm(self) -> None:
        due = self._due[0][0]
        if self._timer is not None:
            if self._turns_at <= due + TICK_S:
                return
            self._timer.cancel()
        loop = asyncio.get_running_loop()
        now = loop.time()
        self._turns_at = max(due, now) if due - now > TICK_S else now + TICK_S
        self._timer = loop.call_at(self._turns_at, self._turn)

    def _turn(self) -> None:
        """Each that is due is called once, whatever it asks for meanwhile: a clock may stand still."""
        self._timer = None
        now = asyncio.get_running_loop().time()
        called: list[tuple[float, Spoke]] = []
        while self._due and self._due[0][0] <= now:
            due, _, spoke = heapq.heappop(self._due)
            called.append((due, spoke))
        for due, spoke in called:
            if spoke.due == due:
                spoke.due = None
                spoke.turn()
        self.stop_if_idle()
        if self._due and self._timer is None:
            self._arm()


class Spoke:
    """One member's place. `due`: when it is called back, on the loop's clock; None: it does not wait."""

    def __init__(self, wheel: Wheel, turn: Callable[[], None]) -> None:
        self._wheel, self.turn = wheel, turn
        self.due: float | None = None

    def call_at(self, due: float) -> None:
        """In the place of what it asked for before."""
        if due != self.due:
            self.due = due
            self._wheel.call_at(due, self)

    def rest(self) -> None:
        if self.due is not None:
            self.due = None
            self._wheel.stop_if_idle()
