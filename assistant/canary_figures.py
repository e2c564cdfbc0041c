"""What the rows say of the two arms of a canary: jobs that ended, by case. Reads no text."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef, Q

from assistant.models import (
    AuditEvent,
    Canary,
    ChangeVerdict,
    Finding,
    ModelVersion,
    ShadowRun,
    Suggestion,
    SuggestionFigures,
    SuggestionJob,
)
from assistant.safety.types import Severity
from assistant.stop_rules import DANGER, Arm, Groups

Job = SuggestionJob
ENDED = (Job.Status.DONE, Job.Status.FAILED)  # what a person stopped says nothing


@dataclass(frozen=True, slots=True)
class Ended:
    """One job, in numbers."""

    case: uuid.UUID
    answered: bool  # by the version that the arm is about
    held: bool = False
    reported: bool = False
    dangerous: bool = False
    unchanged: bool | None = None  # None: not known
    first_words: float | None = None
    seconds: float | None = None
    tokens: int | None = None


def arms_of(canary: Canary) -> tuple[Arm, Arm]:
    """The candidate's and the active model's."""
    errors = canary.troubles.count()
    if canary.kind == Canary.Kind.SHADOW:
        return arm_of(_shadows(canary), errors=errors), arm_of(_shadowed(canary))
    candidates = canary.jobs.filter(Q(arm=Job.Arm.FELL_BACK) | Q(arm=Job.Arm.CANDIDATE, status__in=ENDED))
    others = canary.jobs.filter(arm=Job.Arm.ACTIVE, status__in=ENDED)
    return (
        arm_of(_jobs(candidates, canary.candidate), errors=errors),
        arm_of(_jobs(others, canary.active)),
    )


def arm_of(ended: Iterable[Ended], *, errors: int = 0) -> Arm:
    rows = list(ended)
    answered = [row for row in rows if row.answered]
    return Arm(
        jobs=len(rows),
        held=_by_case((row.case, row.held) for row in answered),
        failed=_by_case((row.case, not row.answered) for row in rows),
        reported=_by_case((row.case, row.reported) for row in answered),
        unchanged=_by_case((row.case, row.unchanged) for row in answered if row.unchanged is not None),
        first_words=[row.first_words for row in answered if row.first_words is not None],
        seconds=[row.seconds for row in answered if row.seconds is not None],
        tokens=[row.tokens for row in answered if row.tokens is not None],
        errors=errors,
        dangerous=sum(row.dangerous for row in answered),
    )


def _by_case(rows: Iterable[tuple[uuid.UUID, bool | None]]) -> Groups:
    hits: Counter[uuid.UUID] = Counter()
    of: Counter[uuid.UUID] = Counter()
    for case, hit in rows:
        hits[case] += bool(hit)
        of[case] += 1
    return [(hits[case], n) for case, n in of.items()]


# Jobs and their suggestions


def _jobs(jobs: Any, version: ModelVersion) -> list[Ended]:
    """A job that another version answered counts as one that this one failed, unless the active model changed meanwhile."""
    found = []
    suggestions = _suggestions(jobs)
    for job_id, case_id, arm in jobs.values_list("id", "case_id", "arm"):
        said = suggestions.get(job_id)
        if said is None or said["model_version"] != version.id:
            if said is None or arm != Job.Arm.ACTIVE:
                found.append(Ended(case_id, answered=False))
            continue
        found.append(said["ended"])
    return found


def _suggestions(jobs: Any) -> dict[uuid.UUID, dict[str, Any]]:
    """By job."""
    holding = Finding.objects.filter(suggestion=OuterRef("pk"), severity__gte=Severity.HOLD)
    rows = list(
        Suggestion.objects.filter(job__in=jobs.values("id"))
        .annotate(
            was_held=Exists(holding),
            endangers=Exists(holding.filter(phase__in=DANGER)),
            hurts=Exists(
                ChangeVerdict.objects.filter(suggestion=OuterRef("pk"), reason=ChangeVerdict.Reason.HARMFUL)
            ),
        )
        .values(
            "id", "job_id", "case_id", "status", "model_version", "seconds_to_first", "seconds", "was_held",
            "endangers", "hurts", "output_tokens",
        )
    )  # fmt: skip
    reported = _reported([row["id"] for row in rows])
    offered = dict(
        SuggestionFigures.objects.filter(suggestion__job__in=jobs.values("id")).values_list("suggestion_id", "offered")
    )
    return {
        row["job_id"]: {
            "model_version": row["model_version"],
            "ended": Ended(
                row["case_id"],
                answered=True,
                held=row["was_held"] or row["status"] == Suggestion.Status.HELD,
                reported=row["hurts"]
                or row["id"] in reported
                or (row["status"] == Suggestion.Status.WITHHELD and not row["was_held"]),
                dangerous=row["endangers"],
                unchanged=offered[row["id"]] == 0 if row["id"] in offered else None,
                first_words=row["seconds_to_first"],
                seconds=row["seconds"],
                tokens=row["output_tokens"],
            ),
        }
        for row in rows
    }


def _reported(ids: Collection[uuid.UUID]) -> set[uuid.UUID]:
    events = AuditEvent.objects.filter(action="reported", object_id__in=[str(one) for one in ids])
    return {uuid.UUID(found) for found in events.values_list("object_id", flat=True)}


# Shadows


def _shadows(canary: Canary) -> list[Ended]:
    rows = canary.shadows.filter(status__in=ENDED)
    return [
        Ended(
            row["case_id"],
            answered=row["status"] == ShadowRun.Status.DONE,
            held=bool(row["held"]),
            dangerous=not DANGER.isdisjoint(row["phases"]),
            unchanged=row["unchanged"],
            first_words=row["seconds_to_first"],
            seconds=row["seconds"],
            tokens=row["output_tokens"],
        )
        for row in rows.values(
            "case_id", "status", "held", "phases", "unchanged", "seconds_to_first", "seconds", "output_tokens"
        )
    ]


def _shadowed(canary: Canary) -> list[Ended]:
    """What the active model said to the same jobs."""
    jobs = Job.objects.filter(id__in=canary.shadows.filter(status__in=ENDED).values("job_id"))
    return _jobs(jobs, canary.active)
