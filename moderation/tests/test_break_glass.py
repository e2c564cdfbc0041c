"""Who reads no case may read one: with a reason, allowed by somebody else, for a while, on the record, and reviewed."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from assistant.models import AuditEvent, Post
from moderation import actions, invariants
from moderation.models import Alert, BreakGlass, BreakGlassReview, Flag
from webapp import test as build
from webapp.accounts.roles import Role
from webapp.privacy import erase_post
from webapp.test import Cast

pytestmark = pytest.mark.django_db

REASON = "The coroner asks for what was written in this case."


@pytest.fixture
def case(cast: Cast) -> Post:
    """A post, and a reply to it that waits."""
    draft = build.draft(cast.wren)
    writer = Client()
    writer.force_login(cast.wren)
    writer.post(f"/drafts/{draft.id}/send", {"text": build.HURTFUL_REPLY, "base": 1})
    return draft.post


@pytest.fixture
def admin(cast: Cast, client: Client) -> Client:
    client.force_login(cast.willow)
    return client


@pytest.fixture
def lead(cast: Cast) -> Client:
    client = Client()
    client.force_login(cast.birch)
    return client


def ask(client: Client, about: Any) -> BreakGlass:
    answer = client.post("/moderation/break-glass/ask", {"about": str(about), "reason": REASON})
    assert answer.status_code == 302, build.read(answer)
    return BreakGlass.objects.latest("asked_at")


def answer(client: Client, row: BreakGlass, said: str = "allow") -> Any:
    return client.post(f"/moderation/break-glass/{row.id}/answer", {"answer": said})


def read(client: Client, row: BreakGlass) -> Any:
    return client.get(f"/moderation/break-glass/{row.id}/case/")


def test_a_case_is_read_after_a_lead_allowed_it(case: Post, admin: Client, lead: Client) -> None:
    row = ask(admin, case.id)
    assert read(admin, row).status_code == 404
    assert REASON in build.read(lead.get("/moderation/break-glass/requests/"))
    answer(lead, row)
    page = build.read(read(admin, row))
    assert build.CALM_POST in page
    assert build.HURTFUL_REPLY in page
    assert "Read the case until" in build.read(admin.get("/moderation/break-glass/"))


def test_a_flag_leads_to_its_case(case: Post, admin: Client, lead: Client) -> None:
    row = ask(admin, Flag.objects.get().id)
    assert row.subject_id == case.case_id


def test_the_page_of_the_case_does_nothing(case: Post, admin: Client, lead: Client) -> None:
    row = ask(admin, case.id)
    answer(lead, row)
    content = read(admin, row).content.decode().split("<main")[1].split("</main>")[0]
    assert "<form" not in content
    assert admin.post(f"/moderation/break-glass/{row.id}/case/").status_code == 405
    flag = Flag.objects.get()
    for address in (f"/moderation/flags/{flag.id}/", "/moderation/"):
        assert admin.get(address).status_code == 403  # one case page, and nothing else


def let_it_end() -> None:
    BreakGlass.objects.update(until=timezone.now() - timedelta(seconds=1))


def test_it_is_closed_when_the_time_is_over(case: Post, admin: Client, lead: Client) -> None:
    row = ask(admin, case.id)
    answer(lead, row)
    row.refresh_from_db()
    assert row.until is not None
    assert timedelta(minutes=59) < row.until - timezone.now() <= timedelta(minutes=60)
    let_it_end()
    assert read(admin, row).status_code == 404
    assert "Over" in build.read(admin.get("/moderation/break-glass/"))


def test_a_refused_request_opens_nothing(case: Post, admin: Client, lead: Client) -> None:
    row = ask(admin, case.id)
    answer(lead, row, "refuse")
    assert read(admin, row).status_code == 404
    answer(lead, row, "allow")  # from a page that is older
    assert read(admin, row).status_code == 404
    assert not BreakGlassReview.objects.exists()


def test_a_request_that_nobody_answered_in_a_day_is_too_old(case: Post, admin: Client, lead: Client) -> None:
    row = ask(admin, case.id)
    BreakGlass.objects.update(asked_at=timezone.now() - timedelta(hours=24, seconds=1))
    answer(lead, row)
    assert read(admin, row).status_code == 404
    assert ask(admin, case.id).id != row.id


def test_it_is_open_to_who_asked_alone(cast: Cast, case: Post, admin: Client, lead: Client) -> None:
    row = ask(admin, case.id)
    answer(lead, row)
    for person in (build.person("aspen", Role.AUDITOR), build.person("elm", Role.ADMIN)):
        other = Client()
        other.force_login(person)
        assert read(other, row).status_code == 404
    assert read(lead, row).status_code == 403


def test_nobody_allows_or_reviews_their_own(case: Post, lead: Client) -> None:
    both = Client()
    both.force_login(build.person("maple", Role.ADMIN, Role.LEAD))
    row = ask(both, case.id)
    answer(both, row)
    row.refresh_from_db()
    assert row.status == "asked"
    answer(lead, row)
    review = BreakGlassReview.objects.get()
    refused = both.post(f"/moderation/break-glass/reviews/{review.id}", {"outcome": "justified", "note": "Of course."})
    assert refused.status_code == 422
    review.refresh_from_db()
    assert review.closed_at is None


def test_the_database_refuses_what_one_allowed_oneself(cast: Cast, case: Post) -> None:
    row = actions.ask_to_read(case.case, reason=REASON, by=cast.willow)
    with pytest.raises(IntegrityError), transaction.atomic():
        BreakGlass.objects.filter(id=row.id).update(
            status="allowed", answered_by=cast.willow, until=timezone.now() + timedelta(hours=1)
        )


def test_the_second_click_is_the_same_request(case: Post, admin: Client) -> None:
    assert ask(admin, case.id).id == ask(admin, case.id).id


def test_each_look_is_on_the_record(cast: Cast, case: Post, admin: Client, lead: Client) -> None:
    row = ask(admin, case.id)
    read(admin, row)
    answer(lead, row)
    read(admin, row)
    read(admin, row)
    events = AuditEvent.objects.filter(object_id=str(row.id)).values_list("action", "actor")
    admin_id, lead_id = str(cast.willow.pk), str(cast.birch.pk)
    assert list(events) == [
        ("break_glass.asked", admin_id),
        ("break_glass.allowed", lead_id),
        ("break_glass.read", admin_id),
        ("break_glass.read", admin_id),
    ]
    assert "Opened 2 times." in build.read(lead.get("/moderation/break-glass/requests/"))


def test_a_review_is_due_a_day_after_the_reading_and_closed_once(
    cast: Cast, case: Post, admin: Client, lead: Client
) -> None:
    row = ask(admin, case.id)
    answer(lead, row)
    review = BreakGlassReview.objects.get(about=row)
    assert timedelta(hours=24, minutes=59) < review.due_at - timezone.now() <= timedelta(hours=25)
    let_it_end()
    assert "1 request or review waits" in build.read(lead.get("/moderation/"))
    BreakGlassReview.objects.update(due_at=timezone.now() - timedelta(minutes=1))
    assert 'class="chip look"' in lead.get("/moderation/break-glass/requests/").content.decode()
    closing = {"outcome": "not", "note": "A copy of the letter would have done."}
    assert lead.post(f"/moderation/break-glass/reviews/{review.id}", closing).status_code == 302
    second = lead.post(f"/moderation/break-glass/reviews/{review.id}", {"outcome": "justified", "note": "Mine."})
    assert second.status_code == 422
    assert "Mine." in build.read(second)
    review.refresh_from_db()
    assert (review.outcome, review.closed_by) == ("not", cast.birch)
    assert review.note == "A copy of the letter would have done."
    assert "waits for a lead" not in build.read(lead.get("/moderation/"))


def test_nothing_is_reviewed_while_it_can_still_be_read(case: Post, admin: Client, lead: Client) -> None:
    answer(lead, ask(admin, case.id))
    review = BreakGlassReview.objects.get()
    page = lead.get("/moderation/break-glass/requests/")
    assert "It is reviewed when that is over." in build.read(page)
    assert "Close the review" not in build.read(page)
    assert "waits for a lead" not in build.read(lead.get("/moderation/"))
    closing = {"outcome": "justified", "note": "The coroner has it."}
    refused = lead.post(f"/moderation/break-glass/reviews/{review.id}", closing)
    assert refused.status_code == 422
    assert "The case can still be read." in build.read(refused)
    assert "The coroner has it." in build.read(refused)
    erase_post(case)  # and with it the reading ends
    assert lead.post(f"/moderation/break-glass/reviews/{review.id}", closing).status_code == 302


def test_a_review_that_is_overdue_is_told_to_those_who_may_close_it(
    cast: Cast, case: Post, admin: Client, lead: Client
) -> None:
    build.person("linden", Role.CLINICIAN)
    answer(lead, ask(admin, case.id))
    let_it_end()
    assert "reading_not_reviewed" not in invariants.check_and_tell()
    BreakGlassReview.objects.update(due_at=timezone.now() - timedelta(minutes=1))
    assert invariants.check_and_tell()["reading_not_reviewed"] == 1
    alert = Alert.objects.get(code="reading_not_reviewed")
    assert {row.person.username for row in alert.deliveries.all() if row.person} == {"birch"}
    assert "with a review that is overdue" in build.read(lead.get("/moderation/"))
    closing = {"outcome": "justified", "note": "The coroner has it."}
    lead.post(f"/moderation/break-glass/reviews/{BreakGlassReview.objects.get().id}", closing)
    assert "reading_not_reviewed" not in invariants.check_and_tell()


@pytest.mark.parametrize(("outcome", "note"), [("", "Because."), ("justified", " "), ("perhaps", "Because.")])
def test_a_review_needs_an_outcome_and_a_note(case: Post, admin: Client, lead: Client, outcome: str, note: str) -> None:
    answer(lead, ask(admin, case.id))
    let_it_end()
    review = BreakGlassReview.objects.get()
    refused = lead.post(f"/moderation/break-glass/reviews/{review.id}", {"outcome": outcome, "note": note})
    assert refused.status_code == 422
    review.refresh_from_db()
    assert review.closed_at is None


def test_the_address_of_a_page_is_as_good_as_the_id_in_it(cast: Cast, case: Post, admin: Client) -> None:
    flag = Flag.objects.get()
    row = actions.escalate(flag, by=cast.ash, reason="For a lead.", seen=flag.version)
    said = [
        f"https://lantern.example.org/moderation/flags/{flag.id}/?from=queue#decide",
        f"https://lantern.example.org/moderation/hand-overs/{row.id}/" + "?" + "x" * 300,
        f"post {case.id.hex}",
    ]
    assert {ask(admin, about).subject_id for about in said} == {case.case_id}


@pytest.mark.parametrize(
    ("about", "why"),
    [
        ("x", "There is no id in this."),
        ("", "This field is required."),
        (str(uuid.UUID(int=0)), "No post and no flag has this id"),
    ],
)
def test_an_id_that_leads_nowhere_is_named(admin: Client, about: str, why: str) -> None:
    refused = admin.post("/moderation/break-glass/ask", {"about": about, "reason": REASON})
    assert refused.status_code == 422
    assert why in build.read(refused)
    assert REASON in build.read(refused)
    assert not BreakGlass.objects.exists()


def test_two_cases_at_once_are_refused(case: Post, admin: Client) -> None:
    form = {"about": f"{case.id} {build.post().id}", "reason": REASON}
    refused = admin.post("/moderation/break-glass/ask", form)
    assert "These are several cases." in build.read(refused)
    assert not BreakGlass.objects.exists()


def test_an_erased_case_is_closed_at_once_and_still_reviewed(case: Post, admin: Client, lead: Client) -> None:
    row = ask(admin, case.id)
    answer(lead, row)
    erase_post(case)
    assert read(admin, row).status_code == 404
    assert admin.get("/moderation/break-glass/").status_code == 200
    assert REASON in build.read(lead.get("/moderation/break-glass/requests/"))


def test_who_has_no_part_in_it_sees_nothing_of_it(cast: Cast, case: Post) -> None:
    for person in (cast.wren, cast.ash, cast.stranger):
        client = Client()
        client.force_login(person)
        for address in ("/moderation/break-glass/", "/moderation/break-glass/requests/"):
            assert client.get(address).status_code == 403
