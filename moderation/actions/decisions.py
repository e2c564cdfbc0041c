"""Deciding flags: at once, or as a proposal where it takes two."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import F
from django.utils.translation import gettext

from assistant import actions as assistant_actions
from assistant.actions import Refused
from assistant.models import Post, Reply, Suggestion
from assistant.safety.pipeline import screen
from assistant.safety.types import Context, Kind, Level, Severity, Tier
from assistant.streaming import poke
from assistant.transactions import one_transaction
from assistant.translated import reason_words
from assistant.vault import audit
from moderation import policies
from moderation.actions import alerts
from moderation.actions.draws import draw_reviews
from moderation.actions.escalations import keep_open
from moderation.actions.stale import StaleFlag
from moderation.models import Decision, Flag, Outcome, Proposal
from moderation.outcome_words import label_of
from moderation.policy import asks_whether_danger, may_decide, outcomes_for, outcomes_of, takes_two


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody says should become of a flag, as they said it."""

    outcome: str
    policy: str
    reason: str
    edited_text: str = ""
    closed_as: str = ""
    missed: bool = False
    danger: bool | None = None

    def fields(self, flag: Flag) -> dict[str, Any]:
        return {
            "case": flag.case,
            "flag": flag,
            "outcome": self.outcome,
            "policy": self.policy,
            "reason": self.reason,
            "edited_text": self.edited_text if self.outcome == Outcome.EDIT else "",
            "closed_as": self.closed_as if self.outcome == Outcome.CLOSE else "",
            "flag_version": flag.version,
            "revision": flag.revision_seen,
            "missed": self.missed if flag.is_sample else None,
            "danger": self._danger_in(flag),
        }

    def _danger_in(self, flag: Flag) -> bool | None:
        """A yes about a post counts, also where another decision has released it since it was said."""
        return self.danger if asks_whether_danger(flag) or (flag.post is not None and self.danger) else None


@one_transaction
def decide(
    flag: Flag,
    *,
    outcome: str,
    policy: str,
    by: Any,
    reason: str,
    seen: int,
    edited_text: str = "",
    closed_as: str = "",
    missed: bool = False,
    danger: bool | None = None,
) -> Decision | Proposal:
    """Decide on the state of the flag that the person saw (`seen`). Raises StaleFlag when it is no longer that.

    `policy`: a code of moderation.policies. `missed`: of a sampled post, that there were signs of danger in it after all.
    `danger`: of a held post, whether they were real; then a lead has the person from here, until an outcome is given.
    Where it takes two people, the answer is a Proposal, and nothing is carried out yet.
    """
    said = Said(outcome, policy, reason, edited_text, closed_as, missed, danger)
    flag = as_it_is(flag, seen=seen)
    refuse_unfit(flag, said, by=by)
    if flag.proposal() is not None:
        raise Refused("proposed", gettext("A decision on this was proposed already. Confirm it, or refuse it first."))
    if takes_two(flag, said.outcome):
        return _propose(flag, said, by=by)
    return settle(flag, said, by=by)


def as_it_is(flag: Flag, *, seen: int) -> Flag:
    """The flag as it is now, not as it was loaded, locked with its text. Raises StaleFlag when that is not what the person
    saw, or its author took the text back."""
    flag = kept(flag)
    if not flag.is_open or flag.version != seen:
        raise StaleFlag
    if flag.reply is not None and flag.reply.status == Reply.Status.TAKEN_BACK:
        raise StaleFlag
    return flag


def kept(flag: Flag) -> Flag:
    """As it is now, and kept from changing until the act stands, with its text: the author may be taking that back right now.

    The text comes first, as it does for those who write it and then flag it. The rows are locked bare and read afterwards: of
    what it waited for PostgreSQL reads anew the locked row alone, and nothing joined to it, so nobody would stand behind a claim
    that came meanwhile.
    """
    for table, row_id in ((Post, flag.post_id), (Suggestion, flag.suggestion_id), (Reply, flag.reply_id)):
        if row_id is not None:
            table.objects.select_for_update(no_key=True).only("id").get(id=row_id)
    Flag.objects.select_for_update(no_key=True).only("id").get(id=flag.id)
    return Flag.objects.with_subjects().get(id=flag.id)


def _propose(flag: Flag, said: Said, *, by: Any) -> Proposal:
    if said.outcome == Outcome.EDIT:
        check_edit(flag, said)  # rather now than when the second person confirms it
    proposal = Proposal(by=by, **said.fields(flag))
    proposal.save(force_insert=True)
    make_stale(flag)
    alerts.alert_of_proposal(flag, by=by)
    audit.record("flag.proposed", actor=by, object_type="flag", object_id=flag.id, outcome=said.outcome)
    poke.queue_changed()
    return proposal


def make_stale(flag: Flag) -> None:
    """Older pages of it are behind from now on, and nobody has it."""
    Flag.objects.filter(id=flag.id).update(version=F("version") + 1, claimed_by=None, claimed_until=None)


