"""`parley setup` prepares this machine, `parley up` starts a cluster on it, `parley talk` speaks to one."""

import argparse
import os
import sys
from pathlib import Path

from chassis.logs import format_failure
from chassis.streams import print_in_any_locale
from cli import chat, gpu, models, rehearse, replay, system, talk, transcript, up
from cli.profiles import PROFILES
from cli.setup import command as setup
from cli.where import Refused, add_options, folder


def main(arguments: list[str] | None = None) -> None:
    """Exit status: 0 done, 1 it did not work (the reason on stderr), 2 wrong usage."""
    print_in_any_locale()
    options = parser().parse_args(arguments)
    try:
        sys.exit(options.run(options))
    except Refused as reason:
        print(f"parley: {reason}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(1)
    except BrokenPipeError:  # whoever read has had enough, as head(1) has
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python complains at its end
        sys.exit(1)
    except Exception as error:  # Python itself would print a library's words, with a key in them, say
        failure = format_failure((type(error), error, error.__traceback__))
        print(f"parley: this should not have happened:\n{failure}", file=sys.stderr)
        sys.exit(1)


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="parley", description="Real-time voice conversation, self-hosted.")
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    _add_up(commands.add_parser("up", help="start a whole cluster on this machine"))
    setup.add_arguments(commands.add_parser("setup", help="check this machine, download and try models"))
    models.add_arguments(commands.add_parser("model", help="list, add, load and unload language models"))
    chat.add_arguments(commands.add_parser("run", help="write to the language model, or time it"))
    system.add_arguments(commands.add_parser("system", help="what a cluster is doing"))
    transcript.add_arguments(commands.add_parser("transcript", help="what was said and heard"))
    replay.add_arguments(commands.add_parser("replay", help="what a recorded session did and why"))
    rehearse.add_arguments(
        commands.add_parser("rehearse", help="act scenarios out to a cluster, and judge it")
    )
    gpu.add_arguments(commands.add_parser("gpu", help="which services fit on which GPUs"))
    _add_talk(commands.add_parser("talk", help="speak a WAV file to a cluster and print the answer"))
    return top


def _add_up(command: argparse.ArgumentParser) -> None:
    command.add_argument("--port", type=up.port, default=8000, help="port of the page (default 8000)")
    command.add_argument("--host", default="127.0.0.1", help="address of the page (default 127.0.0.1)")
    command.add_argument("--profile", default="embedded", help=f"one of {', '.join(PROFILES)}")
    command.add_argument(
        "--state", type=folder, default=Path(".parley"), help="folder for data and logs (default .parley)"
    )
    command.set_defaults(run=up.run)


def _add_talk(command: argparse.ArgumentParser) -> None:
    command.add_argument("file", type=Path, help="16-bit mono WAV")
    add_options(command)
    command.add_argument("--json", action="store_true", help="print one JSON object")
    command.add_argument("--out", type=Path, help="write the reply's audio to this WAV file")
    command.add_argument("--level", default="intermediate", help="beginner, intermediate or advanced")
    command.add_argument("--timeout", type=talk.seconds, default=20.0, help="seconds to wait for the answer")
    command.add_argument("--record", action="store_true", help="let the cluster keep an event log of it")
    command.set_defaults(run=talk.run)


if __name__ == "__main__":
    main()
