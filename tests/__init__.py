"""The tests, each by who would meet the fault: a person who talks, an operator, a client, a maintainer."""

import os

# As the services have it that use numpy while people talk. It reads this once, when it is imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
