"""Whose turn it is, as callers hear it, and how soon: `make bench-turns`."""
