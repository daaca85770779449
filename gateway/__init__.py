"""The WebSocket gateway: holds sessions, turns and barge-in; everything heavy happens in services."""

VERSION = "0.2.0"
