"""The sockets of the queue and of alerts: they say that something changed, never what. The page then fetches its rows."""

from __future__ import annotations

from typing import Any

from assistant.consumers import PersonalConsumer
from assistant.streaming import poke
from moderation.duty import BE_ALERTED
from moderation.policy import VIEW_FLAGS


class ModeratorsConsumer(PersonalConsumer):
    async def joined(self) -> None:
        await self.channel_layer.group_add(poke.MODERATORS, self.channel_name)

    async def left(self) -> None:
        await self.channel_layer.group_discard(poke.MODERATORS, self.channel_name)


class QueueConsumer(ModeratorsConsumer):
    permission = VIEW_FLAGS

    async def queue_poke(self, _message: dict[str, Any]) -> None:
        await self.send_frame({"t": "queue"})


class AlertConsumer(ModeratorsConsumer):
    """On every page of whoever is told of alerts: whatever changes in the queue may begin or end one."""

    permission = BE_ALERTED

    async def queue_poke(self, _message: dict[str, Any]) -> None:
        await self.send_frame({"t": "alerts"})
