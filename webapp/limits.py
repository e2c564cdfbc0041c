"""Bounds a request body before Django reads it: a missing or understated Content-Length does not help."""

from __future__ import annotations

from typing import Any

from django.conf import settings

TOO_LARGE = b"This request is larger than 1 MiB. Shorten the text and send it again."


class BodyLimit:
    """ASGI middleware for http scopes."""

    def __init__(self, application: Any) -> None:
        self.application = application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self.application(scope, receive, send)
            return
        stated = dict(scope["headers"]).get(b"content-length", b"0")
        if stated.isdigit() and int(stated) > settings.MAX_REQUEST_BYTES:
            await refuse(send)
            return
        got = 0
        started = False

        async def bounded_receive() -> Any:
            nonlocal got
            message = await receive()
            got += len(message.get("body", b""))
            if got > settings.MAX_REQUEST_BYTES:
                return {"type": "http.disconnect"}  # Django stops reading and closes the file that it reads into
            return message

        async def noticing_send(message: Any) -> None:
            nonlocal started
            started = True
            await send(message)

        await self.application(scope, bounded_receive, noticing_send)
        if got > settings.MAX_REQUEST_BYTES and not started:
            await refuse(send)


async def refuse(send: Any) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": TOO_LARGE})
