"""Check-ins, and asking a lead to talk: for the person alone, until they say otherwise."""

from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from assistant import actions
from assistant.models import AuditEvent, CaseKey, CheckIn, LeftOutTopic, TalkRequest
from assistant.vault.fields import Sealed
from webapp.accounts.models import User
from webapp.accounts.roles import Role
from webapp.test import PASSWORD, Cast, person, read
from webapp.tests.stage import URLS

pytestmark = pytest.mark.django_db

MARK = "heron-marsh-9417"  # stands nowhere else


@pytest.fixture
def wren(cast: Cast, client: Client) -> Any:
    client.force_login(cast.wren)
    return cast.wren


def signed_in(who: Any) -> Client:
    client = Client()
    client.force_login(who)
    return client


def checked_in(client: Client, words: str = MARK, moment: str = "before", feeling: str = "heavy") -> CheckIn:
    answer = client.post("/care/check-ins", {"moment": moment, "feeling": feeling, "words": words})
    assert answer.status_code == 302
    return CheckIn.objects.order_by("at").last()  # type: ignore[return-value]


def pages_of(who: Any, row: CheckIn) -> str:
    """Every page that can be opened with the ids of this check-in and its writer, as this person sees it."""
    client = signed_in(who)
    known = {"check_in_id": row.id, "talk_id": row.id, "user_id": row.by_id, "number": 1, "index": 0}
    names = [name for name, arguments in URLS.items() if set(arguments) <= set(known) and "logout" not in name]
    assert len(names) > 20
    addresses = [reverse(name, kwargs={one: known[one] for one in URLS[name]}) for name in names]
    return "\n".join(client.get(address).content.decode() for address in addresses)


# Check-ins


def test_a_check_in_is_kept_and_shown_to_who_wrote_it(wren: Any, client: Client) -> None:
    row = checked_in(client)
    assert (row.by, row.moment, row.feeling, row.words, row.shared_at) == (wren, "before", "heavy", MARK, None)
    page = read(client.get("/care/"))
    assert MARK in page
    assert "Weighed down" in page
    assert "Only you see it." in page


def test_the_line_may_stay_empty_and_the_other_answers_may_not(wren: Any, client: Client) -> None:
    checked_in(client, words="")
    answer = client.post("/care/check-ins", {"moment": "before", "feeling": "splendid", "words": MARK})
    assert answer.status_code == 422
    assert MARK in answer.content.decode()
    answer = client.post("/care/check-ins", {"feeling": "well", "moment": "after", "words": "x" * 301})
    assert answer.status_code == 422
    assert CheckIn.objects.count() == 1


def test_the_next_one_is_of_the_other_end_of_the_shift(wren: Any, client: Client) -> None:
    def offered() -> str:
        return str(client.get("/care/").context["check_in_form"].initial["moment"])

    assert offered() == "before"
    checked_in(client)
    assert offered() == "after"
    checked_in(client, moment="after")
    assert offered() == "before"


def test_feeling_and_words_are_stored_encrypted(wren: Any, client: Client) -> None:
    row = checked_in(client)
    assert isinstance(CheckIn.objects.get(id=row.id).__dict__["words"], Sealed)
    with connection.cursor() as cursor:
        cursor.execute("SELECT feeling, words FROM assistant_checkin")
        feeling, words = (bytes(value) for value in cursor.fetchone())
    assert b"heavy" not in feeling
    assert MARK.encode() not in words


# Each reads all pages of the site; the two who could come closest do so every day.
EVERY_ROLE = [role if role in (Role.LEAD, Role.ADMIN) else pytest.param(role, marks=pytest.mark.deep) for role in Role]


@pytest.mark.parametrize("role", EVERY_ROLE)
def test_nobody_else_finds_a_check_in_on_any_page_or_changes_it(wren: Any, client: Client, role: Role) -> None:
    row = checked_in(client)
    other = person("heron", role)
    assert MARK not in pages_of(other, row)
    reader = signed_in(other)
    assert reader.get(f"/care/supporters/check-ins/{row.id}").status_code in (403, 404)
    for act in ("share", "delete"):
        assert reader.post(f"/care/check-ins/{row.id}/{act}", {"shared": "on"}).status_code in (403, 404)
    row.refresh_from_db()
    assert row.shared_at is None


