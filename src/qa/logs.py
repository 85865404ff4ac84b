"""How the log is written: lines for people, or JSON for programs. It goes to stderr."""

from __future__ import annotations

import datetime
import json
import logging
from typing import Any

FIELDS = "fields"
"""What `logger.info(…, extra={FIELDS: {…}})` names the values that a line of JSON has beside its message."""


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


def write_json() -> None:
    """Write everything that is logged from now on, by libraries too, as lines of JSON."""
    for handler in logging.getLogger().handlers:
        handler.setFormatter(JsonLines())
    logging.captureWarnings(True)


def take_over(*libraries: str) -> None:
    """Let what these libraries log be written as everything else is; some bring a way of their own."""
    for logger in (logging.getLogger(name) for name in libraries):
        logger.handlers.clear()
        logger.propagate = True
