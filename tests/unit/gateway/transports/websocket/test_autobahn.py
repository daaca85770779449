"""Autobahn's cases, without those of speed (9) and of compression (12, 13), which is not offered."""

import asyncio
from contextlib import suppress
from functools import partial
from typing import Any

import pytest
from kosoku import run_fuzzingclient

from gateway.door.server import listen, make_server
from gateway.transports.websocket.protocol import SHORT_WAY, HoldingProtocol
from gateway.transports.wire import Later, WireClosed

LARGEST = 1 << 20
CASES = 247


class Echo:
    """Gives every message back: from within the network's call, or as what is left to do."""

    def __init__(self, at_once: bool) -> None:
        self._at_once = at_once

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        protocol: HoldingProtocol = scope["extensions"][SHORT_WAY]["protocol"]
        with suppress(WireClosed):
            await protocol.read(partial(self._give_back, protocol, send))

    def _give_back(self, protocol: HoldingProtocol, send: Any, message: str | bytes) -> Later | None:
        if self._at_once and protocol.send_now(message):
            return None
        return partial(
            send, {"type": "websocket.send", "text" if isinstance(message, str) else "bytes": message}
        )


@pytest.mark.parametrize("at_once", [True, False], ids=["at once", "in its task"])
async def test_every_case_is_met(at_once: bool) -> None:
    listener = listen("127.0.0.1", 0)
    server = make_server(Echo(at_once), lambda _: LARGEST, 20.0, 20.0)
    serving = asyncio.ensure_future(server.serve(sockets=[listener]))
    host, port = listener.getsockname()
    try:
        results = await run_fuzzingclient(f"ws://{host}:{port}", None, ["9.*", "12.*", "13.*"], 4)
    finally:
        server.should_exit = True
        await serving
        listener.close()
    assert len(results) == CASES, "one that fails has raised"
