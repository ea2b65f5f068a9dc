"""Structured logs: a static event name and identifiers. No exception text, no patient value, no token."""

from __future__ import annotations

import json
import logging
import sys

import structlog

QUIET = ("chromadb", "presidio-analyzer", "sentence_transformers", "transformers", "urllib3", "alembic", "pint", "peft")


class _OnlyTheName(logging.Formatter):
    """A library's message and traceback may quote what it was given: only its name is written."""

    def format(self, record: logging.LogRecord) -> str:
        return json.dumps({"event": "library-error", "logger": record.name, "level": record.levelname.lower()})


def configure(level: str = "INFO") -> None:
    """JSON lines on standard error. Libraries are held to errors: their messages may quote what they were given."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_OnlyTheName())
    logging.basicConfig(level=logging.ERROR, handlers=[handler], force=True)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
