"""What the process writes about itself: one line for each thing that happened, to stderr.

JSON where nobody watches, coloured columns on a terminal. Secrets are masked wherever they stand, and what could hold
customers' data is left out by construction: of an exception the kind and the place are written, never its message or
its variables; of a library's line the text only where that library is known to say nothing of the data.
"""

import logging
import re
import sys
import threading
import traceback
from collections.abc import Iterable, Mapping, Sequence
from types import TracebackType
from typing import Final, TextIO, cast

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

MASK: Final = "**********"
_FRAMES: Final = 12
_LIBRARY_LEVEL: Final = logging.WARNING

_PLAIN_SPOKEN: Final = ("uvicorn", "apscheduler", "alembic", "asyncio")
"""Loggers whose text tells of the machinery alone, as long as there is no exception with it."""

_LIBRARIES: Final = (
    "slack_sdk",
    "slack_bolt",
    "uvicorn",
    "apscheduler",
    "sqlalchemy",
    "alembic",
    "asyncio",
    "urllib3",
    "httpx",
    "websockets",
)

_BESIDES: Final = ("slack_sdk.web.base_client",)
"""Loggers that write what they raise as well: whoever catches it says it, once."""

_NO_NEWS: Final = "As you gave `client` as well, `token` will be unused."
"""Bolt finds SLACK_BOT_TOKEN in the environment by itself, at every start; ours came from there too."""

_SECRETS: Final = (
    re.compile(r"\bx(?:ox[a-z]|app|oxe\.xox[a-z])-[A-Za-z0-9._-]+"),
    re.compile(r"https?://hooks\.[^\s\"'<>]+"),
    re.compile(r"https?://[^\s\"'<>]*/(?:commands|actions|services|response|link)/[^\s\"'<>]*"),
    re.compile(r"\bwss?://[^\s\"'<>]+"),
    re.compile(r"(?i)(?<=bearer )\S+"),
    re.compile(r"(?i)(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"),
)
_SECRET_NAMES: Final = re.compile(
    r"(?i)(authorization|cookie|token|secret|password|passwd|api_?key|ingest_?keys?|signature|response_?url)"
)


def configure(
    *,
    level: str = "INFO",
    secrets: Iterable[str] = (),
    stream: TextIO | None = None,
) -> None:
    """Send everything that is logged to ``stream`` (stderr); ``secrets`` are masked literally wherever they stand.

    May be called again: the last call counts.
    """
    out = stream or sys.stderr
    shown = out.isatty()
    masked = _Masked(secrets)
    shared: list[Processor] = [
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _place_of_exception,
        masked,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.contextvars.merge_contextvars,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    # Exceptions are taken apart above: the console must not draw them again, with the variables of every frame.
    drawn: Processor = (
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
        if shown
        else structlog.processors.JSONRenderer(ensure_ascii=True)
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[_quiet_library, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, drawn],
            keep_exc_info=False,
            keep_stack_info=False,
        )
    )
    root = logging.getLogger()
    for old in root.handlers[:]:
        if isinstance(old.formatter, structlog.stdlib.ProcessorFormatter):
            root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level)
    for name in _LIBRARIES:
        library = logging.getLogger(name)
        library.setLevel(max(_LIBRARY_LEVEL, root.level))
        library.propagate = True
        library.handlers.clear()
        # Bolt gives the loggers below its own a level once and for all: that of the moment in which they are made.
        for below in logging.root.manager.loggerDict:
            if below.startswith(f"{name}."):
                logging.getLogger(below).setLevel(logging.NOTSET)
    for name in _BESIDES:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    logging.getLogger("slack_bolt").addFilter(_is_news)
    # It warns whenever a tick takes longer than the ticker's interval, which is what coalescing is for.
    logging.getLogger("apscheduler.scheduler").setLevel(logging.ERROR)


def _is_news(record: logging.LogRecord) -> bool:
    return record.msg != _NO_NEWS


def catch_crashes() -> None:
    """Log what nobody caught, in any thread, like everything else: Python's own way would print the message.

    To be called once, by the process's entry.
    """
    log = structlog.get_logger("crash")

    def crashed(kind: type[BaseException], error: BaseException, _trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            return
        log.critical("crashed", exc_info=error)

    def thread_crashed(args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None and not isinstance(args.exc_value, SystemExit):
            log.critical(
                "thread_crashed", thread=args.thread.name if args.thread else None, exc_info=args.exc_value
            )

    sys.excepthook = crashed
    threading.excepthook = thread_crashed


def _place_of_exception(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Replace an exception by its kinds (with those that caused it) and the places it came through."""
    given = event.pop("exc_info", None)
    event.pop("stack_info", None)
    error = _exception(given)
    if error is None:
        return event
    chain: list[str] = []
    link: BaseException | None = error
    while link is not None and len(chain) < 5:
        code = getattr(link, "code", None)
        kind = type(link).__qualname__
        chain.append(f"{kind}({code})" if isinstance(code, str) and code.isidentifier() else kind)
        link = link.__cause__ or link.__context__
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    event["raised"] = chain
    event["at"] = [f"{_short(frame.filename)}:{frame.lineno} {frame.name}" for frame in frames]
    return event


def _exception(given: object) -> BaseException | None:
    if isinstance(given, BaseException):
        return given
    if isinstance(given, tuple):
        return cast("BaseException | None", given[1])
    return sys.exc_info()[1] if given else None


def _short(filename: str) -> str:
    return "/".join(filename.replace("\\", "/").rsplit("/", 3)[-3:])


def _quiet_library(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Keep of a library's line what cannot hold the data: where it was written, and the text only of the plain-spoken."""
    record = cast("logging.LogRecord", event["_record"])
    said = record.name.split(".", 1)[0]
    if said in _PLAIN_SPOKEN and not record.exc_info:
        return event
    event["event"] = "library_message"
    event["at"] = [f"{_short(record.pathname)}:{record.lineno} {record.funcName}"]
    return event


class _Masked:
    """Masks secrets in whatever is about to be written, by their shape, by the name they stand under, and literally."""

    def __init__(self, secrets: Iterable[str]) -> None:
        # A short one would eat words; none of ours is.
        self._literal = tuple(sorted({one for one in secrets if len(one) >= 6}, key=len, reverse=True))

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        for name, value in event.items():
            if not name.startswith("_"):
                event[name] = MASK if _SECRET_NAMES.search(name) else self._clean(value)
        return event

    def _clean(self, value: object) -> object:
        if value is None or isinstance(value, bool | int | float):
            return value
        if isinstance(value, Mapping):
            return {
                str(key): MASK if _SECRET_NAMES.search(str(key)) else self._clean(item)
                for key, item in value.items()
            }
        if isinstance(value, Sequence | set | frozenset) and not isinstance(value, str | bytes | bytearray):
            return [self._clean(item) for item in value]
        text = value if isinstance(value, str) else repr(value)
        for secret in self._literal:
            text = text.replace(secret, MASK)
        for pattern in _SECRETS:
            text = pattern.sub(MASK, text)
        return text
