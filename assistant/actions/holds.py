"""What a moderator's decision does to held text. moderation.actions.decide calls these inside its own transaction."""

from __future__ import annotations

import uuid

from django.utils import timezone

from assistant import changes as change_list
from assistant.actions.figures import forget_figures
from assistant.actions.returned import keep_for_author
from assistant.actions.suggestions import explained_changes
from assistant.models import Draft, Post, Reply, Suggestion
from assistant.streaming import poke


def release(
    subject: Post | Suggestion | Reply, *, approval: uuid.UUID, edited_text: str | None = None, note: str = ""
) -> None:
    """Let held text go where it was going. `approval` is the decision's id: no release without one."""
    if isinstance(subject, Post):
        Post.objects.filter(id=subject.id, status=Post.Status.HELD).update(
            status=Post.Status.WAITING, approval=approval
        )
    elif isinstance(subject, Suggestion):
        _release_suggestion(subject, approval=approval, edited_text=edited_text)
    else:
        _release_reply(subject, approval=approval, edited_text=edited_text, note=note)


def _release_suggestion(suggestion: Suggestion, *, approval: uuid.UUID, edited_text: str | None) -> None:
    if suggestion.status != Suggestion.Status.HELD:
        return
    suggestion.status, suggestion.approval = Suggestion.Status.RELEASED, approval
    if edited_text is not None:
        suggestion.text = edited_text
        suggestion.changes = change_list.to_json(explained_changes(suggestion.job, edited_text))
        forget_figures(suggestion)
    suggestion.save(update_fields=["status", "approval", "text", "changes"])
    poke.job_changed(suggestion.job_id, seq=0)


def _release_reply(reply: Reply, *, approval: uuid.UUID, edited_text: str | None, note: str) -> None:
    if reply.status != Reply.Status.HELD:
        return
    reply.status, reply.approval, reply.sent_at = Reply.Status.SENT, approval, timezone.now()
    if edited_text is not None:
        reply.text, reply.edited_by_moderator = edited_text, True
        reply.note = note
        reply.mark["edited_by_moderator"] = True
    reply.save(update_fields=["status", "approval", "sent_at", "text", "edited_by_moderator", "mark", "note"])
    Draft.objects.filter(id=reply.draft_id).update(status=Draft.Status.SENT)


def withhold(subject: Post | Suggestion | Reply, *, note: str = "") -> None:
    """Never show or send this. The note tells the author of a reply why."""
    if isinstance(subject, Post):
        Post.objects.filter(id=subject.id).exclude(status=Post.Status.ANSWERED).update(
            status=Post.Status.CLOSED, leased_by=None, leased_until=None
        )
    elif isinstance(subject, Suggestion):
        Suggestion.objects.filter(id=subject.id).update(status=Suggestion.Status.WITHHELD)
        poke.job_changed(subject.job_id, seq=0)
    elif _close_reply(subject, Reply.Status.WITHHELD, note=note):
        Draft.objects.filter(id=subject.draft_id).update(status=Draft.Status.WITHHELD)
        _reopen_post(subject.draft)


def return_reply(reply: Reply, *, note: str) -> None:
    """Give a held reply back to its author, with a note that says why."""
    if _close_reply(reply, Reply.Status.RETURNED, note=note):
        Draft.objects.filter(id=reply.draft_id).update(status=Draft.Status.RETURNED)
        keep_for_author(reply.draft)


def _reopen_post(draft: Draft) -> None:
    """A withheld reply leaves the seeker without an answer: the post goes to somebody else."""
    Post.objects.filter(id=draft.post_id, status=Post.Status.ANSWERED).update(
        status=Post.Status.WAITING, leased_by=None, leased_until=None
    )


def _close_reply(reply: Reply, status: Reply.Status, *, note: str) -> bool:
    """False when it is not held any more: what was sent stays sent."""
    if reply.status != Reply.Status.HELD:
        return False
    reply.status, reply.note = status, note
    reply.save(update_fields=["status", "note"])
    return True
