"""Who may open which socket, and for how long: one table of every socket, walked with every role. One that is not in it fails
the run. What stands in an address is in webapp/accounts/tests/test_rows_behind_ids.py."""

from __future__ import annotations

import inspect
import re
import uuid
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator
from channels.db import database_sync_to_async
from django.contrib.auth.models import Group
from django.test import Client
from django.utils import timezone

import assistant.routing
import moderation.routing
from assistant import runner
from assistant.models import SuggestionJob
from assistant.streaming import chunks
from assistant.tests.page_socket import Socket
from webapp import asgi
from webapp import test as build
from webapp.accounts.models import Session, User
from webapp.accounts.people import change_roles, deactivate
from webapp.accounts.roles import Role
from webapp.accounts.sign_ins import end_sign_in, sign_ins_of
from webapp.accounts.tests.test_roles import ALERTED, REVIEWERS, WRITERS
from webapp.test import Cast

pytestmark = pytest.mark.django_db(transaction=True)

SOCKETS: dict[str, set[Role]] = {
    "/ws/jobs": WRITERS,
    "/ws/queue": REVIEWERS,
    "/ws/alerts": ALERTED,
}
SIGN_IN, FORBIDDEN, NO_SUCH_SOCKET = 4401, 4403, 4404  # docs/streaming.md
AT_ONCE, SOON = 2.5, 6.0  # seconds; the person behind a socket is looked at every three

POST = "My Quokka ran away and the evenings are long."
WORDS = "A Narwhal of mine left as well. "