def test_somebody_with_every_role_at_once_reads_only_their_own(wren: Any, client: Client) -> None:
    row = checked_in(client)
    assert MARK not in pages_of(person("heron", *Role), row)


def test_a_superuser_reads_no_check_in_that_is_not_shared(wren: Any, client: Client) -> None:
    row = checked_in(client)
    assert MARK not in pages_of(User.objects.create_superuser("root", password=PASSWORD), row)


@pytest.mark.parametrize("role", EVERY_ROLE)
def test_shared_it_is_read_by_leads_and_by_nobody_else(wren: Any, client: Client, role: Role) -> None:
    row = checked_in(client)
    client.post(f"/care/check-ins/{row.id}/share", {"shared": "on"})
    assert (MARK in pages_of(person("heron", role), row)) == (role is Role.LEAD)


def test_sharing_is_taken_back_and_the_second_click_changes_nothing(wren: Any, client: Client, cast: Cast) -> None:
    row = checked_in(client)
    lead = signed_in(cast.birch)
    for _ in range(2):
        client.post(f"/care/check-ins/{row.id}/share", {"shared": "on"})
    assert "wren" in read(lead.get("/care/supporters"))
    assert MARK in read(lead.get(f"/care/supporters/check-ins/{row.id}"))
    for _ in range(2):
        client.post(f"/care/check-ins/{row.id}/share")
    assert "Nothing is shared right now." in read(lead.get("/care/supporters"))
    assert lead.get(f"/care/supporters/check-ins/{row.id}").status_code == 404
    actions_of_it = AuditEvent.objects.filter(object_type="check_in").order_by("seq").values_list("action", flat=True)
    assert list(actions_of_it) == ["check_in.shared", "check_in.read", "check_in.unshared"]


def test_what_is_private_is_not_in_the_audit_log(wren: Any, client: Client) -> None:
    row = checked_in(client)
    client.post("/care/topics", {"topics": ["loss"]})
    client.post("/care/pause")
    client.post(f"/care/check-ins/{row.id}/delete")
    assert not AuditEvent.objects.filter(actor=str(wren.pk)).exists()


def test_a_deleted_one_is_gone_with_its_key(wren: Any, client: Client) -> None:
    row = checked_in(client)
    other = checked_in(client, words="another")
    client.post(f"/care/check-ins/{row.id}/delete")
    assert list(CheckIn.objects.all()) == [other]
    assert not CaseKey.objects.filter(id=row.case_id).exists()
    assert client.post(f"/care/check-ins/{row.id}/delete").status_code == 404


def test_after_the_keys_were_rotated_a_check_in_still_opens(wren: Any, client: Client, tmp_path: Any) -> None:
    row = checked_in(client)
    CaseKey.objects.get(id=row.case_id).wrap_again()
    assert CheckIn.objects.get(id=row.id).words == MARK


# Talking


def test_leads_see_that_somebody_asked_and_one_takes_it_up(wren: Any, client: Client, cast: Cast) -> None:
    client.post("/care/talk")
    client.post("/care/talk")  # the second click
    request = TalkRequest.objects.get()
    assert "No lead has taken it up yet." in read(client.get("/care/"))
    lead = signed_in(cast.birch)
    assert "1 supporter would like to talk to a lead." in read(lead.get("/posts/"))
    assert "wren" in read(lead.get("/care/supporters"))
    lead.post(f"/care/supporters/talk/{request.id}")
    assert "would like to talk" not in read(lead.get("/posts/"))
    assert "birch took it up" in read(client.get("/care/"))
    assert lead.post(f"/care/supporters/talk/{request.id}").status_code == 404


def test_of_two_leads_the_first_has_it(wren: Any, cast: Cast) -> None:
    actions.ask_to_talk(wren)
    request = TalkRequest.objects.get()
    assert actions.take_up_talk(request, by=cast.birch)
    assert not actions.take_up_talk(request, by=person("cedar", Role.LEAD))
    assert TalkRequest.objects.get().taken_by == cast.birch


@pytest.mark.parametrize("name", ["ash", "willow", "robin", "stranger"])
def test_nobody_but_leads_is_told(wren: Any, client: Client, cast: Cast, name: str) -> None:
    client.post("/care/talk")
    other = signed_in(getattr(cast, name))
    assert other.get("/care/supporters").status_code == 403
    assert other.post(f"/care/supporters/talk/{TalkRequest.objects.get().id}").status_code == 403
    assert "would like to talk" not in read(other.get("/", follow=True))


