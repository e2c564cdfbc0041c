"""What follows when a moderator's decision is undone at once, or overturned later. moderation calls these inside its own
transactions, with the reply locked."""

from __future__ import annotations

import uuid

from django.utils import timezone
from django.utils.translation import gettext

from assistant.actions.refused import Refused
from assistant.actions.returned import keep_for_author
from assistant.actions.suggestions import cancel_jobs
from assistant.models import Draft, Post, Reply, Suggestion, SuggestionJob
from assistant.streaming import poke


def may_go_after_all(reply: Reply) -> bool:
    """Whether the way of a reply that was refused is still free: nobody else writes to the person, and its author has not
    written another one."""
    draft = reply.draft
    match reply.status:
        case Reply.Status.WITHHELD:
            return draft.status == Draft.Status.WITHHELD and _is_free(draft.post)
        case Reply.Status.RETURNED:
            if draft.status == Draft.Status.WRITING:  # it rested too long: anybody may take the post
                return draft.post.status == Post.Status.WAITING and not draft.post.is_leased_to_another(draft.author)
            return draft.status == Draft.Status.RETURNED and draft.post.status == Post.Status.ANSWERED
    return False


def _is_free(post: Post) -> bool:
    leased = post.leased_until is not None and post.leased_until >= timezone.now()
    return post.status == Post.Status.WAITING and not leased


def send_after_all(reply: Reply, *, approval: uuid.UUID) -> bool:
    """Send what was withheld or returned; False when its way is no longer free, and then nothing changes."""
    if not _lock_way(reply):
        return False
    reply.status, reply.approval, reply.sent_at, reply.note = Reply.Status.SENT, approval, timezone.now(), ""
    reply.save(update_fields=["status", "approval", "sent_at", "note"])
    cancel_jobs(SuggestionJob.objects.filter(draft=reply.draft_id), reason="reply_sent")
    _move(reply, Draft.Status.SENT, Post.Status.ANSWERED)
    return True


def return_after_all(reply: Reply, *, note: str) -> bool:
    """Give back what was withheld, so that its author writes on; False when somebody else has the post."""
    if not _lock_way(reply):
        return False
    reply.status, reply.note = Reply.Status.RETURNED, note
    reply.save(update_fields=["status", "note"])
    _move(reply, Draft.Status.RETURNED, Post.Status.ANSWERED)
    keep_for_author(reply.draft)
    return True


def restore(subject: Post | Suggestion | Reply, *, status: str) -> None:
    """Put a text back to the state it had before a decision. Raises Refused where something came of it meanwhile."""
    match subject:
        case Post():
            subject.refresh_from_db(fields=["leased_until"])
            if subject.status == Post.Status.WAITING and not _is_free(subject):
                raise _moved_on(gettext("Somebody has taken this post meanwhile. Nothing was undone."))
            held = status == Post.Status.HELD
            Post.objects.filter(id=subject.id).update(status=status, **({"approval": None} if held else {}))
        case Suggestion():
            Suggestion.objects.filter(id=subject.id).update(status=status)
            poke.job_changed(subject.job_id, seq=0)
        case Reply():
            _hold_again(subject)


def _hold_again(reply: Reply) -> None:
    draft = Draft.objects.select_for_update(no_key=True).get(id=reply.draft_id)
    post = Post.objects.select_for_update(no_key=True).get(id=draft.post_id)
    withheld = reply.status == Reply.Status.WITHHELD
    if draft.status != (Draft.Status.WITHHELD if withheld else Draft.Status.RETURNED):
        raise _moved_on(gettext("Its author has done something else with it meanwhile. Nothing was undone."))
    if not withheld and draft.head_number != reply.revision.number:
        raise _moved_on(gettext("Its author writes on already. Nothing was undone."))
    if withheld and post.status in (Post.Status.WAITING, Post.Status.ANSWERED) and not _is_free(post):
        raise _moved_on(gettext("Somebody else has taken the post meanwhile. Nothing was undone."))
    reply.status, reply.note = Reply.Status.HELD, ""
    reply.save(update_fields=["status", "note"])
    cancel_jobs(SuggestionJob.objects.filter(draft=draft), reason="reply_sent")
    Draft.objects.filter(id=draft.id).update(status=Draft.Status.HELD)
    was_on_its_way = Post.objects.filter(id=post.id, status__in=(Post.Status.WAITING, Post.Status.ANSWERED))
    was_on_its_way.update(status=Post.Status.ANSWERED, leased_by=None, leased_until=None)


def _moved_on(words: str) -> Refused:
    return Refused("moved_on", words)


def _lock_way(reply: Reply) -> bool:
    reply.draft = Draft.objects.select_for_update(no_key=True).get(id=reply.draft_id)
    reply.draft.post = Post.objects.select_for_update(no_key=True).get(id=reply.draft.post_id)
    return may_go_after_all(reply)


def _move(reply: Reply, draft: Draft.Status, post: Post.Status) -> None:
    Draft.objects.filter(id=reply.draft_id).update(status=draft)
    Post.objects.filter(id=reply.draft.post_id).update(status=post, leased_by=None, leased_until=None)
