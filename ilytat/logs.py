"""Logging: one line an event, JSON where machines read it, with the request's id and without secrets or addresses."""

import logging
import re
import sys
from typing import Any

import structlog

SECRET = re.compile(r"(sk|rk|whsec|pk)_(live|test)?_?[A-Za-z0-9]{6,}|Bearer\s+\S+|SG\.[\w-]+\.[\w-]+")
# Whose it is says the row that the line names; an address in a file outlives every erasure.
ADDRESS = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+")
# Who has one of these links may see an order, confirm an address, or take and delete what is kept of a person.
LINK = re.compile(r"(/(?:orders|pay|again|join|link|key|confirm-email|confirm|choices|leave|yes)/)[^/\s'\"?]{16,}")
CLIENT_ERRORS = range(400, 500)  # status codes
PLAIN = (int, float, bool, type(None))


def redact(_logger: Any, _method: str, event: dict[str, Any]) -> dict[str, Any]:
    return {key: value if key.startswith("_") else _clean(value) for key, value in event.items()}


def _clean(value: Any) -> Any:
    """What is no text becomes one here, as it would be written: a request names its path."""
    if isinstance(value, PLAIN):
        return value
    text = SECRET.sub("[redacted]", value if isinstance(value, str) else repr(value))
    return LINK.sub(r"\1[link]", ADDRESS.sub("[address]", text))


class ClientErrorFilter(logging.Filter):
    """Log what a client did wrong as one WARNING line: Django logs some refusals (a foreign Host, too many fields) as
    errors, and most with a traceback, so that anybody could fill the error log.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        if getattr(record, "status_code", 0) in CLIENT_ERRORS:
            record.exc_info = record.exc_text = None
            if record.levelno > logging.WARNING:
                record.levelno, record.levelname = logging.WARNING, "WARNING"
        return True


def configure(config: dict[str, Any]) -> None:
    """`settings.LOGGING` is {"level": str, "json": bool}; Django calls this once at start."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        redact,
    ]
    renderer = structlog.processors.JSONRenderer() if config["json"] else structlog.dev.ConsoleRenderer(colors=False)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    handler.addFilter(ClientErrorFilter())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(config["level"])
    for chatty in ("stripe", "celery.app.trace", "celery.worker.strategy"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
