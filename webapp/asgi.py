"""HTTP, WebSocket and the server's life: in the embedded form the worker starts and stops with it."""

from __future__ import annotations

import asyncio
import logging
import os
import warnings
from typing import Any

# WhiteNoise hands its files over in a way that Django warns about; they are small and cached by browsers.
warnings.filterwarnings("ignore", message="StreamingHttpResponse must consume synchronous iterators")

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")

from django.core.asgi import get_asgi_application

http = get_asgi_application()  # sets Django up; what is imported below needs it

from channels.auth import AuthMiddlewareStack
from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import AllowedHostsOriginValidator
from django.conf import settings

import assistant.routing
import moderation.routing
from assistant.safety_watch import SafetyWatch
from assistant.streaming import poke
from moderation.notifier import Notifier
from webapp.checks import unsafe_ids
from webapp.embedded import EmbeddedWorker
from webapp.limits import BodyLimit

log = logging.getLogger("lantern.server")

websocket = AllowedHostsOriginValidator(
    AuthMiddlewareStack(
        URLRouter([*assistant.routing.websocket_urlpatterns, *moderation.routing.websocket_urlpatterns])
    )
)
served = BodyLimit(ProtocolTypeRouter({"http": http, "websocket": websocket}))


async def application(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        await live(receive, send)
    elif scope["type"] == "websocket" and scope["path"] not in ("/ws/jobs", "/ws/queue", "/ws/alerts"):
        await send({"type": "websocket.close", "code": 4404})
    else:
        await served(scope, receive, send)


async def live(receive: Any, send: Any) -> None:
    """Start with the server, stop with it. Django itself refuses this scope."""
    worker = EmbeddedWorker() if settings.EMBEDDED and os.environ.get("LANTERN_NO_WORKER") != "1" else None
    watch, stand_in = SafetyWatch(), Notifier(stands_in=True)
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            if unsafe := await asyncio.to_thread(unsafe_ids):
                log.error("unsafe_settings", extra={"code": ",".join(unsafe), "see": "docs/operations.md"})
                await send({"type": "lifespan.startup.failed", "message": "Run manage.py check."})
                return
            poke.use_loop(asyncio.get_running_loop())
            watch.start()
            stand_in.start()
            if worker is not None:
                await asyncio.to_thread(worker.start)
            await send({"type": "lifespan.startup.complete"})
        else:
            if worker is not None:
                await asyncio.to_thread(worker.stop)
            await asyncio.to_thread(watch.stop)
            await asyncio.to_thread(stand_in.stop)
            poke.use_loop(None)
            await send({"type": "lifespan.shutdown.complete"})
            return
