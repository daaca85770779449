"""The gateway's name, version and endpoints, in AI-Talk's shape."""

from typing import Any

from gateway import VERSION
from gateway.links.links import Links


def describe(links: Links, debug: bool) -> dict[str, Any]:
    """The body of `GET /`; `debug`: whether there is a `/docs`."""
    statuses = links.statuses
    models = {
        name: (f"{status.engine}/{status.model}" if (status := statuses[name]) else "unavailable")
        for name in ("stt", "llm", "tts")
    }
    return {
        "name": "AI-Talk Backend",
        "version": VERSION,
        "description": "Parley: a self-hosted cluster for real-time voice conversation",
        "models": models,
        "endpoints": {
            "websocket": "/ws/conversation",
            "conversation": "/v1/conversation",
            "health": "/health",
            "ready": "/ready",
            "status": "/status",
            "gpu": "/gpu",
            "docs": "/docs" if debug else "disabled",
        },
    }