def settle(flag: Flag, said: Said, *, by: Any, confirmed_by: Any | None = None) -> Decision:
    """Close the flag and carry the decision out; inside the caller's transaction, with flag and text locked."""
    if not flag.close(seen=flag.version, status=Flag.Status.DECIDED):
        raise StaleFlag
    subject = flag.subject
    decision = Decision(by=by, confirmed_by=confirmed_by, before=subject.status, **said.fields(flag))
    decision.save(force_insert=True)
    if decision.missed and isinstance(subject, Post):
        subject.raise_tier(Tier.REVIEW)
    if flag.is_appeal:
        _answer_appeal(decision, subject)
    else:
        _carry_out(decision, subject, said)
    if decision.danger:
        keep_open(flag, by=by, reason=decision.reason)
    audit.record(
        "flag.decided",
        actor=confirmed_by or by,
        object_type="flag",
        object_id=flag.id,
        outcome=decision.outcome,
        code=",".join(flag.codes)[:100],
    )
    draw_reviews(decision)
    poke.queue_changed()
    return decision


def refuse_unfit(flag: Flag, said: Said, *, by: Any) -> None:
    refuse_others(flag, by=by)
    if said.outcome not in outcomes_for(flag):
        raise Refused(
            "unfit_outcome",
            gettext("“%(outcome)s” does not fit this kind of text.") % {"outcome": label_of(said.outcome)},
            status=422,
        )
    if said.outcome not in outcomes_of(by, flag):
        raise Refused(
            "lead_decides",
            gettext(
                "This post was given to a lead, through another flag. They say what becomes of it. Nothing was done."
            ),
            status=403,
        )
    if said.policy not in policies.BY_CODE:
        raise Refused("policy_missing", gettext("Choose the policy that you decided by."), status=422)
    if not said.reason.strip():
        raise Refused(
            "reason_missing", gettext("Give a reason: the next person must be able to follow it."), status=422
        )
    if said.outcome == Outcome.CLOSE and said.closed_as not in Decision.Closing:
        raise Refused("closing_missing", gettext("Say what came of it, then close it."), status=422)
    if asks_whether_danger(flag) and said.danger is None:
        raise Refused(
            "danger_missing",
            gettext("Say whether somebody may be in danger: it decides who looks after them."),
            status=422,
        )


def refuse_others(flag: Flag, *, by: Any) -> None:
    if not may_decide(by, flag):
        raise Refused(
            "not_yours",
            gettext(
                "This one is not yours to decide: it was escalated, it is about something of your own, or you decided it "
                "before."
            ),
            status=403,
        )
    claimer = flag.claimer()
    if claimer is not None and claimer.pk != by.pk:
        raise Refused("claimed", gettext("Somebody else is reviewing this right now. Take it over first, or wait."))


def _carry_out(decision: Decision, subject: Post | Suggestion | Reply, said: Said) -> None:
    match decision.outcome:
        case Outcome.APPROVE:
            assistant_actions.release(subject, approval=decision.id)
        case Outcome.EDIT:
            check_edit(decision.flag, said)
            assistant_actions.release(
                subject, approval=decision.id, edited_text=decision.edited_text, note=decision.reason
            )
        case Outcome.RETURN:
            assert isinstance(subject, Reply)
            assistant_actions.return_reply(subject, note=decision.reason)
        case Outcome.REJECT:
            assistant_actions.withhold(subject, note=decision.reason)


def _answer_appeal(decision: Decision, reply: Post | Suggestion | Reply) -> None:
    """What went out, and whose way is taken meanwhile, stays as it is: then the answer is words alone."""
    assert isinstance(reply, Reply)
    if decision.outcome == Outcome.OVERTURN:
        assistant_actions.send_after_all(reply, approval=decision.id)
    elif decision.outcome == Outcome.RETURN:
        assistant_actions.return_after_all(reply, note=decision.reason)


def check_edit(flag: Flag, said: Said) -> None:
    """A moderator's words are screened like anybody's; what a phase would hold is not sent by an edit."""
    if not said.edited_text.strip():
        raise Refused(
            "edit_missing", gettext("Write the text as it should be sent, or choose another outcome."), status=422
        )
    if said.edited_text.strip() == flag.subject.text.strip():
        raise Refused(
            "edit_same",
            gettext("This is the text as it was. Change it under “Edit the text”, or approve it as it is."),
            status=422,
        )
    post = flag.subject_post
    kind = Kind.REPLY if flag.reply is not None else Kind.SUGGESTION
    screening = screen(
        said.edited_text,
        Context(kind=kind, language=post.language, country=post.country, post=post.text, level=Level(post.level)),
    )
    if screening.held:
        reasons = "; ".join(
            sorted(
                {reason_words(finding.reason) for finding in screening.findings if finding.severity >= Severity.HOLD}
            )
        )
        raise Refused(
            "edit_held",
            gettext("The edited text would be held again: %(reasons)s Change it further, or choose another outcome.")
            % {"reasons": reasons},
            status=422,
        )
