"""One parseable line per event, in the names of the Elastic Common Schema, without secrets and without data.

Everything goes through one chain: ours (``get``), the standard library's, uvicorn's, SQLAlchemy's, Procrastinate's. Of an
exception the line holds type, place and SQLSTATE; its message only where that cannot quote data. Lines go to standard
error, so that commands keep standard output for their answer; a log that cannot be written never stops a request.
"""

import logging
import sys
import threading
import traceback
from collections.abc import Iterator
from types import TracebackType
from typing import Any, BinaryIO

import orjson
import structlog
from structlog.contextvars import get_contextvars, merge_contextvars
from structlog.typing import EventDict, FilteringBoundLogger, Processor, WrappedLogger
from typing_extensions import override

from app.core import clock
from app.core.redaction import clean
from app.core.settings import Settings

_ECS = {
    "event": "message",
    "level": "log.level",
    "logger_name": "log.logger",
    "request_id": "trace.id",
    "method": "http.request.method",
    "path": "url.path",
    "status": "http.response.status_code",
    "bytes": "http.response.body.bytes",
    "ip": "client.ip",
    "host": "destination.domain",
    "user_id": "user.id",
}
_QUIET = ("sqlalchemy", "httpcore2", "httpx2", "urllib3", "azure", "msal", "asyncio", "multipart", "python_multipart")
# Messages of these describe code, not data; of an OSError only the system's words are kept.
_ABOUT_CODE = (TypeError, AttributeError, NameError, ImportError, NotImplementedError, RecursionError, IndexError)
_MAX_FRAMES = 40
CACHED = True  # a logger stays as it was first used; tests configure anew and again
_OURS = {"@timestamp", "level", "logger_name", "request_id", "error.type", "error.code", "error.stack_trace"}


def get(name: str) -> FilteringBoundLogger:
    """A logger: ``log.info("person.left", path=…)``. Short names such as method, path, status, ip become ECS fields."""
    logger: FilteringBoundLogger = structlog.get_logger(logger_name=name)
    return logger


def request_id() -> str:
    """The id of the request or job that runs here, or an empty string."""
    return str(get_contextvars().get("request_id", ""))


def configure(settings: Settings, stream: BinaryIO | None = None) -> None:
    """Send every log line of this process to ``stream`` (standard error): JSON, or a console's lines, as set."""
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    is_json = settings.log_format == "json"
    shape: list[Processor] = [_ecs, _as_json] if is_json else [structlog.dev.ConsoleRenderer(colors=False), _as_bytes]
    structlog.configure(
        processors=[merge_contextvars, structlog.processors.add_log_level, _moment, _failure, _clean, *shape],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: _Lines(stream or sys.stderr.buffer),
        cache_logger_on_first_use=CACHED,
    )
    logging.basicConfig(handlers=[_Foreign()], level=level, force=True)
    logging.raiseExceptions = False
    logging.captureWarnings(capture=True)
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
    logging.getLogger("uvicorn.access").disabled = True  # ours has no query string
    sys.excepthook = _uncaught
    threading.excepthook = lambda args: _uncaught(args.exc_type, args.exc_value, args.exc_traceback)


class _Lines:
    """Writes whole lines; an unwritable log is dropped rather than raised into a request."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def msg(self, line: bytes) -> None:
        with self._lock:
            try:
                self._stream.write(line + b"\n")
                self._stream.flush()
            except (OSError, ValueError):
                return

    debug = info = warning = error = critical = exception = msg


class _Foreign(logging.Handler):
    """Takes the standard library's records into our chain; only a message's first line, the rest quotes objects."""

    @override
    def emit(self, record: logging.LogRecord) -> None:
        try:
            message = (record.getMessage().splitlines() or [""])[0]
        except Exception:  # noqa: BLE001 - a record whose arguments do not fit its message
            message = "A log message that could not be formed"
        get(record.name).log(record.levelno, message, exc_info=record.exc_info, foreign=True)


def _moment(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    now = clock.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {"@timestamp": now, **event}


def _failure(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    error = event.pop("exc_info", None)
    event.pop("stack_info", None)
    if error is True:
        error = sys.exc_info()
    if isinstance(error, tuple):
        error = error[1]
    if isinstance(error, BaseException):
        event["error.type"] = " < ".join(_name(one) for one in _chain(error))
        event["error.message"] = next(filter(None, map(_safe_message, _chain(error))), None)
        event["error.code"] = next(filter(None, (getattr(one, "sqlstate", None) for one in _chain(error))), None)
        event["error.stack_trace"] = _frames(error)
    return event


def _clean(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    return {name: value if name in _OURS else clean(name, value) for name, value in event.items()}


def _ecs(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    if not event.pop("foreign", False):
        event["event.action"] = event["event"]
    return {
        _ECS.get(name) or (name if "." in name or name == "@timestamp" else f"labels.{name}"): value
        for name, value in event.items()
        if value is not None
    }


def _as_json(_: WrappedLogger, __: str, event: EventDict) -> bytes:
    return orjson.dumps(event)


def _as_bytes(_: WrappedLogger, __: str, line: Any) -> bytes:
    return str(line).encode()


def _uncaught(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    if error is not None and not isinstance(error, KeyboardInterrupt | SystemExit):
        get("process").critical("process.uncaught", exc_info=error)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The exception and what caused it, at most eight."""
    one: BaseException | None = error
    for _ in range(8):
        if one is None:
            return
        yield one
        one = one.__cause__ or (None if one.__suppress_context__ else one.__context__)


def _name(error: BaseException) -> str:
    kind = type(error)
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def _safe_message(error: BaseException) -> str | None:
    if getattr(error, "is_loggable", False) or isinstance(error, _ABOUT_CODE):
        return str(error)
    return error.strerror if isinstance(error, OSError) else None


def _frames(error: BaseException) -> str:
    """``file:line function`` per frame, innermost last, without source or values."""
    frames = traceback.extract_tb(error.__traceback__)[-_MAX_FRAMES:]
    return "\n".join(f"{_short(frame.filename)}:{frame.lineno} {frame.name}" for frame in frames)


def _short(filename: str) -> str:
    return "/".join(filename.replace("\\", "/").rsplit("/", 3)[-3:])
