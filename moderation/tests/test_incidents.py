"""An incident holds what happened, why, and what was done; only a second person closes it, and nothing in it changes."""

from __future__ import annotations

import uuid
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains

from assistant.models import AuditEvent
from moderation import actions
from moderation.models import Flag, Incident, IncidentEntry
from webapp import test as build
from webapp.accounts.roles import Role
from webapp.privacy import erase_post
from webapp.test import Cast

pytestmark = pytest.mark.django_db

TEST = "moderation/tests/test_decide.py::test_a_reason_is_required"
HAPPENED = "A reply was sent before anybody had looked at it."


def opened(client: Client, **fields: Any) -> Incident:
    form = {"title": "A reply left too soon", "severity": 2, "happened": HAPPENED} | fields
    answer = client.post("/moderation/incidents/new", form)
    assert answer.status_code == 302, build.read(answer)
    return Incident.objects.latest("opened_at")


def add(client: Client, incident: Incident, kind: str, text: str) -> Any:
    return client.post(f"/moderation/incidents/{incident.id}/add", {"kind": kind, "text": text})


def complete(client: Client, incident: Incident) -> None:
    for kind, text in (
        ("mitigated", "Sending is held."),
        ("cause", "A check was skipped."),
        ("fix", "Not any more."),
        ("test", TEST),
    ):
        assert add(client, incident, kind, text).status_code == 302


def sign_off(client: Client, incident: Incident) -> Any:
    return client.post(f"/moderation/incidents/{incident.id}/sign-off", {"note": "The test fails without the fix."})


def status_of(incident: Incident) -> str:
    incident.refresh_from_db()
    return incident.status


@pytest.fixture
def moderator(cast: Cast, client: Client) -> Client:
    client.force_login(cast.ash)
    return client


@pytest.fixture
def lead(cast: Cast) -> Client:
    client = Client()
    client.force_login(cast.birch)
    return client


def test_a_case_names_its_incidents_and_leads_to_a_new_one(cast: Cast, moderator: Client, lead: Client) -> None:
    flag = Flag.objects.get(post=build.post(build.URGENT_POST))
    other = Flag.objects.get(post=build.post("I have the pills here. Tonight I will take them. Goodbye."))
    page, address = f"/moderation/flags/{flag.id}/", f"/moderation/incidents/new?about={flag.id}"
    assertContains(moderator.get(page), f'href="{address}"')
    assertContains(moderator.get(address), flag.id)
    incident = opened(moderator, title="Nobody looked at it", links=str(flag.id))
    assertContains(moderator.get(page), "Nobody looked at it")
    assertNotContains(moderator.get(f"/moderation/flags/{other.id}/"), "Nobody looked at it")
    row = actions.escalate(flag, by=cast.ash, reason="A lead should take this.", seen=flag.version)
    hand_over = lead.get(f"/moderation/hand-overs/{row.id}/")
    assertContains(hand_over, f'href="/moderation/incidents/{incident.id}/"')
    assertContains(hand_over, f'href="{address}"')


def test_it_is_opened_mitigated_and_signed_off_by_another_person(moderator: Client, lead: Client) -> None:
    incident = opened(moderator)
    assert status_of(incident) == "open"
    complete(moderator, incident)
    assert status_of(incident) == "mitigated"
    assert sign_off(lead, incident).status_code == 302
    assert status_of(incident) == "closed"
    page = build.read(lead.get(f"/moderation/incidents/{incident.id}/"))
    for words in (HAPPENED, "A check was skipped.", "Not any more.", TEST, "The test fails without the fix."):
        assert words in page
    assert "A reply left too soon" in build.read(lead.get("/moderation/incidents/"))


def test_who_wrote_the_fix_does_not_sign_it_off(lead: Client) -> None:
    incident = opened(lead)
    complete(lead, incident)
    refused = sign_off(lead, incident)
    assert refused.status_code == 422
    assert "You wrote the fix." in build.read(refused)
    assert status_of(incident) == "mitigated"


