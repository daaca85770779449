"""The conversation core. Sans-IO: no await, no clock, no socket, no Redis, no randomness."""
