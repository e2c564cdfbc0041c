"""Who is reviewing what right now: taking, renewing, passing on, taking over. A claim is a lease and ends by itself."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db.models.functions import Now
from django.utils.translation import gettext

from assistant.actions import Refused
from assistant.models import AuditEvent
from assistant.models.clock import from_now
from assistant.streaming import poke
from assistant.transactions import one_transaction
from assistant.vault import audit
from moderation import policy
from moderation.actions import alerts
from moderation.actions.reviews import claim_review
from moderation.actions.stale import StaleFlag
from moderation.models import Flag, Pass, Proposal, Review, TakeOver
from moderation.models.flags import FlagQuerySet
from moderation.reviews import next_for
from moderation.stand_in import flag_of

VIEWED = ("flag.viewed", "review.viewed")  # what the audit log says of an opened page


@one_transaction
def claim_flag(flag: Flag, *, by: Any, taken_from: Any | None = None) -> None:
    """Review this flag for a while; renewed by calling again. `taken_from`: whose claim it was until now."""
    _refuse_others(flag, by)
    if not flag.claim(by, until=from_now(settings.CLAIM_LEASE)):
        raise Refused("claimed", gettext("Somebody else is reviewing this right now."))
    alerts.acknowledge_flag(flag, by=by, taken_from=taken_from)
    audit.record("flag.claimed", actor=by, object_type="flag", object_id=flag.id)
    poke.queue_changed()


def renew_claim(flag: Flag, *, by: Any) -> bool:
    """The person is still at it. Neither told nor recorded: nothing changed hands."""
    return flag.renew_claim(by, until=from_now(settings.CLAIM_LEASE))


@one_transaction
def end_claim(flag: Flag, *, by: Any) -> None:
    """Their alerts go to others, also where the claim ran out before; not where somebody else took the flag since."""
    ended = flag.end_claim(by)
    if ended or not Flag.objects.filter(id=flag.id, claimed_until__gte=Now()).exists():
        alerts.give_up_flag(flag, by=by)
    if ended:
        audit.record("flag.claim_ended", actor=by, object_type="flag", object_id=flag.id)
        poke.queue_changed()


@one_transaction
def take_next(by: Any) -> Flag | None:
    """Claim the most urgent flag that nobody reviews; two people who ask at the same moment get different ones."""
    unfit: list[Any] = []
    while True:
        rows = handed_to(by).exclude(id__in=unfit).in_order().with_subjects()
        flag = rows.select_for_update(of=("self",), skip_locked=True).first()
        review = next_for(by, before=flag)
        if review is not None:
            if _is_claimed(review, by):
                return flag_of(review)
            continue  # somebody else has it since a moment ago, so it is not found again
        if flag is None:
            return None
        try:
            claim_flag(flag, by=by)
        except Refused:
            unfit.append(flag.id)
        else:
            return flag


@one_transaction
def hand_next(by: Any) -> Flag | None:
    """The next one for somebody who pressed for it. A second press, or one whose answer was lost on its way, takes no second
    flag: what was handed to them and never opened is handed again, instead of waiting under a name that does not know of it."""
    get_user_model().objects.select_for_update(no_key=True).get(pk=by.pk)  # two presses at once take turns
    return _unopened(by) or take_next(by)


def _unopened(by: Any) -> Flag | None:
    flags = Flag.objects.open().for_person(by).exclude(passes__by=by)
    mine = flags.filter(claimed_by=by, claimed_until__gte=Now()).in_order().with_subjects()
    reviews = Review.objects.waiting_for(by).filter(by=by).with_subjects()
    held = [*mine, *(flag_of(review) for review in reviews)]
    return next((flag for flag in held if not _was_opened(flag, by)), None)


def _was_opened(flag: Flag, by: Any) -> bool:
    seen = AuditEvent.objects.filter(object_id=str(flag.id), actor=str(by.pk), action__in=VIEWED)
    return seen.filter(at__gte=flag.claimed_at).exists()


def _is_claimed(review: Review, by: Any) -> bool:
    try:
        claim_review(review, by=by)
    except Refused:
        return False
    return True


def handed_to(user: Any) -> FlagQuerySet:
    """What "next" may hand to this person: free, theirs to decide, not one that they passed on, and not one that waits for
    somebody else to confirm what they proposed."""
    flags = Flag.objects.open().for_person(user).free()
    proposed = Proposal.objects.filter(by=user, answered_at=None).values("flag")
    return flags.exclude(passes__by=user).exclude(reply__draft__author=user).exclude(id__in=proposed)


@one_transaction
def pass_flag(flag: Flag, *, by: Any) -> None:
    """Leave it to others. Told and recorded is what ends by it, a claim or an alert, and nothing where there was none."""
    Pass.objects.get_or_create(flag=flag, by=by)
    end_claim(flag, by=by)


@one_transaction
def take_over(flag: Flag, *, by: Any, taken_from: str, reason: str) -> None:
    """End the claim of the person whom the page named, and begin one's own. Raises StaleFlag when the page is older."""
    if not reason.strip():
        raise Refused("reason_missing", gettext("Say in a line why you take this over."), status=422)
    Flag.objects.select_for_update(no_key=True).only("id").get(id=flag.id)  # bare, as in decisions.kept
    alerts.lock(flag)
    flag = Flag.objects.with_subjects().get(id=flag.id)
    _refuse_others(flag, by)
    claimer = flag.claimer()
    if not flag.is_open or (claimer is not None and claimer.pk != by.pk and str(claimer.pk) != taken_from):
        raise StaleFlag
    if claimer is not None and claimer.pk != by.pk:
        Flag.objects.filter(id=flag.id).update(claimed_by=None, claimed_until=None)
        over = TakeOver(case=flag.case, flag=flag, by=by, taken_from=claimer, reason=reason)
        over.save(force_insert=True)
        audit.record("flag.taken_over", actor=by, object_type="flag", object_id=flag.id, code=str(claimer.pk))
    claim_flag(flag, by=by, taken_from=claimer)


def _refuse_others(flag: Flag, by: Any) -> None:
    if not policy.may_decide(by, flag):
        raise Refused(
            "not_yours",
            gettext("This one is not yours to decide: it was escalated, or it is about something of your own."),
            status=403,
        )
