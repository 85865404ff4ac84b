"""The log: lines for people, or JSON for programs, on stderr.

The log of a page tells nothing that a visitor or a program has written. `keep_words_out` holds back the words of
exceptions and libraries, and tells the places where they arose.
"""

from __future__ import annotations

import datetime
import json
import logging
import os
import sys
import threading
import traceback
import warnings
from pathlib import Path
from typing import Any

from qa.errors import InputError

FIELDS = "fields"
"""The key in `logger.info(…, extra={FIELDS: {…}})` for values that a line of JSON has beside its message."""

OWN = ("qa", "uvicorn")
"""Loggers whose messages have no caller's words in them: this program's, and the server's, which are fixed."""

MAX_FRAMES = 6
"""Limits the places told of an exception, to the innermost: enough to see the caller, few enough for a line."""

logger = logging.getLogger(__name__)


class JsonLines(logging.Formatter):
    """One object a line: `time` (ISO 8601, UTC), `level`, `logger`, `message`, the record's fields, `error`."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as a line of JSON, without its end."""
        table: dict[str, Any] = {
            "time": datetime.datetime.fromtimestamp(record.created, datetime.UTC).isoformat(
                "T", "milliseconds"
            ),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, FIELDS, {}),
        }
        if record.exc_info:
            table["error"] = self.formatException(record.exc_info)
        return json.dumps(table, ensure_ascii=False, default=str)


class WithoutWords(logging.Formatter):
    """Formats as `inner` does, without words that a caller may have written.

    It tells the class and the places of an exception, and the place of a library's message.
    """

    def __init__(self, inner: logging.Formatter | None) -> None:
        super().__init__()
        self._inner = inner or logging.Formatter()

    def format(self, record: logging.LogRecord) -> str:
        """The record as a line."""
        told = logging.makeLogRecord(
            {**record.__dict__, "exc_info": None, "exc_text": None, "stack_info": None}
        )
        if record.name.partition(".")[0] not in OWN:
            told.msg, told.args = f"a message of {record.module}.{record.funcName}:{record.lineno}", None
        elif isinstance(record.args, tuple):
            # An `InputError` quotes what was put in.
            told.args = tuple(
                type(value).__name__ if isinstance(value, InputError) else value for value in record.args
            )
        if record.exc_info and record.exc_info[1]:
            told.msg, told.args = f"{told.getMessage().strip()} ({tell_exception(record.exc_info[1])})", None
        return self._inner.format(told)


def tell_exception(error: BaseException) -> str:
    """The class of `error` and the places that the error came through, the innermost first, without its words."""
    frames = traceback.extract_tb(error.__traceback__)[-MAX_FRAMES:]
    places = (f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in reversed(frames))
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    after = f"; after {tell_exception(cause)}" if cause else ""
    return f"{type(error).__name__} at {' < '.join(places) or 'no known place'}{after}"


def write_json() -> None:
    """Write the log as lines of JSON from now on, that of libraries too."""
    for handler in logging.getLogger().handlers:
        handler.setFormatter(JsonLines())
    logging.captureWarnings(True)


def take_over(*libraries: str) -> None:
    """Let the log of these libraries, some of which write their own, be written as everything else is."""
    for library in (logging.getLogger(name) for name in libraries):
        library.handlers.clear()
        library.propagate = True


def keep_words_out() -> None:
    """Let the log tell nothing that a caller may have written from now on, whatever goes wrong.

    Texts that Python and libraries would print past the log go into it too: exceptions of threads, and warnings.
    """
    for handler in logging.getLogger().handlers:
        handler.setFormatter(WithoutWords(handler.formatter))
    logging.raiseExceptions = False  # else what cannot be logged is printed, with all its values
    # Gradio's way to tell of a call that failed
    traceback.print_exc = lambda *_, **__: logger.error("an exception was printed", exc_info=True)
    threading.excepthook = lambda failed: _log_unhandled(failed.exc_value)
    sys.unraisablehook = lambda failed: _log_unhandled(failed.exc_value)
    warnings.showwarning = _log_warning


def print_no_more() -> None:
    """Print nothing from now on: libraries print what they were called with."""
    sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115  # until the program ends


def _log_unhandled(error: BaseException | None) -> None:
    logger.error("an exception was not handled", exc_info=error)


def _log_warning(
    message: Warning | str, category: type[Warning], filename: str, lineno: int, file: object = None,
    line: object = None,
) -> None:  # fmt: skip
    logger.warning("%s at %s:%d", category.__name__, Path(filename).name, lineno)
