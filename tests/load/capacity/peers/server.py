"""One peer behind a FastAPI WebSocket, 16 kHz PCM both ways, under uvicorn as Parley's gateway is."""

import argparse
import importlib
from typing import Any

import uvicorn
from fastapi import FastAPI, WebSocket


def application(talk: Any) -> FastAPI:
    """`talk(socket)` has the conversation."""
    app = FastAPI()

    @app.websocket("/ws")
    async def converse(socket: WebSocket) -> None:
        await socket.accept()
        await talk(socket)

    return app


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--name", choices=["pipecat", "livekit"], required=True)
    parser.add_argument("--port", type=int, required=True)
    options = parser.parse_args()
    peer = importlib.import_module(f"tests.load.capacity.peers.{options.name}_session")
    uvicorn.run(
        application(peer.talk),
        host="127.0.0.1",
        port=options.port,
        loop="uvloop",
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        log_level="warning",
    )


if __name__ == "__main__":
    main()
