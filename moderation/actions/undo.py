"""Taking a decision back, as long as nothing came of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext

from assistant import actions as assistant_actions
from assistant.actions import Refused
from assistant.models import Post, Reply, Suggestion
from assistant.streaming import poke
from assistant.transactions import one_transaction
from assistant.vault import audit
from moderation.actions import alerts
from moderation.actions.decisions import kept
from moderation.models import Decision, Escalation, Flag, Outcome, Undo
from moderation.policy import has_the_role

WINDOW = timedelta(seconds=60)
# What these make of a text is inside the building: the state it then has.
LEADS_TO: dict[tuple[type, str], str] = {
    (Post, Outcome.APPROVE): Post.Status.WAITING,
    (Post, Outcome.REJECT): Post.Status.CLOSED,
    (Suggestion, Outcome.REJECT): Suggestion.Status.WITHHELD,
    (Reply, Outcome.RETURN): Reply.Status.RETURNED,
    (Reply, Outcome.REJECT): Reply.Status.WITHHELD,
}
CHANGE_NOTHING = (Outcome.CLOSE, Outcome.UPHOLD)


def may_undo(decision: Decision, user: Any) -> bool:
    """Whether it is still theirs, new, and of a kind that stays inside. `undo` looks again at what became of the text."""
    flag = decision.flag
    stays = decision.outcome in CHANGE_NOTHING or (type(flag.subject), decision.outcome) in LEADS_TO
    of_appeal = flag.is_appeal and decision.outcome not in CHANGE_NOTHING  # its writer was told that they were right
    in_time = decision.at >= timezone.now() - WINDOW
    return (
        decision.is_by(user)
        and has_the_role(user, flag)  # who proposed it may have handed it on to a lead, who confirmed it
        and stays
        and not of_appeal
        and in_time
        and not Undo.objects.filter(decision=decision).exists()
    )


@one_transaction
def undo(decision: Decision, *, by: Any) -> Undo:
    """Put the text back to where it was and open the flag again. The decision stays on record, with this beside it."""
    flag = kept(decision.flag)
    decision = Decision.objects.select_related("case", "flag").get(id=decision.id)
    decision.flag = flag
    if flag.status != Flag.Status.DECIDED or not may_undo(decision, by):
        raise Refused("too_late", gettext("This can no longer be undone. What was decided stands."))
    if hasattr(decision, "appeal"):
        raise Refused("appealed", gettext("Its author has asked for another look meanwhile. Nothing was undone."))
    _refuse_second_flag(flag)
    _refuse_overruled(decision)
    subject = flag.subject
    if decision.outcome not in CHANGE_NOTHING and subject.status != decision.before:
        if subject.status != LEADS_TO[type(subject), decision.outcome]:
            raise Refused("moved_on", gettext("Something else has become of this text meanwhile. Nothing was undone."))
        assistant_actions.restore(subject, status=decision.before)
    row = Undo(case=flag.case, decision=decision, by=by)
    row.save(force_insert=True)
    alerts.end_with_decision(flag)
    Flag.objects.filter(id=flag.id).update(status=Flag.Status.OPEN, version=F("version") + 1, closed_at=None)
    flag.refresh_from_db(fields=["status"])
    _tell_of(flag)
    audit.record("flag.undone", actor=by, object_type="flag", object_id=flag.id, outcome=decision.outcome)
    poke.queue_changed()
    return row


def _refuse_overruled(decision: Decision) -> None:
    """What somebody decided later about the same text, on another flag, stands."""
    if decision.outcome in CHANGE_NOTHING:
        return
    flag = decision.flag
    about = {"flag__post": flag.post, "flag__suggestion": flag.suggestion, "flag__reply": flag.reply}
    later = Decision.objects.standing().filter(at__gte=decision.at, **about).exclude(id=decision.id)
    if later.exists():
        raise Refused("moved_on", gettext("Somebody has decided about this text since. Nothing was undone."))


def _tell_of(flag: Flag) -> None:
    """What people were told of the flag ended with the decision, and so did the hand-over of a reply or a suggestion."""
    alerts.alert_of_flag(flag)
    for hand_over in Escalation.objects.open().filter(flag=flag).select_related("flag"):
        alerts.alert_of_hand_over(hand_over)


def _refuse_second_flag(flag: Flag) -> None:
    """A person has one open flag about one text."""
    about = {"post": flag.post, "suggestion": flag.suggestion, "reply": flag.reply}
    if flag.raised_by_id is not None and Flag.objects.open().filter(raised_by=flag.raised_by_id, **about).exists():
        raise Refused("raised_again", gettext("Somebody asked for a look at this again meanwhile. Decide that one."))
