"""How every process behaves: settings, logs, metrics, health, gRPC, lanes, drain. No domain words."""

import os

# gRPC's fork handlers run in every child that uvloop forks for a subprocess, and start gRPC's threads
# there: some children crash before they become the program. No process here forks to go on as itself.
# It must be said before grpc is imported.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
