"""What a moderator reads beside a held text: the reason, its code and the guidance behind it."""

from __future__ import annotations

import pytest
from django.test import Client

from moderation.models import Flag
from webapp import test as build
from webapp.test import Cast

pytestmark = pytest.mark.django_db


def test_a_reason_stands_with_the_guidance_behind_it(client: Client, cast: Cast) -> None:
    client.force_login(cast.wren)
    client.post(f"/drafts/{build.draft(cast.wren).id}/send", {"text": "Promise me you won't do anything.", "base": 1})
    client.force_login(cast.ash)
    page = client.get(f"/moderation/flags/{Flag.objects.latest('opened_at').id}/").content.decode()
    assert "promises.demanded · VERA-MH rubric" in page
