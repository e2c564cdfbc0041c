"""The queue hears at once that something came, and never what."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module

import pytest
from channels.db import database_sync_to_async
from django.conf import settings
from django.db import connection
from django.test import Client

from assistant import consumers
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


@pytest.mark.parametrize("path", ["/ws/queue", "/ws/alerts"])
@pytest.mark.django_db(transaction=True)
async def test_a_socket_whose_person_cannot_be_checked_is_closed(
    cast: Cast, client: Client, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumers, "CHECK_PERSON_SECONDS", 0.2)
    await database_sync_to_async(client.force_login)(cast.ash)
    async with Socket(client, path) as socket:
        away = sessions_away()
        await database_sync_to_async(away.__enter__)()
        heard = await socket.hear(seconds=5)
        await database_sync_to_async(away.__exit__)(None, None, None)
        assert heard == {"type": "websocket.close", "code": consumers.AWAY}
    async with Socket(client, path) as again:
        await database_sync_to_async(build.post)(build.URGENT_POST)
        assert (await again.hear(seconds=5))["t"] in ("queue", "alerts")


@contextmanager
def sessions_away() -> Iterator[None]:
    table = import_module(settings.SESSION_ENGINE).SessionStore.get_model_class()._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} RENAME TO {table}_away")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE {table}_away RENAME TO {table}")
