"""The only file that touches the channel layer. Pokes carry ids and numbers; the rows carry the text.

A poke may be lost or doubled and nothing breaks: consumers read rows and look again once a second. It is sent from the
event loop that owns the layer: from a worker thread, `async_to_sync(group_send)` starts a loop of its own each time, which
delivers seconds late in memory and costs 2.8 ms a message over Redis.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import uuid
from concurrent.futures import Future
from typing import Any

from channels.layers import get_channel_layer
from django.db import transaction

log = logging.getLogger("lantern.poke")

MODERATORS = "moderators"

_loop: asyncio.AbstractEventLoop | None = None
_starting = threading.Lock()


def job_group(job_id: uuid.UUID | str) -> str:
    return f"job.{job_id}"


def user_group(user_id: uuid.UUID | str) -> str:
    return f"user.{user_id}"


def job_changed(job_id: uuid.UUID | str, *, seq: int) -> None:
    _send_after_commit(job_group(job_id), {"type": "job.poke", "job": str(job_id), "seq": seq})


def user_changed(user_id: uuid.UUID | str) -> None:
    """Somebody was deactivated, changed role or signed out: their sockets check themselves at once."""
    _send_after_commit(user_group(user_id), {"type": "user.poke"})


def queue_changed() -> None:
    _send_after_commit(MODERATORS, {"type": "queue.poke"})


def use_loop(loop: asyncio.AbstractEventLoop | None) -> None:
    """Name the loop that owns the layer: the server's own. Without one, a thread with a loop is started on first use."""
    global _loop
    _loop = loop


def layer() -> Any:
    return get_channel_layer()


def _send_after_commit(group: str, message: dict[str, Any]) -> None:
    transaction.on_commit(lambda: _send(group, message))


def _send(group: str, message: dict[str, Any]) -> None:
    try:
        sent = asyncio.run_coroutine_threadsafe(layer().group_send(group, message), _owning_loop())
    except RuntimeError:  # the loop is closing; whoever comes back reads the rows
        return
    sent.add_done_callback(_report)


def _report(sent: Future[None]) -> None:
    if not sent.cancelled() and sent.exception() is not None:
        log.warning("poke_failed", extra={"error": type(sent.exception()).__name__})


def _owning_loop() -> asyncio.AbstractEventLoop:
    with _starting:
        if _loop is None or _loop.is_closed():
            loop = asyncio.new_event_loop()
            threading.Thread(target=loop.run_forever, name="poke-loop", daemon=True).start()
            use_loop(loop)
        assert _loop is not None
        return _loop
