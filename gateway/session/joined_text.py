"""A reply's text on its way to the client: what is written within JOIN_S is told at once."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

from gateway.conversation.notices import Notice, ReplyTextAdded
from gateway.session.wheel import Wheel

JOIN_S = 0.02


class JoinedText:
    """Tells notices in their order. The first words of a reply wait for nothing; no other notice does.

    `fail` takes what `tell` raises where nobody has called.
    """

    def __init__(
        self, wheel: Wheel, tell: Callable[[Notice], None], fail: Callable[[Exception], None]
    ) -> None:
        self._tell, self._fail = tell, fail
        self._spoke = wheel.join(self._turn)
        self._waits: ReplyTextAdded | None = None
        self._begun = 0

    def tell(self, notice: Notice) -> None:
        if not isinstance(notice, ReplyTextAdded) or notice.reply != self._begun:
            self.flush()
            self._tell(notice)
            if isinstance(notice, ReplyTextAdded):
                self._begun = notice.reply
        elif self._waits is None:
            self._waits = notice
            self._spoke.call_at(asyncio.get_running_loop().time() + JOIN_S)
        else:
            self._waits = replace(self._waits, text=self._waits.text + notice.text)

    def flush(self) -> None:
        """What waits is told now."""
        if (waits := self._waits) is not None:
            self._waits = None
            self._spoke.rest()
            self._tell(waits)

    def _turn(self) -> None:
        try:
            self.flush()
        except Exception as error:
            self._fail(error)
