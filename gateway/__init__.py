"""The WebSocket gateway: holds sessions, turns and barge-in; everything heavy happens in services."""
