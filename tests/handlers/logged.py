"""Logging as the process does it, into a buffer, put back afterwards."""

import contextlib
import io
import logging
from collections.abc import Iterator, Sequence

import structlog

from handlers import logs


@contextlib.contextmanager
def logged(stream: io.StringIO | None = None, *, secrets: Sequence[str] = ()) -> Iterator[io.StringIO]:
    """Configure logging as long as the block lasts; gives what is written to."""
    into = stream or io.StringIO()
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    logs.configure(level="DEBUG", stream=into, secrets=secrets)
    try:
        yield into
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        structlog.reset_defaults()
