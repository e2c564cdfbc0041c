"""The socket of the writing page: any number of jobs of one person. See docs/streaming.md for the frames.

Pokes only mark a job as changed; what is sent is read from the rows. While a job lives the rows are looked at once a second
whatever happens, so a lost poke costs a second and never a sentence. The person is checked again every few seconds: who was
deactivated, lost the role or signed out is cut off.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any, ParamSpec, TypeVar

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.contrib.auth import get_user_model
from django.http import Http404
from django.utils import timezone

from assistant.access import WRITE_REPLIES, job_for
from assistant.actions import cancel_job
from assistant.streaming import poke
from assistant.streaming.chunks import StreamState, read_after

VERSION = 1

P = ParamSpec("P")
R = TypeVar("R")


def in_thread(query: Callable[P, R]) -> Callable[P, Awaitable[R]]:
    """Run database work in a thread. channels has no types; this says what its decorator does."""
    typed: Callable[P, Awaitable[R]] = database_sync_to_async(query)
    return typed


LOOK_SECONDS = 1.0
CHECK_PERSON_SECONDS = 3.0
HEARTBEAT_SECONDS = 15.0
SEND_SECONDS = 10.0
MAX_FRAME = 4096
MAX_JOBS = 8

BAD_FRAME, SIGN_IN, FORBIDDEN, SLOW, AWAY, TOO_MANY = 4400, 4401, 4403, 4408, 4410, 4429

log = logging.getLogger("lantern.sockets")


@dataclass(slots=True)
class Watch:
    """How far one job's stream was sent on this socket."""

    attempt: int
    last_seq: int
    status: tuple[str, str, int | None, int | None] = ("", "", None, None)  # as last told


class BadFrame(Exception):
    pass


class PersonalConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]  # channels has no types
    """A socket that belongs to a signed-in person who holds a permission, for as long as they do."""

    permission = WRITE_REPLIES
    pump: asyncio.Task[None] | None = None
    is_closed = False  # by us; what the page sent before it knew may still arrive

    async def connect(self) -> None:
        await self.accept()  # before closing: only then does the browser see the code
        self.user = self.scope["user"]
        self.wake = asyncio.Event()
        if not self.user.is_authenticated:
            await self.close(SIGN_IN)
            return
        if not await self.person_may():
            await self.close(FORBIDDEN)
            return
        await self.channel_layer.group_add(poke.user_group(self.user.pk), self.channel_name)
        await self.joined()
        self.pump = asyncio.create_task(self.pump_until_closed())

    async def disconnect(self, _code: int) -> None:
        if self.pump is not None:
            self.pump.cancel()
        if self.scope["user"].is_authenticated:
            await self.channel_layer.group_discard(poke.user_group(self.user.pk), self.channel_name)
        await self.left()

    async def close(self, code: int | None = None, reason: str | None = None) -> None:
        self.is_closed = True
        await super().close(code, reason)

    async def joined(self) -> None: ...

    async def left(self) -> None: ...

    async def look(self) -> None: ...

    def is_live(self) -> bool:
        return False

    async def user_poke(self, _message: dict[str, Any]) -> None:
        self.check_person_at = 0.0
        self.wake.set()

    async def pump_until_closed(self) -> None:
        """Nobody stays on a socket that is looked after no more: what ends the pump closes it, and the page comes back."""
        try:
            await self.pump_and_check()
        except Exception as error:  # most likely the database is away
            log.warning("socket_ended", extra={"error": type(error).__name__})
            await self.close(AWAY)

    async def pump_and_check(self) -> None:
        self.check_person_at = time.monotonic() + CHECK_PERSON_SECONDS
        beat_at = time.monotonic() + HEARTBEAT_SECONDS
        while True:
            with contextlib.suppress(TimeoutError):
                # Not wait_for: before Python 3.12 it can swallow the cancellation that ends this loop.
                async with asyncio.timeout(LOOK_SECONDS if self.is_live() else CHECK_PERSON_SECONDS):
                    await self.wake.wait()
            self.wake.clear()
            if time.monotonic() >= self.check_person_at:
                self.check_person_at = time.monotonic() + CHECK_PERSON_SECONDS
                if not await self.person_may():
                    await self.close(SIGN_IN)
                    return
            await self.look()
            if time.monotonic() >= beat_at:
                beat_at = time.monotonic() + HEARTBEAT_SECONDS
                await self.send_frame({"t": "heartbeat"})

    async def send_frame(self, frame: dict[str, Any]) -> None:
        if self.is_closed:
            return
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await self.send(text_data=json.dumps({"v": VERSION, **frame}))
        except TimeoutError:
            await self.close(SLOW)

    @in_thread
    def person_may(self) -> bool:
        """Read anew: the user object of the scope is as old as the connection."""
        user = get_user_model().objects.filter(pk=self.user.pk, is_active=True).first()
        session = self.scope.get("session")
        if session is not None and not is_alive(session.session_key):
            return False  # signed out, here or elsewhere, or the session ran out
        return user is not None and not user.lacks_second_factor and bool(user.has_perm(self.permission))


