"""A candidate is tried on a share of the jobs, or in their shadow, until a rule fires, a limit is met or a person stops it."""

from __future__ import annotations

import logging
import uuid
from datetime import timedelta
from typing import Any

from django.db import DatabaseError, IntegrityError, transaction
from django.db.models.functions import Now
from django.utils.translation import gettext

from assistant import canary_figures, stop_rules
from assistant.actions import deployments
from assistant.actions.refused import Refused
from assistant.actions.sign_offs import lack_of
from assistant.inference.types import Mode
from assistant.lineage import Gate
from assistant.models import (
    AuditEvent,
    Canary,
    CanaryTrouble,
    Deployment,
    ModelVersion,
    ShadowRun,
    SuggestionJob,
    clock,
)
from assistant.models.canary import MOST_DAYS, MOST_JOBS, MOST_SHARE
from assistant.models.clock import from_now
from assistant.models.suggestion import JobQuerySet
from assistant.stop_rules import Arm, BadRules, StopRules
from assistant.streaming import poke
from assistant.vault import audit

log = logging.getLogger("lantern.canary")

# Of the base's file. The candidate lies in every worker's memory beside what is active.
LARGEST_CANDIDATE = 0.25
DIED = "worker_died"


# Starting


def start_canary(
    candidate: ModelVersion,
    *,
    kind: Canary.Kind,
    share: int,
    rules: StopRules,
    most_jobs: int,
    most_days: int,
    by: Any,
    gate: Gate | None = None,
) -> Canary:
    """From the next request on. What people will see needs what activating it would need: papers, the gate and, where real people
    are answered, the panel's signature. A shadow needs the papers alone. Raises Refused."""
    _refuse_beyond(share=share, most_jobs=most_jobs, most_days=most_days)
    active = _active_beside(candidate)
    mode = Mode(candidate.mode)
    deployments.refuse_unfit_to_try(candidate, gate=gate)
    with transaction.atomic():
        audit.take_turn()
        passed = {}
        if kind == Canary.Kind.CANARY:
            passed = deployments.let_through(candidate, mode=mode, by=by, gate=gate)
        canary = Canary(
            kind=kind, mode=mode, candidate=candidate, active=active, share=share, rules=rules.to_json(),
            most_jobs=most_jobs, most_days=most_days, passed=passed, started_by=by,
        )  # fmt: skip
        try:
            with transaction.atomic():
                canary.save(force_insert=True)
        except IntegrityError:
            raise Refused(
                "one_runs",
                gettext(
                    "A trial of what asks to %(mode)s runs already. Stop it first: models stop-canary --mode %(mode)s."
                )
                % {"mode": mode},
            ) from None
        digest = stop_rules.hash_of(canary.rules)
        audit.record("canary.started", actor=by, object_type="canary", object_id=canary.id, code=digest, outcome=kind)
    canary.refresh_from_db(fields=["started_at"])
    return canary


def _refuse_beyond(*, share: int, most_jobs: int, most_days: int) -> None:
    limits = (("share", share, MOST_SHARE), ("jobs", most_jobs, MOST_JOBS), ("days", most_days, MOST_DAYS))
    for name, given, most in limits:
        if not 1 <= given <= most:
            raise Refused("limits", f"{name} is {given}; want a whole number from 1 to {most}.", status=422)


def _active_beside(candidate: ModelVersion) -> ModelVersion:
    """What answers in the candidate's mode, if one worker can hold both. Raises Refused."""
    said = {"candidate": candidate.name, "mode": candidate.mode}
    if candidate.kind != ModelVersion.Kind.ADAPTER:
        raise Refused(
            "no_adapter",
            gettext(
                "%(candidate)s is no adapter. Only an adapter can be tried: it lies beside the active model on one base."
            )
            % said,
        )
    active = Deployment.active_version(Mode(candidate.mode))
    if active is None:
        raise Refused(
            "nothing_active", gettext("Nothing answers what asks to %(mode)s yet: activate a model first.") % said
        )
    if active.sha256 == candidate.sha256:
        raise Refused("is_active", gettext("%(candidate)s answers already.") % said)
    loaded, base = Deployment.loaded_for(active), Deployment.base_for(candidate)
    said |= {"active": active.name, "loaded": loaded.name, "base": base.name, "size": f"{candidate.size:,}"}
    if loaded != base:
        raise Refused(
            "other_base",
            gettext(
                "%(candidate)s needs %(base)s in memory; %(active)s answers from %(loaded)s, and a worker holds one base."
                " Activate %(base)s or an adapter on it first, or compare the two with python -m evaluation.gate."
            )
            % said,
        )
    if candidate.size > base.size * LARGEST_CANDIDATE:
        raise Refused(
            "too_large",
            gettext(
                "%(candidate)s has %(size)s bytes, more than a quarter of %(base)s: workers have no room for it beside the"
                " active adapter. Train one of a lower rank."
            )
            % said,
        )
    return active


