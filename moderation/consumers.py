"""The socket of the queue: says that something changed, never what. The page then fetches its rows."""

from __future__ import annotations

from typing import Any

from assistant.consumers import PersonalConsumer
from assistant.streaming import poke
from moderation.policy import VIEW_FLAGS


class QueueConsumer(PersonalConsumer):
    permission = VIEW_FLAGS

    async def joined(self) -> None:
        await self.channel_layer.group_add(poke.MODERATORS, self.channel_name)

    async def left(self) -> None:
        await self.channel_layer.group_discard(poke.MODERATORS, self.channel_name)

    async def queue_poke(self, _message: dict[str, Any]) -> None:
        await self.send_frame({"t": "queue"})