def is_alive(session_key: str | None) -> bool:
    sessions = import_module(settings.SESSION_ENGINE).SessionStore.get_model_class()
    return bool(sessions.objects.filter(session_key=session_key, expire_date__gt=timezone.now()).exists())


class JobConsumer(PersonalConsumer):
    async def connect(self) -> None:
        self.watches: dict[str, Watch] = {}
        await super().connect()

    async def left(self) -> None:
        for job in self.watches:
            await self.channel_layer.group_discard(poke.job_group(job), self.channel_name)

    def is_live(self) -> bool:
        return bool(self.watches)

    async def receive(self, text_data: str | None = None, **_binary: Any) -> None:
        if self.is_closed:
            return
        try:
            kind, job, attempt, seq = parse_frame(text_data)
        except BadFrame:
            await self.close(BAD_FRAME)
            return
        if not await self.may_watch(job):
            # The same for a job of somebody else and for none: it does not exist for this person.
            await self.send_frame(
                {"t": "state", "job": job, "attempt": 0, "status": "missing", "reason": "", "last_seq": 0}
            )
            return
        if kind == "cancel":
            await self.cancel(job)
        elif job not in self.watches and len(self.watches) >= MAX_JOBS:
            await self.close(TOO_MANY)
            return
        else:
            # Join, then read: what was written before is in the rows, what comes after pokes. Only the pump reads and
            # sends, so frames of one job never overtake each other.
            await self.channel_layer.group_add(poke.job_group(job), self.channel_name)
            self.watches[job] = Watch(attempt=attempt, last_seq=seq)
        self.wake.set()

    async def job_poke(self, message: dict[str, Any]) -> None:
        if message["job"] in self.watches:
            self.wake.set()

    async def look(self) -> None:
        for job, watch in list(self.watches.items()):
            await self.drain(job, watch)

    async def drain(self, job: str, watch: Watch) -> None:
        while True:
            state = await self.read(job, watch.attempt, watch.last_seq)
            if state is None:
                del self.watches[job]
                return
            await self.send_state(watch, state)
            if state.is_over:
                self.watches.pop(job, None)
                await self.channel_layer.group_discard(poke.job_group(job), self.channel_name)
                return
            if not state.chunks or state.chunks[-1].seq >= state.last_seq:
                return

    async def send_state(self, watch: Watch, state: StreamState) -> None:
        base = {"job": state.job, "attempt": state.attempt}
        if state.attempt != watch.attempt:
            await self.send_frame({"t": "reset", **base})
            watch.attempt, watch.last_seq = state.attempt, 0
        for chunk in state.chunks:
            if chunk.seq == watch.last_seq + 1:
                await self.send_frame({"t": "chunk", **base, "seq": chunk.seq, "text": chunk.text})
                watch.last_seq = chunk.seq
        told = (state.status, state.reason, state.ahead, state.seconds)
        if told != watch.status and not (state.chunks and watch.last_seq < state.last_seq):
            watch.status = told
            await self.send_frame(
                {
                    "t": "state",
                    **base,
                    "status": state.status,
                    "reason": state.reason,
                    "last_seq": state.last_seq,
                    "ahead": state.ahead,
                    "seconds": state.seconds,
                }
            )

    @in_thread
    def read(self, job: str, attempt: int, seq: int) -> StreamState | None:
        return read_after(job, attempt=attempt, seq=seq)

    @in_thread
    def may_watch(self, job: str) -> bool:
        try:
            job_for(self.user, uuid.UUID(job))
        except Http404:
            return False
        return True

    @in_thread
    def cancel(self, job: str) -> None:
        cancel_job(job_for(self.user, uuid.UUID(job)), by=self.user)


def parse_frame(text: str | None) -> tuple[str, str, int, int]:
    """Kind, job, attempt and last seq of a client frame. Raises BadFrame for anything else."""
    if text is None or len(text) > MAX_FRAME:
        raise BadFrame
    try:
        frame = json.loads(text)
        kind, version = frame["t"], frame["v"]
        job = str(uuid.UUID(frame["job"]))
        attempt, seq = frame.get("attempt", 0), frame.get("last_seq", 0)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise BadFrame from error
    numbers_fit = all(type(number) is int and 0 <= number < 2**31 for number in (attempt, seq))
    if type(version) is not int or version != VERSION or kind not in ("subscribe", "cancel") or not numbers_fit:
        raise BadFrame
    return kind, job, attempt, seq