# Ending


def stop_canary(canary: Canary, *, by: Any) -> bool:
    """False where it had ended before."""
    with transaction.atomic():
        return _end(canary, Canary.Outcome.ENDED, reason="stopped", by=by)


def mark_seen(canary: Canary, *, by: Any) -> bool:
    """An admin knows that it was rolled back, so that nobody has to be told again."""
    with transaction.atomic():
        seen = Canary.unseen().filter(id=canary.id).update(seen_by=by, seen_at=Now())
        if seen:
            audit.record("canary.seen", actor=by, object_type="canary", object_id=canary.id)
    return seen > 0


def judge(canary_id: uuid.UUID) -> Canary.Outcome | None:
    """Hold the two arms against the rules, and end the canary where one fires; in one transaction. None: it goes on.

    What cannot be judged is not tried any longer. Any number of processes may ask this at once: one of them ends it.
    """
    with transaction.atomic():
        rows = Canary.objects.running().select_for_update(of=("self",))
        canary = rows.select_related("candidate", "active").filter(id=canary_id).first()
        if canary is None:
            return None
        outcome, reason = _verdict_on(canary)
        if outcome is None or not _end(canary, outcome, reason=reason):
            return None
    return outcome


def judge_all() -> None:
    """Those that run: time passes and people report without any job that ends."""
    for canary_id in list(Canary.objects.running().values_list("id", flat=True)):
        judge(canary_id)


def _verdict_on(canary: Canary) -> tuple[Canary.Outcome | None, str]:
    answering = Deployment.active_version(Mode(canary.mode))
    if answering is None or answering.id != canary.active_id:
        now = answering is not None and answering.sha256 == canary.candidate.sha256
        return (Canary.Outcome.PROMOTED, "activated") if now else (Canary.Outcome.ENDED, "active_changed")
    if canary.kind == Canary.Kind.CANARY and lack_of(canary.candidate):
        return Canary.Outcome.ROLLED_BACK, "sign_off"
    try:
        rules = _rules_of(canary)
        candidate, active = canary_figures.arms_of(canary)
        fired = stop_rules.fired(rules, candidate=candidate, active=active)
    except DatabaseError:
        raise
    except BadRules:
        return Canary.Outcome.ROLLED_BACK, "rules_changed"
    except Exception as error:
        log.exception("canary_not_judged", extra={"canary": str(canary.id), "error": type(error).__name__})
        return Canary.Outcome.ROLLED_BACK, "not_judged"
    if fired is not None:
        return Canary.Outcome.ROLLED_BACK, fired.rule
    if candidate.jobs >= canary.most_jobs:
        return Canary.Outcome.ENDED, "jobs"
    if clock.now() >= canary.started_at + timedelta(days=canary.most_days):
        return Canary.Outcome.ENDED, "days"
    return None, ""


def _rules_of(canary: Canary) -> StopRules:
    """As they were written at the start, says the audit log. Raises BadRules."""
    started = AuditEvent.objects.filter(action="canary.started", object_id=str(canary.id)).first()
    if started is None or started.code != stop_rules.hash_of(canary.rules):
        raise BadRules(f"canary {canary.id}: its rules are not those that it was started with.")
    return StopRules.from_json(canary.rules)