def test_it_can_be_taken_back_until_somebody_took_it_up(wren: Any, client: Client, cast: Cast) -> None:
    client.post("/care/talk")
    client.post("/care/talk/take-back")
    assert not TalkRequest.objects.exists()
    client.post("/care/talk")
    actions.take_up_talk(TalkRequest.objects.get(), by=cast.birch)
    client.post("/care/talk/take-back")
    assert TalkRequest.objects.get().taken_by == cast.birch


def test_a_lead_who_asks_is_heard_by_another_one(cast: Cast) -> None:
    lead = signed_in(cast.birch)
    assert "There is no lead on this site" in read(lead.get("/care/"))
    lead.post("/care/talk")
    assert not TalkRequest.objects.exists()
    person("cedar", Role.LEAD)
    assert "Leads here: cedar" in read(lead.get("/care/"))
    lead.post("/care/talk")
    assert "Nobody has asked" in read(lead.get("/care/supporters"))
    assert lead.post(f"/care/supporters/talk/{TalkRequest.objects.get().id}").status_code == 404


def test_who_has_left_asks_and_shares_no_more(wren: Any, client: Client, cast: Cast) -> None:
    row = checked_in(client)
    client.post("/care/talk")
    client.post(f"/care/check-ins/{row.id}/share", {"shared": "on"})
    User.objects.filter(pk=wren.pk).update(is_active=False)
    assert "wren" not in read(signed_in(cast.birch).get("/care/supporters"))
    assert signed_in(cast.birch).get(f"/care/supporters/check-ins/{row.id}").status_code == 404


# One's own data


def test_a_copy_has_everything_of_the_own_and_nothing_else(wren: Any, client: Client, cast: Cast) -> None:
    checked_in(client)
    checked_in(signed_in(cast.robin), words="of somebody else")
    client.post("/care/talk")
    client.post("/care/topics", {"topics": ["loss", "work"]})
    answer = client.get("/care/export")
    assert "attachment" in answer.headers["Content-Disposition"]
    copy = json.loads(answer.content)
    assert [row["words"] for row in copy["check_ins"]] == [MARK]
    assert copy["topics_left_out"] == ["loss", "work"]
    assert len(copy["asked_to_talk"]) == 1
    assert "of somebody else" not in answer.content.decode()


def test_erasing_takes_all_of_the_own_and_nothing_else(wren: Any, client: Client, cast: Cast) -> None:
    robin = signed_in(cast.robin)
    for who in (client, robin):
        row = checked_in(who)
        who.post(f"/care/check-ins/{row.id}/share", {"shared": "on"})
        who.post("/care/talk")
        who.post("/care/topics", {"topics": ["loss"]})
    client.post("/care/erase")
    client.post("/care/erase")
    for table in (CheckIn, TalkRequest, LeftOutTopic):
        assert list(table.objects.values_list("by", flat=True)) == [cast.robin.pk]
    assert CaseKey.objects.count() == 1


def test_prune_deletes_what_is_older_than_the_days_and_all_of_closed_accounts(
    wren: Any, client: Client, cast: Cast
) -> None:
    robin = signed_in(cast.robin)
    young, old, closed = checked_in(client), checked_in(client), checked_in(robin)
    robin.post("/care/topics", {"topics": ["loss"]})
    client.post("/care/topics", {"topics": ["loss"]})
    for row, days in ((young, settings.CARE_DAYS - 1), (old, settings.CARE_DAYS + 1)):
        CheckIn.objects.filter(id=row.id).update(at=timezone.now() - timedelta(days=days))
    TalkRequest.objects.create(by=wren, at=timezone.now() - timedelta(days=settings.CARE_DAYS + 1))
    User.objects.filter(pk=cast.robin.pk).update(is_active=False)
    call_command("prune", stdout=StringIO())
    assert list(CheckIn.objects.all()) == [young]
    assert set(CaseKey.objects.values_list("id", flat=True)) == {young.case_id}
    assert not TalkRequest.objects.exists()
    assert list(LeftOutTopic.objects.values_list("by", flat=True)) == [wren.pk]
    assert closed.id != young.id
