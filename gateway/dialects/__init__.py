"""One file per WebSocket language, all of the same shape: pure and total."""
