"""What a process prints can be printed in any locale: a sign that it lacks is written as its number."""

import sys
from io import TextIOWrapper


def print_in_any_locale() -> None:
    """From now on no line that is printed or read fails for the terminal's encoding."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    if isinstance(sys.stdin, TextIOWrapper):
        sys.stdin.reconfigure(errors="replace")
