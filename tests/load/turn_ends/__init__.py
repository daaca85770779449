"""How soon a turn is taken to have ended, and how often too soon: `python -m tests.load.turn_ends`."""