def _end(canary: Canary, outcome: Canary.Outcome, *, reason: str, by: Any = None) -> bool:
    """By claim, with what it showed; the candidate's jobs go to the active model."""
    figures = _figures(canary)
    ended = Canary.objects.running().filter(id=canary.id)
    if not ended.update(outcome=outcome, reason=reason, ended_by=by, ended_at=Now(), figures=figures):
        return False
    _give_back_jobs(canary)
    canary.shadows.live().end(ShadowRun.Status.CANCELLED, reason="canary_ended")
    audit.record(f"canary.{outcome}", actor=by, object_type="canary", object_id=canary.id, code=reason)
    level = logging.WARNING if outcome == Canary.Outcome.ROLLED_BACK else logging.INFO
    log.log(level, "canary_ended", extra={"canary": str(canary.id), "code": reason})
    return True


def _figures(canary: Canary) -> dict[str, Any]:
    try:
        return stop_rules.to_json(*canary_figures.arms_of(canary))
    except DatabaseError:
        raise
    except Exception:  # it has to end all the same
        return stop_rules.to_json(Arm(), Arm())


def _give_back_jobs(canary: Canary) -> None:
    """The runner notices that its fence is gone and stops the model; the page forgets the pieces and gets the next attempt's."""
    jobs = canary.jobs.filter(arm=SuggestionJob.Arm.CANDIDATE)
    for job_id in list(jobs.running().values_list("id", flat=True)):
        if jobs.running().filter(id=job_id).put_back(rung_at=_overdue()):
            log.info("job_put_back", extra={"job": str(job_id), "code": "canary_ended"})
            poke.job_changed(job_id, seq=0)


# Troubles of the candidate


def fall_back(job: SuggestionJob, *, mine: JobQuerySet, code: str, again: bool) -> bool:
    """The candidate could not, so the active model answers: in this run, or `again` in the next. Whether the job was still ours.

    It costs the person no attempt.
    """
    canary_id = job.canary_id
    assert canary_id is not None
    with transaction.atomic():
        fell = SuggestionJob.Arm.FELL_BACK
        if not (mine.put_back(arm=fell, rung_at=_overdue()) if again else mine.update(arm=fell) == 1):
            return False
        note_trouble(canary_id, job.id, code)
    job.arm = fell
    log.warning("candidate_failed", extra={"job": str(job.id), "code": code})
    return True


def note_deaths(canary_id: uuid.UUID, row_id: uuid.UUID, *, died: int) -> None:
    """Workers that died with this job or shadow: each is noted once, however often it was taken and put back since."""
    if not died:
        return
    with transaction.atomic():
        Canary.objects.select_for_update(of=("self",)).get(id=canary_id)
        known = CanaryTrouble.objects.filter(canary_id=canary_id, job_id=row_id, code=DIED).count()
        for _ in range(died - known):
            note_trouble(canary_id, row_id, DIED)


def note_trouble(canary_id: uuid.UUID, job_id: uuid.UUID, code: str) -> None:
    CanaryTrouble.objects.create(canary_id=canary_id, job_id=job_id, code=code[:60])


def _overdue() -> Any:
    return from_now(-timedelta(minutes=1))  # the next sweep rings


# Shadows


def queue_shadow(job: SuggestionJob) -> ShadowRun | None:
    """Once the active model has answered this job. None where nothing runs in its shadow."""
    canary = Canary.running_in(job.mode, Canary.Kind.SHADOW)
    if canary is None or job.draft.post.human_only or not canary.takes(job.case_id):
        return None
    shadow, _ = ShadowRun.objects.get_or_create(canary=canary, job=job, defaults={"case": job.case})
    return shadow


def finish_shadow(shadow: ShadowRun, *, fence: int, **found: Any) -> bool:
    """Keep what the candidate said and what the checks said of it. Flags nobody. False when this fence no longer holds it."""
    with transaction.atomic():
        mine = ShadowRun.objects.mine(shadow.id, fence)
        if not mine.filter(case__destroyed_at=None).end(ShadowRun.Status.DONE):
            return False
        for name, value in found.items():
            setattr(shadow, name, value)
        shadow.save(update_fields=[*found])
    return True


def fail_shadow(shadow: ShadowRun, *, fence: int, reason: str, error: bool = False) -> bool:
    """`error`: of the model, which a rule counts; else it had nothing to say."""
    with transaction.atomic():
        if not ShadowRun.objects.mine(shadow.id, fence).end(ShadowRun.Status.FAILED, reason=reason):
            return False
        if error:
            note_trouble(shadow.canary_id, shadow.id, reason)
    return True
