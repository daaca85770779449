"""Scenarios acted out on audio time: the real gate, ear and core in one process, and nobody sleeps."""
