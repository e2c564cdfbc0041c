"""Flags are decided once, on what the person saw, with a reason; held text leaves in no other way."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from assistant import runner
from assistant.actions import report
from assistant.models import AuditEvent, Draft, Post, Reply, Suggestion
from moderation.models import Decision, Escalation, Flag
from webapp import test as build
from webapp.test import Cast, FakeEngine

pytestmark = pytest.mark.django_db


@pytest.fixture
def held(cast: Cast, client: Client) -> Reply:
    """A reply that waits for a moderator; the client is the moderator's."""
    client.force_login(cast.wren)
    draft = build.draft(cast.wren)
    client.post(f"/drafts/{draft.id}/send", {"text": build.HURTFUL_REPLY, "base": 1})
    client.force_login(cast.ash)
    return Reply.objects.get()


def decide(client: Client, outcome: str, *, reason: str = "Reads well enough.", version: int = 1, **fields: Any) -> Any:
    flag = Flag.objects.latest("opened_at")
    said = {"outcome": outcome, "policy": "dismissal", "reason": reason, "version": version, "danger": "no"} | fields
    return client.post(f"/moderation/flags/{flag.id}/decide", said)


def answer(client: Client, answer: str, *, version: int, reason: str = "") -> Any:
    flag = Flag.objects.latest("opened_at")
    said = {"answer": answer, "reason": reason, "version": version}
    return client.post(f"/moderation/flags/{flag.id}/answer", said)


def test_approve_sends_it_with_the_decision_on_record(held: Reply, client: Client) -> None:
    assert decide(client, "approve").status_code == 302
    held.refresh_from_db()
    assert (held.status, held.text) == ("sent", build.HURTFUL_REPLY)
    assert held.approval == Decision.objects.get().id
    assert Decision.objects.get().revision == held.revision


def test_edit_sends_the_moderators_version_and_says_so(held: Reply, client: Client, cast: Cast) -> None:
    decide(client, "edit", reason="Left out the comparison.", edited_text=build.KIND_DRAFT)
    held.refresh_from_db()
    assert (held.status, held.text, held.edited_by_moderator) == ("sent", build.KIND_DRAFT, True)
    client.force_login(cast.wren)
    assert "Left out the comparison." in client.get(f"/replies/{held.id}/").content.decode()


def test_an_edit_is_screened_like_anybodys_words(held: Reply, client: Client) -> None:
    answer = decide(client, "edit", edited_text="It is your own fault, stop whining.")
    assert answer.status_code == 422
    held.refresh_from_db()
    assert held.status == "held"
    assert "stop whining" in answer.content.decode()  # what was typed is still there


def test_an_edit_that_changes_nothing_is_no_edit(held: Reply, client: Client) -> None:
    """Its author would be told that a moderator changed their words, and see none that changed."""
    answer = decide(client, "edit", edited_text=f" {build.HURTFUL_REPLY}\r\n")
    assert answer.status_code == 422
    assert "This is the text as it was." in build.read(answer)
    held.refresh_from_db()
    assert held.status == "held"


def test_return_gives_it_back_with_the_note(held: Reply, client: Client, cast: Cast) -> None:
    decide(client, "return", reason="Please say first what they feel.")
    draft = Draft.objects.get()
    assert draft.status == "returned"
    client.force_login(cast.wren)
    assert "Please say first what they feel." in client.get(f"/drafts/{draft.id}/").content.decode()
    client.post(f"/drafts/{draft.id}/send", {"text": build.KIND_DRAFT, "base": draft.head_number})
    assert sorted(Reply.objects.values_list("status", flat=True)) == ["returned", "sent"]


def test_reject_sends_nothing_and_the_post_goes_to_somebody_else(held: Reply, client: Client, cast: Cast) -> None:
    decide(client, "reject", reason="This would hurt.")
    held.refresh_from_db()
    assert held.status == "withheld"
    assert Post.objects.get().status == "waiting"
    client.force_login(cast.robin)
    client.post("/posts/next")
    assert Draft.objects.filter(author=cast.robin).count() == 1


@pytest.mark.parametrize("outcome", ["approve", "return", "reject", "escalate"])
def test_a_reason_is_required(held: Reply, client: Client, outcome: str) -> None:
    assert decide(client, outcome, reason="  ").status_code == 422
    held.refresh_from_db()
    assert held.status == "held"


def test_a_second_decision_is_refused(held: Reply, client: Client) -> None:
    decide(client, "return")
    second = decide(client, "approve", reason="I would let it pass.")
    assert second.status_code == 409
    page = build.read(second)
    assert 'role="alert"' in second.content.decode()  # why nothing happened
    assert "Return with note: decided by ash" in page
    assert "I would let it pass." in page  # what was typed is not lost
    held.refresh_from_db()
    assert held.status == "returned"
    assert Decision.objects.count() == 1


def test_a_decision_on_what_was_taken_back_is_refused(held: Reply, client: Client, cast: Cast) -> None:
    client.force_login(cast.wren)
    client.post(f"/replies/{held.id}/take-back")
    client.force_login(cast.ash)
    assert decide(client, "approve").status_code == 409
    held.refresh_from_db()
    assert held.status == "taken_back"


def test_a_stale_page_cannot_decide(held: Reply, client: Client, cast: Cast) -> None:
    decide(client, "escalate", reason="A lead should see this.")
    client.force_login(cast.birch)
    assert decide(client, "approve", version=1).status_code == 409
    assert decide(client, "approve", version=2).status_code == 302


