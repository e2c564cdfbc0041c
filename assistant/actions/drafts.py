"""A draft is saved, as numbered revisions that are never changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.utils.translation import gettext

from assistant import changes as change_list
from assistant import provenance
from assistant.actions.refused import Refused, StaleRevision
from assistant.actions.returned import keep_for_author
from assistant.models import Draft, DraftRevision, Suggestion
from assistant.models.clock import from_now
from assistant.transactions import one_transaction
from assistant.vault import audit

LOOK_BACK = 8  # revisions in which an undo looks for the words that it brings back


@one_transaction
def save_revision(
    draft: Draft,
    *,
    text: str,
    base: int,
    origin: str = DraftRevision.Origin.TYPED,
    accepted: str = "",
    pasted: Sequence[str] = (),
    marked: provenance.Marked | None = None,
    suggested: Sequence[Suggestion] | None = None,
) -> tuple[DraftRevision, DraftRevision | None]:
    """Keep the text as the next revision, and renew the lease.

    `accepted`: what an accepted change put in. `pasted`: what came in whole since `base`. `marked`: whose words the text is
    made of, where that is known; else it is carried on from the revisions before. `suggested`: visible_suggestions(draft), where
    somebody has read them already. Returns the head and, when the page was
    stale, the branch in which its text was kept instead. A text that equals the head adds nothing.
    """
    number = draft.next_number()
    head = draft.head()
    if head is not None and head.text == text:
        Draft.objects.filter(id=draft.id).update(last_number=number - 1)
        _renew_lease(draft)
        return head, None
    stale = head is not None and base != head.number
    if marked is None:
        suggested = visible_suggestions(draft) if suggested is None else suggested
        shown = [one.text for one in suggested]
        marked = _carried(draft, shown, text=text, base=base, origin=origin, accepted=accepted, pasted=pasted)
    revision = DraftRevision(
        case=draft.case,
        draft=draft,
        number=number,
        base_number=base,
        text=text,
        origin=origin,
        model_spans=marked.spans,
        pasted_spans=marked.pasted,
        branched=stale,
    )
    revision.save(force_insert=True)
    if stale:
        assert head is not None
        return head, revision
    Draft.objects.filter(id=draft.id).update(head_number=number)
    draft.head_number = number
    _renew_lease(draft)
    return revision, None


def _carried(
    draft: Draft, shown: Sequence[str], *, text: str, base: int, origin: str, accepted: str, pasted: Sequence[str]
) -> provenance.Marked:
    older = draft.revisions.filter(number__lte=base).select_related("case").order_by("-number")[:LOOK_BACK]
    earlier = [row.marked for row in reversed(older)]
    has_base = bool(older) and older[0].number == base
    return provenance.carry(
        earlier[-1] if has_base else provenance.Marked(""),
        text,
        origin=provenance.Origin(origin),
        model_texts=shown,
        accepted=accepted,
        pasted=pasted,
        earlier=earlier,
    )


def head_after_saving(
    draft: Draft,
    *,
    text: str,
    base: int,
    origin: str = DraftRevision.Origin.TYPED,
    accepted: str = "",
    pasted: Sequence[str] = (),
    suggested: Sequence[Suggestion] | None = None,
) -> DraftRevision:
    """Save and go on with what was saved. Raises Refused when the draft is closed, StaleRevision when the page was old."""
    refuse_if_closed(draft)
    head, branch = save_revision(
        draft, text=text, base=base, origin=origin, accepted=accepted, pasted=pasted, suggested=suggested
    )
    if branch is not None:
        # Callers save before they begin a transaction of their own: the branch must survive this.
        raise StaleRevision(head=head, branch=branch)
    return head


@one_transaction
def restore_revision(draft: Draft, *, revision: DraftRevision, base: int, by: Any) -> DraftRevision:
    """Make the words of an earlier revision the newest one, with whose words they are; what stood there stays in the history.

    Raises Refused; StaleRevision cannot come of it: where the page is behind, nothing is written.
    """
    refuse_if_closed(draft)
    if Draft.objects.select_for_update(no_key=True).get(id=draft.id).head_number != base:
        raise Refused(
            "changed_meanwhile",
            gettext("The draft was changed in another window meanwhile. Look at it again first."),
        )
    head, _ = save_revision(
        draft, text=revision.text, base=base, origin=DraftRevision.Origin.RESTORED, marked=revision.marked
    )
    audit.record("draft.restored", actor=by, object_type="draft", object_id=draft.id, code=str(revision.number))
    return head


def refuse_if_closed(draft: Draft) -> None:
    """Raises Refused."""
    if not draft.is_open:
        raise Refused(
            "closed", gettext("This reply was already sent, or a moderator is reading it. It cannot be changed here.")
        )


def _renew_lease(draft: Draft) -> None:
    if draft.status == Draft.Status.WRITING:
        draft.post.lease(draft.author_id, until=from_now(settings.POST_LEASE))
    elif draft.status == Draft.Status.RETURNED:
        keep_for_author(draft)


def visible_suggestions(draft: Draft) -> list[Suggestion]:
    return list(
        Suggestion.objects.filter(job__draft=draft, status__in=Suggestion.VISIBLE)
        .select_related("case", "model_version")
        .order_by("created_at")
    )


def enough_to_ask(text: str) -> bool:
    """The improvement model works on the supporter's own words: some must be there."""
    if len(text.split()) >= settings.MIN_ASK_WORDS:
        return True
    return sum(len(sentence.split()) > 1 for sentence in change_list.sentences_in(text)) >= settings.MIN_ASK_SENTENCES