def test_a_fix_of_two_people_needs_a_third(cast: Cast, moderator: Client, lead: Client) -> None:
    incident = opened(moderator)
    complete(moderator, incident)
    add(lead, incident, "fix", "And a second place.")
    add(moderator, incident, "fix", "And a third one.")
    assert sign_off(lead, incident).status_code == 422
    third = Client()
    third.force_login(build.person("maple", Role.CLINICIAN))
    assert sign_off(third, incident).status_code == 302


@pytest.mark.parametrize("left_out", ["mitigated", "cause", "fix", "test"])
def test_nobody_signs_off_what_is_not_complete(moderator: Client, lead: Client, left_out: str) -> None:
    incident = opened(moderator)
    complete(moderator, incident)
    incident.entries.filter(kind=left_out).delete()
    refused = sign_off(lead, incident)
    assert refused.status_code == 422
    assert str(IncidentEntry.Kind(left_out).label) in build.read(refused)
    assert status_of(incident) != "closed"


def test_a_moderator_does_not_sign_off(cast: Cast, moderator: Client, lead: Client) -> None:
    incident = opened(lead)
    complete(lead, incident)
    assert sign_off(moderator, incident).status_code == 403


def test_nothing_is_added_to_a_closed_one(moderator: Client, lead: Client) -> None:
    incident = opened(moderator)
    complete(moderator, incident)
    sign_off(lead, incident)
    refused = add(moderator, incident, "note", "One more thing that I had typed.")
    assert refused.status_code == 422
    assert "One more thing that I had typed." in build.read(refused)  # what was typed is not lost
    assert sign_off(lead, incident).status_code == 422
    assert incident.entries.filter(kind="signed_off").count() == 1


@pytest.mark.parametrize(
    "name", ["test_a_reason", "we tested it by hand", f"{TEST} and more", "tests.py::", "<b>x.py::test_x</b>"]
)
def test_a_test_has_the_name_of_one(moderator: Client, name: str) -> None:
    incident = opened(moderator)
    refused = add(moderator, incident, "test", name)
    assert refused.status_code == 422
    assert not incident.entries.filter(kind="test").exists()


@pytest.mark.parametrize("name", [TEST, "a/test_b.py::TestC::test_d", "a/test_b.py::test_c[one-2]", f"  {TEST}\n"])
def test_what_pytest_calls_a_test_is_taken(moderator: Client, name: str) -> None:
    incident = opened(moderator)
    assert add(moderator, incident, "test", name).status_code == 302
    entry = incident.latest("test")
    assert entry is not None
    assert entry.text == name.strip()


def test_the_timeline_holds_what_was_done_to_a_linked_case(cast: Cast, moderator: Client, lead: Client) -> None:
    draft = build.draft(cast.wren)
    writer = Client()
    writer.force_login(cast.wren)
    writer.post(f"/drafts/{draft.id}/send", {"text": build.HURTFUL_REPLY, "base": 1})
    flag = Flag.objects.get()
    moderator.get(f"/moderation/flags/{flag.id}/")
    incident = opened(moderator, links=f"see /moderation/flags/{flag.id}/")
    page = build.read(moderator.get(f"/moderation/incidents/{incident.id}/"))
    assert "flag.viewed ash" in page
    assert "reply.held wren" in page
    assert "post.received" not in page  # that flag is about the reply
    moderator.post(f"/moderation/incidents/{incident.id}/link", {"links": str(draft.post_id)})
    moderator.post(f"/moderation/incidents/{incident.id}/link", {"links": str(draft.post_id)})
    page = build.read(moderator.get(f"/moderation/incidents/{incident.id}/"))
    assert "post.received Lantern" in page
    assert incident.links.count() == 2
    assert build.HURTFUL_REPLY not in page


def test_what_nobody_may_see_cannot_be_linked(cast: Cast, moderator: Client) -> None:
    flag = Flag.objects.get(post=build.post(build.URGENT_POST))
    actions.escalate(flag, by=cast.ash, reason="For a lead.", seen=flag.version)
    for unknown in (flag.id, uuid.uuid4()):
        refused = moderator.post(
            "/moderation/incidents/new", {"title": "x", "severity": 1, "happened": "y", "links": str(unknown)}
        )
        assert refused.status_code == 422
        assert str(unknown) in build.read(refused)
    assert not Incident.objects.exists()


