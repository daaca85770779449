"""Scenarios that a caller acts out to a cluster, and what is judged of what came back."""
