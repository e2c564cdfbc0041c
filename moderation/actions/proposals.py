"""The second person: confirms what the first proposed, or refuses it."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.db.models.functions import Now
from django.utils.translation import gettext

from assistant.actions import Refused
from assistant.streaming import poke
from assistant.transactions import one_transaction
from assistant.vault import audit
from moderation.actions import alerts
from moderation.actions.decisions import Said, as_it_is, make_stale, refuse_others, refuse_unfit, settle
from moderation.actions.stale import StaleFlag
from moderation.models import Decision, Flag, Proposal
from moderation.policy import asks_whether_danger


@one_transaction
def answer_proposal(flag: Flag, *, confirmed: bool, by: Any, reason: str, seen: int) -> Decision | None:
    """Carry the proposal out, or strike it: then the flag waits for another decision. Its proposer can only strike it."""
    flag = as_it_is(flag, seen=seen)
    proposal = flag.proposal()
    if proposal is None:
        raise StaleFlag
    by = get_user_model().objects.get(pk=by.pk)  # as they are now: their rights may have ended since the press
    refuse_others(flag, by=by)
    if not confirmed and not reason.strip():
        raise Refused("reason_missing", gettext("Say why not: the one who proposed it reads it."), status=422)
    if confirmed and proposal.by_id == by.pk:
        raise Refused("same_person", gettext("It takes another person to confirm what you proposed."), status=403)
    said = _said(proposal, flag)
    if confirmed:
        refuse_unfit(flag, said, by=by)  # what fitted when it was proposed need not fit now
    proposal.answered_by, proposal.confirmed, proposal.answer, proposal.answered_at = by, confirmed, reason, Now()
    proposal.save(update_fields=["answered_by", "confirmed", "answer", "answered_at"])
    if confirmed:
        decision = settle(flag, said, by=proposal.by, confirmed_by=by)
        audit.record("flag.confirmed", actor=by, object_type="flag", object_id=flag.id, outcome=said.outcome)
        return decision
    make_stale(flag)
    alerts.alert_of_refused(flag, by=by)
    audit.record("flag.proposal_refused", actor=by, object_type="flag", object_id=flag.id, outcome=said.outcome)
    poke.queue_changed()
    return None


def _said(proposal: Proposal, flag: Flag) -> Said:
    # Where the post was not held when it was proposed, nobody was asked about danger; then nobody can rule it out.
    unasked = proposal.danger is None and asks_whether_danger(flag)
    return Said(
        outcome=proposal.outcome,
        policy=proposal.policy,
        reason=proposal.reason,
        edited_text=proposal.edited_text,
        closed_as=proposal.closed_as,
        missed=bool(proposal.missed),
        danger=True if unasked else proposal.danger,
    )
