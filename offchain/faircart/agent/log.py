# SPDX-License-Identifier: Apache-2.0
"""One line an event, as text or JSON, on stderr. No personal data:

no customer, document, order number, text.
"""

import json
import logging
import sys
import time
from typing import Any

_logger = logging.getLogger("faircart.agent")


def setup(form: str, name: str) -> None:
    """Directs the agent's log to stderr, `form` is `text` or `json`; other libraries log warnings at most."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Formatter(form, name))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    _logger.setLevel(logging.INFO)


def event(name: str, **fields: Any) -> None:
    """Something that happened."""
    _logger.info(name, extra={"fields": fields})


def trouble(name: str, **fields: Any) -> None:
    """Something that an operator may have to look at."""
    _logger.warning(name, extra={"fields": fields})


def short(value: bytes) -> str:
    """The first 8 bytes of an id: enough to find it."""
    return value[:8].hex()


class _Formatter(logging.Formatter):
    def __init__(self, form: str, name: str) -> None:
        super().__init__()
        self._json = form == "json"
        self._agent = name

    def format(self, record: logging.LogRecord) -> str:
        fields: dict[str, Any] = getattr(record, "fields", {})
        when = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03d}Z"
        # A library's own arguments may hold what it was handed, so only its unformatted message is passed on.
        line = {
            "time": when,
            "level": record.levelname.lower(),
            "agent": self._agent,
            "event": str(record.msg),
        }
        line |= fields
        if self._json:
            return json.dumps(line, default=str)
        return " ".join(f"{key}={_text(value)}" for key, value in line.items())


def _text(value: Any) -> str:
    text = str(value)
    return json.dumps(text) if any(mark in text for mark in ' "=\n') else text
