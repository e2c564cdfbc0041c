"""Every page of who is told of alerts hears at once that one came, and never what of."""

from __future__ import annotations

import pytest
from channels.db import database_sync_to_async
from django.test import Client

from assistant.tests.page_socket import Socket
from webapp import test as build
from webapp.test import Cast


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", ["ash", "birch", "willow"])
async def test_who_is_told_of_alerts_hears_at_once_and_not_what_it_is(cast: Cast, client: Client, name: str) -> None:
    await database_sync_to_async(client.force_login)(getattr(cast, name))
    async with Socket(client, "/ws/alerts") as socket:
        await database_sync_to_async(build.post)(build.URGENT_POST)
        assert await socket.hear(seconds=5) == {"v": 1, "t": "alerts"}


@pytest.mark.django_db(transaction=True)
async def test_a_supporter_hears_nothing(cast: Cast, client: Client) -> None:
    await database_sync_to_async(client.force_login)(cast.wren)
    async with Socket(client, "/ws/alerts") as socket:
        assert (await socket.hear())["type"] == "websocket.close"
