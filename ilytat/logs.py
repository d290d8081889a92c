"""Logging: one line an event, JSON where machines read it, with the request's id and without secrets or addresses."""

import logging
import re
import sys
from typing import Any

import structlog

SECRET = re.compile(r"(sk|rk|whsec|pk)_(live|test)?_?[A-Za-z0-9]{6,}|Bearer\s+\S+|SG\.[\w-]+\.[\w-]+")
# Whose it is says the row that the line names; an address in a file outlives every erasure.
ADDRESS = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+")


def redact(_logger: Any, _method: str, event: dict[str, Any]) -> dict[str, Any]:
    return {key: _clean(value) if isinstance(value, str) else value for key, value in event.items()}


def _clean(text: str) -> str:
    return ADDRESS.sub("[address]", SECRET.sub("[redacted]", text))


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
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(config["level"])
    for chatty in ("stripe", "celery.app.trace", "celery.worker.strategy"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