def signed_in(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def running(author: User, *pieces: str) -> SuggestionJob:
    """A job of this person that a worker writes at."""
    claim = runner.claim_job(build.job(build.draft(author, post_text=POST)).id)
    assert claim is not None
    for piece in pieces:
        assert chunks.append(claim.job, fence=claim.fence, text=piece)
    return claim.job


async def first_frame(client: Client, path: str, job: object) -> dict[str, Any]:
    """What a socket says to whoever asks it for a job as soon as it is open."""
    async with Socket(client, path) as socket:
        if path == "/ws/jobs":
            await socket.say({"v": 1, "t": "subscribe", "job": str(job)})
        else:
            await database_sync_to_async(build.post)(build.URGENT_POST)
        return await socket.hear()


def test_every_socket_is_in_the_table() -> None:
    routed = [*assistant.routing.websocket_urlpatterns, *moderation.routing.websocket_urlpatterns]
    assert {f"/{one.pattern}" for one in routed} == set(SOCKETS)
    assert set(re.findall(r'"(/[^"]*)"', inspect.getsource(asgi.application))) == set(SOCKETS)


@pytest.mark.parametrize("path", ["/ws/nothing", "/ws/jobs/", "/ws/", "/"])
async def test_what_is_no_socket_is_refused_before_it_opens(path: str) -> None:
    assert await answer_of_the_server(path) == {"type": "websocket.close", "code": NO_SUCH_SOCKET}


@pytest.mark.parametrize("path", SOCKETS)
async def test_the_server_lets_each_socket_of_the_table_through_and_closes_who_is_not_signed_in(path: str) -> None:
    assert (await answer_of_the_server(path, after=1)) == {"type": "websocket.close", "code": SIGN_IN}


async def answer_of_the_server(path: str, *, after: int = 0) -> dict[str, Any]:
    headers = [(b"origin", b"http://localhost"), (b"host", b"localhost")]
    line: Any = ApplicationCommunicator(asgi.application, {"type": "websocket", "path": path, "headers": headers})  # type: ignore[no-untyped-call]
    await line.send_input({"type": "websocket.connect"})
    for _ in range(after):
        assert (await line.receive_output())["type"] == "websocket.accept"
    answer: dict[str, Any] = await line.receive_output()
    return answer


async def test_each_role_opens_the_sockets_of_the_table_and_no_other() -> None:
    """The job is their own, from when they wrote: the role decides, not the row."""
    found, closed = [], {"type": "websocket.close", "code": FORBIDDEN}
    for role in (*Role, None):
        person = await database_sync_to_async(build.person)(f"a-{role}", *([role] if role else []))
        job = await database_sync_to_async(running)(person, WORDS)
        client = await database_sync_to_async(signed_in)(person)
        for path, allowed in SOCKETS.items():
            heard = await first_frame(client, path, job.id)
            is_open = heard.get("t") == {"/ws/jobs": "reset", "/ws/queue": "queue", "/ws/alerts": "alerts"}[path]
            if is_open != (role in allowed) or not (is_open or heard == closed):
                found.append((role, path, heard))
    assert found == []


async def test_a_closed_account_opens_none(cast: Cast) -> None:
    client = await database_sync_to_async(signed_in)(cast.birch)
    await User.objects.filter(pk=cast.birch.pk).aupdate(is_active=False)
    for path in SOCKETS:
        assert await first_frame(client, path, uuid.uuid4()) == {"type": "websocket.close", "code": SIGN_IN}


async def test_a_writer_is_read_their_own_job_and_of_others_as_of_none() -> None:
    for role in WRITERS:
        person, other = [await database_sync_to_async(build.person)(f"{name}-{role}", role) for name in ("a", "b")]
        own, others = [await database_sync_to_async(running)(one, WORDS) for one in (person, other)]
        client = await database_sync_to_async(signed_in)(person)
        async with Socket(client) as socket:
            await socket.say({"v": 1, "t": "subscribe", "job": str(own.id)})
            assert [(await socket.hear())["t"] for _ in range(3)] == ["reset", "chunk", "state"], role
            answers = []
            for job in (others.id, uuid.uuid4()):
                await socket.say({"v": 1, "t": "subscribe", "job": str(job)})
                answers.append(await socket.hear() | {"job": ""})
            assert answers[0] == answers[1], role
            assert answers[0]["status"] == "missing", role


async def test_an_admin_hears_no_word_on_any_socket(cast: Cast) -> None:
    """Not of what they wrote before, either: only that somebody has to come."""
    job = await database_sync_to_async(running)(cast.wren, WORDS)
    await database_sync_to_async(change_roles)(cast.wren, roles=[Role.ADMIN], by=cast.willow)
    for person in (cast.willow, cast.wren):
        client = await database_sync_to_async(signed_in)(person)
        heard = [await first_frame(client, path, job.id) for path in SOCKETS]
        refused = {"type": "websocket.close", "code": FORBIDDEN}
        assert heard == [refused, refused, {"v": 1, "t": "alerts"}]


# What takes a socket away that is open


def roles_changed(lead: User, admin: User) -> None:
    change_roles(lead, roles=[Role.SUPPORTER], by=admin)


def deactivated(lead: User, admin: User) -> None:
    deactivate(lead, by=admin)


def signed_out(lead: User, _admin: User) -> None:
    end_sign_in(sign_ins_of(lead).get(), of=lead, by=lead)


def session_ran_out(lead: User, _admin: User) -> None:
    Session.objects.filter(user=lead).update(expire_date=timezone.now() - timedelta(seconds=1))


def group_changed_in_a_shell(lead: User, _admin: User) -> None:
    lead.groups.set([Group.objects.get(name=Role.SUPPORTER.value)])


ENDINGS: list[tuple[Callable[[User, User], None], float, set[str]]] = [
    # what happens            seconds   what closes
    (roles_changed, AT_ONCE, set(SOCKETS)),
    (deactivated, AT_ONCE, set(SOCKETS)),
    (signed_out, AT_ONCE, set(SOCKETS)),
    (session_ran_out, SOON, set(SOCKETS)),
    (group_changed_in_a_shell, SOON, {"/ws/queue", "/ws/alerts"}),  # of a lead who stays a supporter
]


@pytest.mark.parametrize(("ending", "seconds", "closing"), ENDINGS, ids=[one[0].__name__ for one in ENDINGS])
async def test_an_open_socket_closes_when_what_it_rests_on_is_gone(
    cast: Cast, ending: Callable[[User, User], None], seconds: float, closing: set[str]
) -> None:
    client = await database_sync_to_async(signed_in)(cast.birch)
    async with AsyncExitStack() as stack:
        sockets = {path: await stack.enter_async_context(Socket(client, path)) for path in SOCKETS}
        await database_sync_to_async(ending)(cast.birch, cast.willow)
        for path in closing:
            assert await sockets[path].hear(seconds) == {"type": "websocket.close", "code": SIGN_IN}, path
        for path in set(SOCKETS) - closing:
            assert await sockets[path].line.receive_nothing(timeout=0.3), path


async def test_nothing_is_written_or_read_to_whoever_lost_the_role_meanwhile(cast: Cast) -> None:
    job = await database_sync_to_async(running)(cast.wren, WORDS)
    client = await database_sync_to_async(signed_in)(cast.wren)
    async with Socket(client) as socket:
        await socket.say({"v": 1, "t": "subscribe", "job": str(job.id)})
        assert [(await socket.hear())["t"] for _ in range(3)] == ["reset", "chunk", "state"]
        await database_sync_to_async(change_roles)(cast.wren, roles=[Role.MODERATOR], by=cast.willow)
        assert not await database_sync_to_async(chunks.append)(job, fence=job.fence, text="An Axolotl, too. ")
        heard = [await socket.hear(AT_ONCE)]
        while heard[-1].get("type") != "websocket.close":
            heard.append(await socket.hear(AT_ONCE))
        assert heard.pop() == {"type": "websocket.close", "code": SIGN_IN}
        assert [(one["t"], one["status"]) for one in heard] in ([], [("state", "cancelled")])
        assert await socket.line.receive_nothing(timeout=0.3)
