"""What somebody sees who chose Spanish: the pages' own words alone, whatever stands in the rows."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import translation
from pytest_django.fixtures import Settings

from assistant import actions
from assistant.models import Finding
from assistant.safety.pipeline import FAILED
from assistant.safety.types import Severity
from assistant.translated import reason_words, why_words
from moderation.models import Flag
from webapp import test as build
from webapp.accounts.models import User
from webapp.test import CALM_POST, HURTFUL_REPLY, KIND_DRAFT, Cast

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _english_again() -> Iterator[None]:
    """A page leaves its language behind in this thread."""
    with translation.override("en"):
        yield


def in_spanish(person: User) -> Client:
    User.objects.filter(pk=person.pk).update(language="es")
    client = Client()
    client.force_login(person)
    return client


def script_words_of(page: Any) -> dict[str, Any]:
    found = re.search(r'<script id="script-words" type="application/json">(.*?)</script>', page.content.decode())
    words: dict[str, Any] = json.loads(found[1]) if found else {}
    return words


def test_the_writing_page_speaks_spanish_and_leaves_what_people_wrote(cast: Cast) -> None:
    page = in_spanish(cast.wren).get(f"/drafts/{build.draft(cast.wren).id}/")
    words = build.read(page)
    assert "Muestra comprensión" in words
    assert "100 % escrito por ti" in words
    assert "Mis respuestas" in words
    assert CALM_POST in words
    assert KIND_DRAFT in words
    assert script_words_of(page)["Not saved yet"] == "Aún sin guardar"


def test_a_page_in_english_is_as_it_was_and_brings_nothing_for_scripts(cast: Cast) -> None:
    client = Client()
    client.force_login(cast.wren)
    page = client.get(f"/drafts/{build.draft(cast.wren).id}/")
    assert "Shows understanding" in build.read(page)
    assert script_words_of(page) == {}


def test_a_refusal_comes_in_the_language_of_who_asked(cast: Cast) -> None:
    draft = build.draft(cast.wren, text="Short.")
    fields = {"text": "Short.", "base": 1, "mode": "improve", "client_key": str(uuid.uuid4())}
    answer = in_spanish(cast.wren).post(f"/drafts/{draft.id}/ask", fields, headers={"Accept": "application/json"})
    assert (answer.status_code, answer.json()["error"]) == (422, "too_short")
    assert answer.json()["message"] == "Escribe primero al menos 2 frases o 25 palabras tuyas."


def test_what_a_check_found_is_kept_in_english_and_said_in_spanish(cast: Cast) -> None:
    draft = build.draft(cast.wren, text=HURTFUL_REPLY)
    held = actions.send_reply(draft, by=cast.wren, revision=build.head_of(draft))
    finding = Finding.objects.filter(reply=held, severity__gte=Severity.HOLD).first()
    assert finding is not None
    flag = Flag.objects.get(reply=held)
    page = build.read(in_spanish(cast.ash).get(reverse("moderation:flag", args=[flag.id])))
    with translation.override("es"):
        said = reason_words(finding.reason)
    assert said != finding.reason
    assert said in page
    assert finding.reason not in page
    assert "Quien acompaña la recibe de vuelta con tu nota y sigue escribiendo." in page


def test_two_people_read_the_same_flag_each_in_their_language(cast: Cast) -> None:
    draft = build.draft(cast.wren, text=HURTFUL_REPLY)
    actions.send_reply(draft, by=cast.wren, revision=build.head_of(draft))
    english = Client()
    english.force_login(cast.birch)
    assert "Open flags" in build.read(english.get("/moderation/"))
    assert "Avisos abiertos" in build.read(in_spanish(cast.ash).get("/moderation/"))
    assert "Open flags" in build.read(english.get("/moderation/"))


def test_a_check_in_trouble_keeps_its_name_in_another_language() -> None:
    with translation.override("es"):
        assert reason_words(FAILED.reason.format(phase="crisis")) == (
            "La comprobación crisis falló, así que este texto no se comprobó del todo."
        )


def test_a_reason_of_another_release_stays_as_it_was_written() -> None:
    with translation.override("es"):
        assert reason_words("A reason that no rule has.") == "A reason that no rule has."
        assert reason_words("The moon check is odd.") == "The moon check is odd."


def test_why_a_change_is_offered_is_said_in_spanish() -> None:
    with translation.override("es"):
        why = why_words("reactions")
    assert why is not None
    assert (why.line, why.source) == ("Dice qué te conmueve de esto.", "Reacciones emocionales · Empatía")


def test_every_page_of_an_admin_opens_in_spanish(cast: Cast) -> None:
    client = in_spanish(cast.willow)
    for page, word in {"/people/": "Seudónimo", "/goals/": "Objetivos", "/engine/": "Motor"}.items():
        answer = client.get(page)
        assert answer.status_code == 200, page
        assert word in build.read(answer) or page == "/people/"


def test_an_invitation_is_written_in_the_language_of_who_invites(cast: Cast, settings: Settings) -> None:
    settings.EMAIL_RELAY_URL = "submission://mail.example.org"
    fields = {"roles": ["supporter"], "email": "linnet@example.org"}
    answer = in_spanish(cast.willow).post("/people/invite", fields)
    assert answer.status_code == 200
    assert mail.outbox[0].subject == f"Tu invitación a {settings.SITE_NAME}"
    assert "Funciona una vez, durante siete días" in mail.outbox[0].body
