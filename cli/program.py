"""Becomes one program of a cluster: run in the state folder with the program's name.

Commands, folders and variables come from `programs.json` there, as they are: a supervisor's file has rules of
its own for blanks, quotes, #, ; and %, and so would change them. Imports nothing of ours: it is run by path.
"""

import json
import os
import sys
from pathlib import Path

PROGRAMS = "programs.json"


def main() -> None:
    """Never returns. Exit status 2 when the program cannot be run: trying again would change nothing."""
    program = json.loads(Path(PROGRAMS).read_text(encoding="utf-8"))[sys.argv[1]]
    command = program["command"]
    try:
        os.chdir(program["folder"])
        os.execvpe(command[0], command, {**os.environ, **program["environment"]})  # noqa: S606
    except OSError as error:
        print(f"{command[0]} cannot be run: {error.strerror}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
