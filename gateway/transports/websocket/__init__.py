"""A WebSocket as a wire: over uvicorn, around starlette wherever nothing has to wait."""
