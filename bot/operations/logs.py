"""Structured logs that cannot carry what people wrote: an exception is logged by its type and its places,
never by its words."""

from __future__ import annotations

import logging
import re
import sys
import traceback
from types import TracebackType

import structlog
from structlog.typing import EventDict, WrappedLogger

#: How many frames of a traceback are kept, the innermost.
FRAMES = 12
#: Chinese letters, a mobile number, an identity number: no value of a log line needs them, and a message id
#: chosen by a client may hold them.
_PERSONAL = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]+|(?<!\d)1[3-9]\d{9}(?!\d)|(?<!\d)\d{17}[\dXx](?!\d)")


def places(kind: type[BaseException], trace: TracebackType | None) -> str:
    """「ValueError at models/base.py:12 in new_id < …」: an exception's message may quote a resident, its
    places cannot."""
    frames = traceback.extract_tb(trace)[-FRAMES:]
    return (
        kind.__name__
        + " at "
        + " < ".join(f"{frame.filename}:{frame.lineno} in {frame.name}" for frame in reversed(frames))
    )


def masked(words: str) -> str:
    """`words` without what may be personal."""
    return _PERSONAL.sub("…", words)


def without_words(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    """Replace `exc_info` by its places, and mask every text."""
    info = event.pop("exc_info", None)
    for name, value in event.items():
        if isinstance(value, str):
            event[name] = masked(value)
    if info is True:
        info = sys.exc_info()
    if isinstance(info, BaseException):
        info = (type(info), info, info.__traceback__)
    if isinstance(info, tuple) and info[0] is not None:
        event["exception"] = places(info[0], info[2])
    return event


class _Plain(logging.Formatter):
    """Libraries' own records (aiohttp, apscheduler, asyncio): the same rules."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        # asyncio adds a line that quotes the lost task's exception.
        record.message = masked(record.message.partition("\n")[0])
        return super().formatMessage(record)

    def formatException(self, ei: object) -> str:  # noqa: N802 - logging's name
        kind, _, trace = ei if isinstance(ei, tuple) else (None, None, None)
        return places(kind, trace) if kind else ""


def configure() -> None:
    """JSON lines on standard error, or coloured lines on a terminal."""
    renderer = (
        structlog.dev.ConsoleRenderer()
        if sys.stderr.isatty()
        else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            without_words,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler()
    handler.setFormatter(_Plain("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
