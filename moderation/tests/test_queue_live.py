"""The queue hears at once that something came, and never what."""

from __future__ import annotations

import pytest
from channels.db import database_sync_to_async
from django.test import Client

from assistant.tests.page_socket import Socket
from webapp import test as build
from webapp.test import Cast


@pytest.mark.django_db(transaction=True)
async def test_a_moderator_is_told_at_once_and_not_what_it_is(cast: Cast, client: Client) -> None:
    await database_sync_to_async(client.force_login)(cast.ash)
    async with Socket(client, "/ws/queue") as socket:
        await database_sync_to_async(build.post)(build.URGENT_POST)
        assert await socket.hear(seconds=5) == {"v": 1, "t": "queue"}


@pytest.mark.django_db(transaction=True)
async def test_a_supporter_is_told_nothing_of_it(cast: Cast, client: Client) -> None:
    await database_sync_to_async(client.force_login)(cast.wren)
    async with Socket(client, "/ws/queue") as socket:
        assert (await socket.hear())["type"] == "websocket.close"
