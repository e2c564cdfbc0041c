"""Bounds a request body before Django reads it: a missing or understated Content-Length does not help."""

from __future__ import annotations

from typing import Any

from django.conf import settings

TOO_LARGE = "lantern.too_large"  # in the scope: its body was left unread, see webapp.middleware.LargeRequest
REFUSAL = b"This request is larger than 1 MiB. Shorten the text and send it again."


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
            await self.application({**scope, TOO_LARGE: True}, without_body(receive), send)
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


def without_body(receive: Any) -> Any:
    """What the browser still sends is thrown away; a connection that is closed meanwhile would show no answer."""
    given = False

    async def receive_nothing() -> Any:
        nonlocal given
        if not given:
            given = True
            return {"type": "http.request", "body": b"", "more_body": False}
        while (message := await receive())["type"] != "http.disconnect":
            pass
        return message

    return receive_nothing


async def refuse(send: Any) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": REFUSAL})
