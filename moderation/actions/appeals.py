"""A supporter asks for another look at a decision about their reply."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext

from assistant import triage
from assistant.actions import Refused
from assistant.models import Reply
from assistant.safety.types import Severity
from assistant.signals import Concern
from assistant.transactions import one_transaction
from assistant.vault import audit
from moderation.actions.flags import open_flag
from moderation.models import Appeal, Decision, Outcome

APPEALABLE = (Outcome.EDIT, Outcome.RETURN, Outcome.REJECT)


@one_transaction
def appeal(reply: Reply, *, words: str, by: Any) -> Appeal:
    """Once for each decision, in their own words. Somebody else than who decided answers it."""
    reply = Reply.objects.select_for_update(of=("self",), no_key=True).select_related("case").get(id=reply.id)
    decision = decision_about(reply)
    if decision is None or decision.outcome not in APPEALABLE:
        raise Refused(
            "nothing_to_appeal", gettext("Nothing was decided about this reply that could be looked at again.")
        )
    if Appeal.objects.filter(decision=decision).exists():
        raise Refused("appealed", gettext("You have asked for another look at this already. The answer comes here."))
    if not words.strip():
        raise Refused("words_missing", gettext("Say what should be looked at again."), status=422)
    flag = open_flag(reply, screening=None, concern=Concern(triage.APPEALED, Severity.REVIEW), by=by)
    row = Appeal(case=reply.case, decision=decision, flag=flag, by=by, words=words)
    row.save(force_insert=True)
    audit.record("reply.appealed", actor=by, object_type="reply", object_id=reply.id, outcome=decision.outcome)
    return row


def decision_about(reply: Reply) -> Decision | None:
    """The latest that stands, other than the answer to an appeal."""
    rows = Decision.objects.standing().filter(flag__reply=reply, flag__appeal=None)
    return rows.select_related("case", "by").order_by("-at").first()
