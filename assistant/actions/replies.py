"""A reply is sent or held, and taken back while it is held."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext

from assistant import disclosure, provenance, triage
from assistant.actions.drafts import visible_suggestions
from assistant.actions.growth import keep_numbers
from assistant.actions.refused import Refused
from assistant.actions.returned import keep_for_author
from assistant.actions.screenings import keep_screening
from assistant.actions.suggestions import cancel_jobs
from assistant.models import Draft, DraftRevision, Post, Reply, SuggestionJob
from assistant.safety.pipeline import screen
from assistant.safety.types import Context, Kind, Level, Screening
from assistant.transactions import one_transaction
from assistant.vault import audit


@one_transaction
def send_reply(draft: Draft, *, by: Any, revision: DraftRevision) -> Reply:
    """Send the revision, or hold it for a moderator when a phase or the level of the post says so.

    The final words are what is screened.
    """
    # Locks the draft for the rest of the transaction, and lets exactly one of two clicks through.
    open_states = (Draft.Status.WRITING, Draft.Status.RETURNED)
    if not Draft.objects.filter(id=draft.id, status__in=open_states, head_number=revision.number).update(
        status=Draft.Status.HELD
    ):
        raise Refused(
            "closed",
            gettext("This reply was already sent, or it changed in another window. Reload the page to see it."),
        )
    post = Post.objects.select_for_update(of=("self",), no_key=True).select_related("case").get(id=draft.post_id)
    refusal = _taken_by_others(draft, post, by=by)
    if refusal is not None:
        raise refusal
    text, marked = revision.text, revision.marked
    share = provenance.model_share(marked)
    if disclosure.is_too_much(share):
        raise Refused(
            "too_much_suggested",
            gettext(
                "%(share)s of these words were suggested, and at most %(most)s may be. "
                "Say more of it in your own words, then send it. Nothing is lost."
            )
            % {"share": f"{share:.0%}", "most": f"{settings.MAX_SUGGESTED_SHARE:.0%}"},
            status=422,
        )
    screening = screen_reply(text, post)
    held = screening.held
    reply = Reply(
        case=draft.case,
        draft=draft,
        revision=revision,
        text=text,
        status=Reply.Status.HELD if held else Reply.Status.SENT,
        model_share=share,
        disclosure=disclosure.line_for(share),
        mark=disclosure.mark_for(marked, visible_suggestions(draft)),
        was_held=held,
        screening_version=screening.version,
        sent_at=None if held else timezone.now(),
    )
    reply.save(force_insert=True)
    cancel_jobs(SuggestionJob.objects.filter(draft=draft), reason="reply_sent")
    Draft.objects.filter(id=draft.id).update(status=Draft.Status.HELD if held else Draft.Status.SENT)
    Post.objects.filter(id=post.id).update(status=Post.Status.ANSWERED, leased_by=None, leased_until=None)
    keep_screening(reply, screening)
    audit.record(
        "reply.sent" if not held else "reply.held",
        actor=by,
        object_type="reply",
        object_id=reply.id,
        outcome=reply.status,
    )
    keep_numbers(reply)
    return reply


def why_unsendable(draft: Draft, *, by: Any) -> str:
    """What became of the post of an open draft meanwhile, so that nobody writes on for an hour to hear it when they send."""
    if not draft.is_open:
        return ""
    refusal = _taken_by_others(draft, Post.objects.get(id=draft.post_id), by=by)
    return str(refusal) if refusal is not None else ""


def _taken_by_others(draft: Draft, post: Post, *, by: Any) -> Refused | None:
    if post.status not in (Post.Status.WAITING, Post.Status.ANSWERED):
        return Refused(
            "post_closed", gettext("A moderator took this post over. Your draft is kept; it will not be sent.")
        )
    if post.status == Post.Status.ANSWERED and draft.status != Draft.Status.RETURNED:
        return Refused(
            "answered", gettext("Somebody else has answered this post meanwhile. Your draft is kept; it was not sent.")
        )
    if post.is_leased_to_another(by):
        return Refused(
            "leased",
            gettext("Somebody else is answering this post now, because yours rested too long. Your draft is kept."),
        )
    return None


def screen_reply(text: str, post: Post) -> Screening:
    """What would be found if this were sent now. Stores nothing, so a writer can ask beforehand."""
    context = Context(
        kind=Kind.REPLY, language=post.language, country=post.country, post=post.text, level=Level(post.level)
    )
    screening = screen(text, context)
    if triage.handling(post.level).hold_reply:
        screening = replace(screening, findings=(*screening.findings, triage.level_hold()))
    return screening


@one_transaction
def take_back_reply(reply: Reply, *, by: Any) -> None:
    """The supporter takes a held reply back to write on; a decision made on it meanwhile is refused as stale."""
    if not Reply.objects.filter(id=reply.id, status=Reply.Status.HELD).update(status=Reply.Status.TAKEN_BACK):
        raise Refused("decided", gettext("A moderator has decided meanwhile. Reload the page to see how."))
    Draft.objects.filter(id=reply.draft_id).update(status=Draft.Status.RETURNED)
    keep_for_author(reply.draft)
    audit.record("reply.taken_back", actor=by, object_type="reply", object_id=reply.id)
