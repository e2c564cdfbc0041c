"""An admin looks after people and finds no word of what anybody wrote, wherever they look and whatever they press."""

from __future__ import annotations

import pytest
from django.test import Client

from assistant import actions
from assistant.models import Reply
from moderation.actions.claims import claim_flag
from moderation.models import Flag
from webapp import test as build
from webapp.accounts.models import User
from webapp.accounts.roles import Role
from webapp.accounts.tests.test_roles import TABLE
from webapp.tests.stage import Stage
from webapp.tests.test_bad_requests import FORMS

pytestmark = pytest.mark.django_db

# One word of each kind of text, in sentences that the site keeps.
WORDS = ("Quokka", "Narwhal", "Ptarmigan", "Axolotl")
POST = "My Quokka ran away and the evenings are long."
DRAFT = "I am sorry about it. A Narwhal of mine left as well, and I remember the quiet. What was it like?"
HURTFUL = f"A Ptarmigan would know better. {build.HURTFUL_REPLY}"
REVISION = "I am sorry about it. An Axolotl of mine left as well, and I remember the quiet. What was it like?"


@pytest.fixture
def stage(db: None) -> Stage:
    made = Stage()
    draft = build.draft(made.wren, text=DRAFT, post_text=POST)
    build.suggestion(draft, text=REVISION)
    held = build.draft(made.wren, text=HURTFUL)
    reply = actions.send_reply(held, by=made.wren, revision=build.head_of(held))
    assert reply.status == Reply.Status.HELD
    claim_flag(Flag.objects.get(reply=reply), by=made.robin)
    return made


@pytest.fixture
def admin(stage: Stage) -> Client:
    client = Client()
    client.force_login(build.person("keeper", Role.ADMIN))
    return client


def test_the_words_can_be_read_by_who_may(stage: Stage) -> None:
    """Else the walk below would find nothing whatever the pages show."""
    client = Client()
    client.force_login(stage.wren)
    page = build.read(client.get("/posts/")) + build.read(client.get("/replies/"))
    draft = stage.wren.drafts.select_related("post").order_by("-created_at")[1]
    page += build.read(client.get(f"/drafts/{draft.id}/"))
    assert sum(word in page for word in WORDS) >= 2


@pytest.mark.parametrize(
    "about", ["wren", *(pytest.param(name, marks=pytest.mark.deep) for name in ("robin", "keeper"))]
)
def test_no_page_shows_an_admin_a_word_of_anybodys(stage: Stage, admin: Client, about: str) -> None:
    person = User.objects.get(username=about)
    for name in TABLE:
        address = stage.address(name, user_id=person.pk)
        answers = [admin.get(address, follow=True)]
        if name.startswith("accounts:") and name in FORMS:
            answers.append(admin.post(address, FORMS[name], follow=True))
        for answer in answers:
            shown = answer.content.decode()
            assert [word for word in WORDS if word in shown] == [], name
