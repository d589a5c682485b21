# SPDX-License-Identifier: Apache-2.0
"""One line an event, as text or JSON, on stderr: no customer, document, order number, text.

Ids of 32 bytes are cut to their first 8, wherever they stand. What a line says of a consent or an exchange
goes without the ids of the stream items that come of it: these are random so that nobody sees whose they are.
"""

import json
import logging
import re
import sys
import time
from typing import Any

_logger = logging.getLogger("faircart.agent")
_ID = re.compile(r"(?<![0-9a-fA-F])([0-9a-fA-F]{16})[0-9a-fA-F]{48}(?![0-9a-fA-F])")


def setup(form: str, name: str) -> None:
    """Directs the agent's log to stderr, `form` is `text` or `json`; other libraries log warnings at most."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Formatter(form, name))
    handler.addFilter(_ours_or_urgent)
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


def without_ids(result: dict[str, Any]) -> dict[str, Any]:
    """What of an effect's result may stand beside its id: counts and reasons, and no random id that came of
    it."""
    return {name: value for name, value in result.items() if not _ID.fullmatch(str(value))}


def _ours_or_urgent(record: logging.LogRecord) -> bool:
    """What others say below a warning is their requests and answers: never, whatever level is set."""
    return record.levelno >= logging.WARNING or record.name.startswith("faircart.agent")


class _Formatter(logging.Formatter):
    def __init__(self, form: str, name: str) -> None:
        super().__init__()
        self._json = form == "json"
        self._agent = name

    def format(self, record: logging.LogRecord) -> str:
        fields: dict[str, Any] = getattr(record, "fields", {})
        when = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03d}Z"
        # What a library was handed may stand in its arguments and in a message that it formatted itself:
        # of others, only who spoke is passed on, and which kind of error it was.
        ours = record.name.startswith("faircart")
        line = {
            "time": when,
            "level": record.levelname.lower(),
            "agent": self._agent,
            "event": str(record.msg) if ours else "library",
        }
        if not ours:
            line["logger"] = record.name
            if record.exc_info and record.exc_info[0] is not None:
                line["error"] = record.exc_info[0].__name__
        line |= {name: _shortened(value) for name, value in fields.items()}
        if self._json:
            return json.dumps(line, default=str)
        return " ".join(f"{key}={_text(value)}" for key, value in line.items())


def _shortened(value: Any) -> Any:
    return value if isinstance(value, int | float) else _ID.sub(r"\1", str(value))


def _text(value: Any) -> str:
    text = str(value)
    return json.dumps(text) if any(mark in text for mark in ' "=\n') else text