def test_the_address_of_a_hand_over_links_its_flag_for_who_may_see_it(
    cast: Cast, moderator: Client, lead: Client
) -> None:
    flag = Flag.objects.get(post=build.post(build.URGENT_POST))
    row = actions.escalate(flag, by=cast.ash, reason="For a lead.", seen=flag.version)
    place = f"http://testserver/moderation/hand-overs/{row.id}/"
    assert opened(lead, links=place).links.get().flag == flag
    fields = {"title": "x", "severity": 1, "happened": "y", "links": place}
    assert moderator.post("/moderation/incidents/new", fields).status_code == 422


def test_an_escalated_flag_is_named_but_leads_a_moderator_nowhere(cast: Cast, moderator: Client, lead: Client) -> None:
    flag = Flag.objects.get(post=build.post(build.URGENT_POST))
    incident = opened(lead, links=str(flag.id))
    address = f'href="/moderation/flags/{flag.id}/"'
    assert address in moderator.get(f"/moderation/incidents/{incident.id}/").content.decode()
    actions.escalate(flag, by=cast.ash, reason="For a lead.", seen=flag.version)
    assert address not in moderator.get(f"/moderation/incidents/{incident.id}/").content.decode()
    assert address in lead.get(f"/moderation/incidents/{incident.id}/").content.decode()


def test_the_file_holds_no_word_that_somebody_wrote(cast: Cast, moderator: Client, lead: Client) -> None:
    post = build.post(build.URGENT_POST)
    incident = opened(moderator, links=str(post.id))
    complete(moderator, incident)
    answer = moderator.get(f"/moderation/incidents/{incident.id}/file")
    assert answer.headers["Content-Type"].startswith("text/markdown")
    told = answer.content.decode()
    for word in ("too soon", HAPPENED, "Sending is held.", "A check was skipped.", "Not any more.", build.URGENT_POST):
        assert word not in told
    for word in (str(post.id), TEST, "ash", "flag.opened", "Mitigated"):
        assert word in told
    out = StringIO()
    call_command("incident", str(incident.id), stdout=out)
    assert out.getvalue().splitlines()[0] == told.splitlines()[0]
    assert HAPPENED not in out.getvalue()


@pytest.mark.parametrize("name", ["x", str(uuid.UUID(int=0))])
def test_the_command_names_an_id_that_leads_nowhere(name: str) -> None:
    with pytest.raises(CommandError, match=name):
        call_command("incident", name)


def test_an_incident_can_be_erased_and_its_cases_stay(cast: Cast, moderator: Client) -> None:
    post = build.post()
    incident = opened(moderator, links=str(post.id))
    call_command("incident", str(incident.id), "--erase", stdout=StringIO())
    assert moderator.get(f"/moderation/incidents/{incident.id}/").status_code == 200  # only said
    call_command("incident", str(incident.id), "--erase", "--yes", stdout=StringIO())
    assert moderator.get(f"/moderation/incidents/{incident.id}/").status_code == 404
    assert moderator.get("/moderation/incidents/").status_code == 200
    post.refresh_from_db()
    assert post.text == build.CALM_POST


def test_an_incident_outlives_an_erased_case(cast: Cast, moderator: Client) -> None:
    post = build.post(build.URGENT_POST)
    incident = opened(moderator, links=str(post.id))
    erase_post(post)
    page = build.read(moderator.get(f"/moderation/incidents/{incident.id}/"))
    assert "(erased)" in page
    assert "case.erased" in page


def test_it_is_in_the_audit_log_without_words(moderator: Client, lead: Client) -> None:
    incident = opened(moderator)
    complete(moderator, incident)
    sign_off(lead, incident)
    events = AuditEvent.objects.filter(object_id=str(incident.id))
    assert {event.action for event in events} >= {"incident.opened", "incident.mitigated", "incident.closed"}
    assert not any("check was skipped" in str(vars(event)) for event in events)
