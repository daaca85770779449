"""JSON logs with the session and turn of the task that wrote them.

What people say is never logged: only ids, counts, durations and codes.
"""

import logging
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any

import structlog

from chassis.secrets import hide, is_about_a_request, words_of
from chassis.settings import ProcessSettings

Logger = structlog.stdlib.BoundLogger
SERVICES = ("stt_service", "llm_service", "tts_service", "analysis_service")
OURS = ("chassis", "engine_room", "gateway", *SERVICES, "cli", "__main__")
"""Whose lines below WARNING are written: those of libraries show requests, with their headers."""
Failure = tuple[type[BaseException], BaseException, TracebackType | None]


def set_up_logs(settings: ProcessSettings, process: str) -> None:
    """Send this process's logs, and those of its libraries, to stdout in the chosen format."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.ExceptionRenderer(format_failure),
    ]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if settings.log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=False)
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer, _hide],
        )
    )
    level = logging.getLevelNamesMapping()[settings.log_level]
    logging.basicConfig(handlers=[handler], level=max(level, logging.WARNING), force=True)
    for package in OURS:
        logging.getLogger(package).setLevel(level)
    structlog.contextvars.bind_contextvars(process=process)
    _log_what_nobody_caught()


def _hide(logger: Any, name: str, line: Any) -> Any:  # noqa: ARG001
    return hide(line) if isinstance(line, str) else line


def _log_what_nobody_caught() -> None:
    """Python itself would print the words of any error."""
    log = get_logger(__name__)

    def on_failure(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if not issubclass(kind, KeyboardInterrupt):
            log.error("nobody caught this", exc_info=(kind, error, trace))

    def on_thread_failure(failed: threading.ExceptHookArgs) -> None:
        if failed.exc_value is not None:
            on_failure(failed.exc_type, failed.exc_value, failed.exc_traceback)

    sys.excepthook, threading.excepthook = on_failure, on_thread_failure


def format_failure(exc_info: Failure) -> str:
    """A traceback. An error about a request shows where and what kind it was, not its words."""
    return hide("".join(_links(exc_info[1], exc_info[2], set())).rstrip())


def _links(error: BaseException, trace: TracebackType | None, seen: set[int]) -> Iterator[str]:
    seen.add(id(error))
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is not None and id(before) not in seen:
        yield from _links(before, before.__traceback__, seen)
        yield "\nThen:\n"
    yield from traceback.format_tb(trace)
    kind = type(error).__name__
    yield f"{kind}\n" if is_about_a_request(error) else f"{kind}: {words_of(error)}\n"
    if isinstance(error, BaseExceptionGroup):
        for part in error.exceptions:
            if id(part) not in seen:
                yield f"\nOne of its parts ({kind}):\n"
                yield from _links(part, part.__traceback__, seen)


def get_logger(name: str) -> Logger:
    logger: Logger = structlog.stdlib.get_logger(name)
    return logger


@contextmanager
def bound(**values: Any) -> Iterator[None]:
    """Bind values (session, turn, …) to every log line of the current task."""
    with structlog.contextvars.bound_contextvars(**values):
        yield


def bind(**values: Any) -> None:
    """Bind values to every further log line of the current task."""
    structlog.contextvars.bind_contextvars(**values)


def unbind(*names: str) -> None:
    structlog.contextvars.unbind_contextvars(*names)
