"""`python -m bench.crashpoints serve …` is `manage.py serve …`, but dies by SIGKILL where a file says, once.

The product knows nothing of this: its functions are wrapped by name before it starts. The file named by CRASH_FILE holds
the name of a point; whoever comes there first removes the file and dies.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from enum import StrEnum
from functools import wraps
from pathlib import Path
from typing import Any


class Point(StrEnum):
    BEFORE_CLAIM = "before the claim"
    AFTER_CLAIM = "after the claim"
    PREFILL = "during prefill"
    MID_TOKEN = "inside a token, pieces written"
    BEFORE_COMMIT = "after the last piece, before the final commit"
    BEFORE_ACK = "after the commit, before the ack"


def arm(file: Path, point: Point) -> None:
    part = file.with_suffix(".part")
    part.write_text(point, encoding="ascii")
    part.rename(file)


def is_armed(point: Point) -> bool:
    try:
        return Path(os.environ["CRASH_FILE"]).read_text(encoding="ascii") == point
    except FileNotFoundError:
        return False


def die_if(point: Point) -> None:
    if is_armed(point):
        disarm()
        die()


def disarm() -> None:
    Path(os.environ["CRASH_FILE"]).unlink()


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def die_inside(step: Callable[..., Any], *arguments: Any, after: float, **named: Any) -> None:
    """Start the step and die while it is inside llama.cpp, or right after it where it was quicker."""
    threading.Timer(after, die).start()
    step(*arguments, **named)
    die()


def set_traps() -> None:
    from assistant import actions, runner
    from assistant.inference.llamacpp.context import LlamaContext
    from assistant.streaming import chunks
    from assistant.vault import audit

    written = threading.Event()

    def around_claim(claim: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(claim)
        def trap(*arguments: Any, **named: Any) -> Any:
            die_if(Point.BEFORE_CLAIM)
            written.clear()
            claimed = claim(*arguments, **named)
            if claimed is not None:
                die_if(Point.AFTER_CLAIM)
            return claimed

        return trap

    def around_decode(decode: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(decode)
        def trap(context: Any, rows: Any) -> Any:
            tokens = max(len(row.tokens) for row in rows)
            if tokens > 8 and is_armed(Point.PREFILL):  # eight tokens are the engine warming up
                disarm()
                die_inside(decode, context, rows, after=0.03)
            if tokens == 1 and written.is_set() and is_armed(Point.MID_TOKEN):
                disarm()
                die_inside(decode, context, rows, after=0.002)
            return decode(context, rows)

        return trap

    def around_append(append: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(append)
        def trap(*arguments: Any, **named: Any) -> Any:
            seq = append(*arguments, **named)
            written.set()
            return seq

        return trap

    def around_record(record: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(record)
        def trap(action: str, **named: Any) -> Any:
            record(action, **named)
            if action == "suggestion.finished":  # everything of the final transaction is written, nothing committed
                die_if(Point.BEFORE_COMMIT)

        return trap

    def around_finish(finish: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(finish)
        def trap(*arguments: Any, **named: Any) -> Any:
            finished = finish(*arguments, **named)
            die_if(Point.BEFORE_ACK)
            return finished

        return trap

    for owner, name, around in (
        (runner, "claim_job", around_claim),
        (LlamaContext, "decode", around_decode),
        (chunks, "append", around_append),
        (audit, "record", around_record),
        (actions, "finish_job", around_finish),
    ):
        setattr(owner, name, around(getattr(owner, name)))


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
    import django
    from django.core.management import execute_from_command_line

    django.setup()
    set_traps()
    execute_from_command_line(["manage.py", *sys.argv[1:]])


if __name__ == "__main__":
    main()
