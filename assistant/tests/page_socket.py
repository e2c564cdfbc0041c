"""The page's socket, spoken to over ASGI by tests."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from asgiref.testing import ApplicationCommunicator
from django.conf import settings
from django.test import Client

from assistant.streaming import poke
from webapp.asgi import websocket


class Socket:
    """The page's socket, spoken to over ASGI."""

    def __init__(self, client: Client, path: str = "/ws/jobs") -> None:
        cookie = f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"
        headers = [(b"cookie", cookie.encode()), (b"origin", b"http://localhost"), (b"host", b"localhost")]
        scope = {"type": "websocket", "path": path, "headers": headers}
        self.line: Any = ApplicationCommunicator(websocket, scope)  # type: ignore[no-untyped-call]

    async def __aenter__(self) -> Socket:
        poke.use_loop(asyncio.get_running_loop())
        await self.line.send_input({"type": "websocket.connect"})
        assert (await self.line.receive_output())["type"] == "websocket.accept"
        return self

    async def __aexit__(self, *_: object) -> None:
        poke.use_loop(None)
        await self.line.send_input({"type": "websocket.disconnect", "code": 1000})
        await self.line.wait()

    async def say(self, frame: Any) -> None:
        text = frame if isinstance(frame, str) else json.dumps(frame)
        await self.line.send_input({"type": "websocket.receive", "text": text})

    async def hear(self, seconds: float = 5) -> dict[str, Any]:
        message: dict[str, Any] = await self.line.receive_output(timeout=seconds)
        heard: dict[str, Any] = json.loads(message["text"]) if message["type"] == "websocket.send" else message
        return heard
