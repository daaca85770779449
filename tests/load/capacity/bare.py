"""The measure of all others: a FastAPI WebSocket that drops the frames and sends replies like the gateway's.

One wheel paces the sessions of the process. It hears nothing: replies come by the clock, in as many percent
of the time as the query's `share` says.
"""

import argparse
import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import uvicorn
from fastapi import FastAPI, WebSocket, WebSocketDisconnect

from tests.load.capacity.script import PERIOD_S, REPLY_FRAME_BYTES, reply_due_s

TICK_S = 0.010
REPLY_FRAME = b"\x01\x10" * (REPLY_FRAME_BYTES // 2)
GOLDEN = 0.618


class Listener:
    """A session that is replied to from `begins_at` on."""

    def __init__(self, socket: WebSocket, share: int, begins_at: float) -> None:
        self._socket, self._share, self._begins_at = socket, share, begins_at
        self._sent = 0

    async def send_due(self, now: float) -> None:
        while self._begins_at + reply_due_s(self._sent, self._share) <= now:
            self._sent += 1
            await self._socket.send_bytes(REPLY_FRAME)


class Wheel:
    """All sessions with replies, looked at every TICK_S."""

    def __init__(self) -> None:
        self._listeners: set[Listener] = set()
        self._joined = 0

    @asynccontextmanager
    async def replying(self, socket: WebSocket, share: int) -> AsyncIterator[None]:
        """As long as the body runs. The sessions' periods are spread over the time."""
        if not share:
            yield
            return
        self._joined += 1
        offset_s = self._joined * GOLDEN % 1 * PERIOD_S if share < 100 else 0.0
        listener = Listener(socket, share, time.monotonic() + offset_s)
        self._listeners.add(listener)
        try:
            yield
        finally:
            self._listeners.discard(listener)

    async def turn(self) -> None:
        due = time.monotonic()
        while True:
            for listener in tuple(self._listeners):
                with suppress(WebSocketDisconnect, RuntimeError):  # it is leaving
                    await listener.send_due(time.monotonic())
            due += TICK_S
            await asyncio.sleep(max(due - time.monotonic(), 0))


def application() -> FastAPI:
    wheel = Wheel()

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with asyncio.TaskGroup() as group:
            turning = group.create_task(wheel.turn())
            yield
            turning.cancel()

    app = FastAPI(lifespan=lifespan)

    @app.websocket("/ws")
    async def listen(socket: WebSocket, share: int = 0) -> None:
        await socket.accept()
        async with wheel.replying(socket, share):
            with suppress(WebSocketDisconnect):
                while True:
                    await socket.receive_bytes()

    return app


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    uvicorn.run(
        application(),
        host="127.0.0.1",
        port=parser.parse_args().port,
        loop="uvloop",
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        log_level="warning",
    )


if __name__ == "__main__":
    main()
