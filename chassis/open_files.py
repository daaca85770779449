"""How many files, sockets among them, this process may have open: as many as the system grants it.

Systems begin low (1,024 on most) and let a process raise it to a limit of their own.
"""

import contextlib
import sys

from chassis.logs import get_logger

log = get_logger(__name__)
ENOUGH = 65_535
FEW = 4_096
"""Under this a gateway with some hundred sessions can run out; a session takes one, its upgrade another."""


def raise_open_files() -> None:
    """Up to ENOUGH; a system that grants little is named in the log, with what to do."""
    if sys.platform == "win32":
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = ENOUGH if hard == resource.RLIM_INFINITY else min(hard, ENOUGH)
    if soft < wanted:
        with contextlib.suppress(OSError, ValueError):  # macOS grants less than it says
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    granted = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if granted < FEW:
        log.warning("few open files are granted; raise the limit (ulimit -Hn, LimitNOFILE)", limit=granted)
