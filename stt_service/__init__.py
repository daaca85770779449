"""Hears: speech to text, and where speech begins and ends."""

import os

# numpy's sums are small here: a second thread for each costs more than it saves. It reads this once, when it
# is imported, so this must come before everything.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