def test_an_escalated_flag_is_the_leads(held: Reply, client: Client, cast: Cast) -> None:
    decide(client, "escalate", reason="A lead should see this.")
    flag = Flag.objects.get()
    assert client.get(f"/moderation/flags/{flag.id}/").status_code == 404
    client.force_login(cast.birch)
    assert client.get(f"/moderation/flags/{flag.id}/").status_code == 200
    client.post(f"/moderation/flags/{flag.id}/claim")
    assert Escalation.objects.get().acknowledged_by == cast.birch


def test_what_a_lead_has_already_is_not_handed_over_again(held: Reply, client: Client, cast: Cast) -> None:
    """There would be two hand-overs of one flag, each telling people until somebody has it."""
    decide(client, "escalate", reason="A lead should see this.")
    client.force_login(cast.birch)
    assert decide(client, "escalate", reason="Another lead should.", version=2).status_code == 409
    assert Escalation.objects.count() == 1


def test_nobody_approves_their_own_reply(client: Client, cast: Cast) -> None:
    client.force_login(cast.birch)  # a lead may write and decide
    draft = build.draft(cast.birch)
    client.post(f"/drafts/{draft.id}/send", {"text": build.HURTFUL_REPLY, "base": 1})
    assert decide(client, "approve").status_code == 403
    assert Reply.objects.get().status == "held"


def test_nobody_decides_about_what_was_suggested_to_them(client: Client, cast: Cast) -> None:
    client.force_login(cast.birch)
    report(build.suggestion(build.draft(cast.birch)), by=cast.birch)
    assert decide(client, "close", closed_as="fine").status_code == 403
    client.force_login(cast.ash)
    assert decide(client, "close", closed_as="fine").status_code == 302


def test_who_reviews_is_visible_and_others_wait(held: Reply, client: Client, cast: Cast) -> None:
    flag = Flag.objects.get()
    client.post(f"/moderation/flags/{flag.id}/claim")
    client.force_login(cast.birch)
    assert "ash" in client.get(f"/moderation/flags/{flag.id}/").content.decode()
    assert decide(client, "approve").status_code == 409
    Flag.objects.update(claimed_until=timezone.now() - timedelta(seconds=1))
    assert decide(client, "approve").status_code == 302


def test_a_held_post_waits_for_a_person(cast: Cast, client: Client) -> None:
    row = build.post(build.URGENT_POST)
    client.force_login(cast.ash)
    assert decide(client, "edit", edited_text="x").status_code == 422  # a seeker's words are not edited
    unsaid = decide(client, "approve", reason="A lead is in touch; a supporter may write too.", danger="")
    assert unsaid.status_code == 422
    assert "Say whether somebody may be in danger" in build.read(unsaid)
    assert "A lead is in touch" in build.read(unsaid)
    decide(client, "approve", reason="A lead is in touch; a supporter may write too.")
    row.refresh_from_db()
    assert row.status == "held"  # at this level it takes two
    client.force_login(cast.birch)
    answer(client, "confirm", version=2)
    row.refresh_from_db()
    assert row.status == "waiting"


@pytest.mark.django_db(transaction=True)
def test_a_released_suggestion_reaches_its_supporter(cast: Cast, client: Client) -> None:
    job = build.job(build.draft(cast.wren))
    runner.run_job(job.id, engine=FakeEngine().will_say(f"I hear you. {build.HURTFUL_REPLY}"))
    client.force_login(cast.wren)
    assert "fault" not in client.get(f"/jobs/{job.id}/suggestion").content.decode()
    client.force_login(cast.ash)
    decide(client, "edit", reason="Only the first part.", edited_text="I hear you. That sounds lonely.")
    client.force_login(cast.wren)
    page = client.get(f"/jobs/{job.id}/suggestion").content.decode()
    assert "sounds" in page
    assert "fault" not in page
    assert Suggestion.objects.get().status == "released"


def test_deciding_is_in_the_audit_log_without_words(held: Reply, client: Client) -> None:
    decide(client, "approve", reason="Reads well enough.")
    event = AuditEvent.objects.get(action="flag.decided")
    assert event.outcome == "approve"
    assert "Reads" not in str(vars(event))


def test_held_text_without_a_flag_is_found(held: Reply) -> None:
    Flag.objects.all().delete()
    with pytest.raises(CommandError):
        call_command("reconcile_holds", "check")
    call_command("reconcile_holds", "flag")
    assert Flag.objects.get().reply == held
    call_command("reconcile_holds", "check")


def test_a_reply_that_was_only_flagged_stays_sent_whatever_is_decided(cast: Cast, client: Client) -> None:
    client.force_login(cast.wren)
    draft = build.draft(cast.wren)
    client.post(
        f"/drafts/{draft.id}/send", {"text": build.KIND_DRAFT + " You clearly have bipolar disorder.", "base": 1}
    )
    reply = Reply.objects.get()
    assert (reply.status, Flag.objects.get().severity) == ("sent", 2)
    client.force_login(cast.ash)
    assert decide(client, "reject").status_code == 422
    assert decide(client, "return").status_code == 422
    assert decide(client, "approve").status_code == 422
    assert decide(client, "close", closed_as="talk").status_code == 302
    assert Post.objects.get().status == "answered"


def test_a_reported_suggestion_can_be_taken_away_but_not_rewritten(cast: Cast, client: Client) -> None:
    suggestion = build.suggestion(build.draft(cast.wren))
    report(suggestion, by=cast.wren)
    client.force_login(cast.ash)
    assert decide(client, "edit", edited_text="Other words here.").status_code == 422
    assert decide(client, "reject").status_code == 302
    suggestion.refresh_from_db()
    assert suggestion.status == "withheld"
