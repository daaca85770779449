"""Scenarios: read, made into sound, acted out, judged."""
