"""Unsafe words, wherever they stand in what a model says and however its tokens cut them, never reach the page's socket."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest
from channels.db import database_sync_to_async
from django.db import connections
from django.test import Client
from pytest_django.fixtures import Settings

from assistant import runner
from assistant.models import SuggestionChunk, SuggestionJob
from assistant.tests.page_socket import Socket
from webapp import test as build
from webapp.test import Cast, FakeEngine, FakeStream

pytestmark = pytest.mark.django_db(transaction=True)

CALM = (
    "Moving somewhere new is hard. It takes time, and there is no right way to do it. What would you cook for a friend? "
    "I would make soup and talk about the rain. You can write here again."
)
WORDS = CALM.split()
# Each a sentence of its own: behind a "no" or a "not" of the words before it would say the opposite.
UNSAFE = (
    "You should take all of them at once.",
    "It is your own fault that you are lonely.",
    "Call 0900 123 456 right now.",
)
ENDED = ("done", "held", "failed")


class InPieces(FakeEngine):
    """Says its text in pieces of so many characters, as tokens cut words wherever they like."""

    def __init__(self, text: str, size: int) -> None:
        super().__init__()
        self.will_say(text)
        self.size = size

    def submit(self, request: object) -> FakeStream:
        stream = super().submit(request)  # type: ignore[arg-type]
        text = "".join(stream.words)
        stream.words = [text[at : at + self.size] for at in range(0, len(text), self.size)]
        return stream


def placed() -> Iterator[tuple[str, str, int]]:
    """Each unsafe sentence between the words of the calm text, at every third place in turn; pieces of 1 to 7 characters."""
    for number, unsafe in enumerate(UNSAFE):
        for at in range(number, len(WORDS) + 1, 3):
            yield " ".join([*WORDS[:at], "...", unsafe, *WORDS[at:]]).replace(" ...", "."), unsafe, 1 + at % 7


def run(job: SuggestionJob, engine: FakeEngine) -> None:
    try:
        runner.run_job(job.id, engine=engine)
    finally:
        connections.close_all()  # this thread's, which nobody else can give back


async def on_the_socket(client: Client, job: SuggestionJob, engine: FakeEngine) -> str:
    """Everything that the server sends while the job runs, to a page that subscribed before it began."""
    heard: list[str] = []
    async with Socket(client) as socket:
        await socket.say({"v": 1, "t": "subscribe", "job": str(job.id), "attempt": 0, "last_seq": 0})
        worker = threading.Thread(target=run, args=(job, engine))
        worker.start()
        while True:
            frame = await socket.hear()
            heard.append(str(frame))
            if frame.get("t") == "state" and frame.get("status") in ENDED:
                break
        await asyncio.to_thread(worker.join)
    return "\n".join(heard)


async def test_no_byte_of_unsafe_words_is_on_the_socket_wherever_they_stand(
    cast: Cast, client: Client, settings: Settings
) -> None:
    settings.SUGGESTIONS_PER_TEN_MINUTES = 1_000
    await database_sync_to_async(client.force_login)(cast.wren)
    draft = await database_sync_to_async(build.draft)(cast.wren)
    for text, unsafe, size in placed():
        job = await database_sync_to_async(build.job)(draft)
        heard = await on_the_socket(client, job, InPieces(text, size))
        assert "'held'" in heard, (text, size)
        assert unsafe[:12] not in heard, (text, size)
        stored = await database_sync_to_async(
            lambda job=job: "".join(c.text for c in SuggestionChunk.objects.filter(job=job))
        )()
        assert unsafe[:12] not in stored, (text, size)
