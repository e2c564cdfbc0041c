"""Who is deactivated on the admin's page is out within five seconds: sockets closed, jobs stopped, pages shut."""

from __future__ import annotations

import time
import uuid
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection

from assistant.consumers import SIGN_IN
from webapp.running import Site, wait_until
from webapp.visitor import Visitor, subscribe

pytestmark = [pytest.mark.process, pytest.mark.model, pytest.mark.deep]

POST = "I moved to a new town for work and the evenings are long. I miss having somebody to cook with."
# Long, so that the job still runs when the person goes.
DRAFT = "Moving somewhere new is hard, and I remember how quiet my first flat was. What do you like to cook? " * 12
SECONDS = 5.0

JOB = """
from assistant.models import SuggestionJob
job = SuggestionJob.objects.get(id=values[0])
answer = [job.status, job.reason]
"""
PERSON = """
from webapp.accounts.models import User
answer = str(User.objects.get(username=values[0]).pk)
"""


@pytest.mark.quiet
def test_deactivating_a_person_ends_their_sockets_and_jobs_within_five_seconds(site: Site) -> None:
    name = f"leaver-{uuid.uuid4().hex[:6]}"
    with Visitor(site.url).sign_in() as admin:
        admin.send("/posts/enter", text=POST, language="en", country="")
        person = admin.invite(name, "supporter")
        draft = person.take_post()
        job = person.ask(draft, DRAFT, base=person.save(draft, DRAFT))
        user = site.look(PERSON, name)
        with person.socket() as busy, person.socket() as idle:
            subscribe(busy, [job["job"]])
            wait_until(lambda: person.twin(job)["status"] == "running", seconds=30, what="the job to run")

            deactivated = time.monotonic()
            assert admin.send(f"/people/{user}/deactivate").status_code == 302

            for socket in (busy, idle):
                assert code_of_closing(socket, deactivated + SECONDS) == SIGN_IN
            assert time.monotonic() - deactivated < SECONDS
        assert site.look(JOB, job["job"]) == ["cancelled", "account_closed"]
        assert person.http.get(f"/drafts/{draft}/").status_code == 302
        assert person.http.get(job["stream_url"], headers={"Accept": "application/json"}).status_code == 401
        with pytest.raises(RuntimeError, match="could not sign in"), Visitor(site.url) as again:
            again.sign_in(name)
        # The engine is free again at once: nobody else waits for an answer that nobody reads.
        other = admin.invite(f"stayer-{name[-6:]}", "supporter")
        assert other.listen(asked_by(other, admin), seconds=45).status in ("done", "held", "failed")


def asked_by(person: Visitor, admin: Visitor) -> dict[str, Any]:
    admin.send("/posts/enter", text=POST, language="en", country="")
    draft, words = person.take_post(), "Moving is hard. I remember how quiet my first flat was. What do you cook?"
    return person.ask(draft, words, base=person.save(draft, words))


def code_of_closing(socket: ClientConnection, until: float) -> int | None:
    """Read what comes until the server closes the socket."""
    try:
        while True:
            socket.recv(timeout=max(0.01, until - time.monotonic()))
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else None
