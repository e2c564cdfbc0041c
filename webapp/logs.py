"""Logs carry ids, lengths and codes. What people wrote does not pass, wherever it comes from.

Our own records are an event name and a few fields. Records of libraries are the risk: an exception's message may quote a
row (Postgres does, in DETAIL), a warning may quote an argument. So of an exception only the type and the places in the code
are written, and of a library's record only the format string and arguments that look like ids, numbers or paths.
"""

from __future__ import annotations

import json
import logging
import re
import traceback
from datetime import UTC, datetime
from typing import Any

OUR_LOGGER = "lantern"
FIELDS = (
    "job",
    "attempt",
    "error",
    "code",
    "stop",
    "tokens",
    "flag",
    "post",
    "status",
    "seconds",
    "count",
    "model",
    "study",
    "report",
    "canary",
    "see",
)
HARMLESS = re.compile(r"[\w./:@+\-\[\]#%,*]{0,120}")  # one word: an id, a path, a class name
# What opens a door, as a part of a path: invitations, links for a new password. Ids of rows are no secret.
SECRET = re.compile(r"(?<=/)(?![0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?=/|$))[\w:-]{20,}(?=/|$)")
LONGEST_TEMPLATE = 200


class ContentFreeFormatter(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": event_of(record),
        }
        for field in FIELDS:
            if hasattr(record, field):
                line[field] = harmless(getattr(record, field))
        if record.exc_info and record.exc_info[0] is not None:
            line["exception"] = record.exc_info[0].__name__
            line["where"] = places(record.exc_info[2])
        return json.dumps(line, ensure_ascii=True)


def event_of(record: logging.LogRecord) -> str:
    if record.name.split(".")[0] == OUR_LOGGER:
        return str(record.msg)
    if not isinstance(record.msg, str):
        return type(record.msg).__name__
    args = record.args
    if not args:
        # Without arguments the text may have been put together already, from anything.
        return record.msg if is_constant(record) else f"[{len(record.msg)} characters left out]"
    template = record.msg if len(record.msg) <= LONGEST_TEMPLATE else f"[{len(record.msg)} characters left out]"
    safe: Any = (
        {key: harmless(value) for key, value in args.items()} if isinstance(args, dict) else tuple(map(harmless, args))
    )
    try:
        return str(template % safe)
    except (TypeError, ValueError, KeyError):
        return template


def is_constant(record: logging.LogRecord) -> bool:
    """Whether the message stands as a literal in the code of the function that logged it."""
    message = str(record.msg)
    try:
        with open(record.pathname, encoding="utf-8") as source:
            return message[:60].split("\n")[0] in source.read()
    except (OSError, UnicodeDecodeError):
        return False


def harmless(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, BaseException):
        return type(value).__name__
    text = str(value) if not isinstance(value, bytes) else ""
    return SECRET.sub("[secret]", text) if HARMLESS.fullmatch(text) else f"[{len(text)} characters]"


def places(trace: Any) -> list[str]:
    """The last places of the traceback, without source lines: those may hold text in literals."""
    return [f"{frame.filename}:{frame.lineno}:{frame.name}" for frame in traceback.extract_tb(trace, limit=-12)]
