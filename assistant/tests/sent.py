"""Replies on their way, and what is decided about changes: for the tests about one's own writing."""

from __future__ import annotations

import re
from typing import Any

from django.test import Client

from assistant import actions
from assistant.growth import Changes, Numbers
from assistant.meters import Mechanism
from assistant.models import Draft, Reply, ReplyNumbers, Suggestion
from webapp import test as build
from webapp.accounts.models import User
from webapp.test import read

WARM = "I am so sorry. It sounds like a long week. What was the worst of it?"  # holds all three
COLD = "The library has a room. The form is on the desk."  # holds none
PLAIN = "I read it twice. The library has a room."
OFFERED = "I read it twice. There is a room in it. What is it like at home now?"  # put differently; asks


def send(author: User, text: str = WARM) -> Reply:
    draft = build.draft(author, text=text)
    return actions.send_reply(draft, by=author, revision=build.head_of(draft))


def send_head(author: User) -> Reply:
    """The one draft that there is, as it stands."""
    draft = Draft.objects.select_related("case", "post__case").get()
    return actions.send_reply(draft, by=author, revision=build.head_of(draft))


def numbers(reply: Reply) -> Numbers:
    return ReplyNumbers.objects.select_related("case").get(draft=reply.draft).opened


def made(own: frozenset[Mechanism] | None = frozenset(Mechanism), used: int = 0, **fields: Any) -> Numbers:
    kinds = {"wording": Changes(offered=used, used=used)} if used else {}
    return Numbers(
        **{"own_share": 100, "asked": bool(used), "own": own, "sent": own, "grade": 6.0, "kinds": kinds} | fields
    )


def page(client: Client, query: str = "") -> str:
    return read(client.get(f"/my-writing/{query}"))


def decide(client: Client, suggestion: Suggestion, index: int, verdict: str, *, base: int, **fields: str) -> None:
    """As a browser without scripts sends it."""
    form = {"text": PLAIN, "base": base, "verdict": verdict} | fields
    answer = client.post(f"/suggestions/{suggestion.id}/changes/{index}", form)
    assert answer.status_code == 302, read(answer)


def fragment(client: Client, suggestion: Suggestion) -> str:
    return client.get(f"/jobs/{suggestion.job_id}/suggestion").content.decode()


def outside_of_folds(html: str) -> str:
    """What a page shows before anything is opened."""
    return " ".join(re.sub(r"<[^>]+>", "", re.sub(r"<details.*?</details>", "", html, flags=re.DOTALL)).split())
