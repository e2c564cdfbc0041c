"""A study's life after it was set up: opened with its plan kept as it is, paused, closed, erased."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from assistant.actions import Refused
from assistant.models import CaseKey
from assistant.vault import audit
from webapp.studies.assigning import assign
from webapp.studies.checked import ALLOWED, HELD
from webapp.studies.faults import faults_of
from webapp.studies.models import Allowance, Output, Study
from webapp.studies.planning import locked, planned

Status = Study.Status


def open_study(study: Study, *, by: Any) -> Study:
    """Keep the plan and its hash, and give the texts to the raters. Refused while anything is missing."""
    with transaction.atomic():
        row = planned(study)
        missing = [fault.text for fault in faults_of(row) if fault.missing]
        if missing:
            raise Refused("missing", gettext("Not opened. %(what)s") % {"what": " ".join(missing)}, status=422)
        row.plan = plan_of(row)
        row.plan_sha256 = sha256_of_plan(row.plan)
        row.status, row.opened_at = Status.OPEN, timezone.now()
        row.save(update_fields=["plan", "plan_sha256", "status", "opened_at"])
        audit.record("study.opened", actor=by, object_type="study", object_id=row.id, code=row.plan_sha256)
        assign(row)
    return row


def plan_of(study: Study) -> dict[str, Any]:
    """Everything that was decided beforehand. Texts by their hashes; no rater."""
    return {
        "format": 1,
        "name": study.name,
        "question": study.question,
        "form": study.form,
        "seed": study.seed,
        "panels": {"lay": study.lay_ratings, "clinician": study.clinician_ratings},
        "most_per_rater": study.most_per_rater,
        "planned": planned_comparison(study),
        "consent_sha256": hashlib.sha256(study.consent.encode()).hexdigest(),
        "pairs_for_training": study.pairs_for_training,
        "arms": arms_of(study),
        "items": [
            {
                "id": str(item.id),
                "source": item.source,
                "role": item.role,
                "language": item.language,
                "level": item.level,
                "stratum": item.stratum,
                "expected": item.expected,
                "outputs": {output.arm.key: output.sha256 for output in _outputs_of(item)},
            }
            for item in study.items.order_by("source")
        ],
    }


def planned_comparison(study: Study) -> dict[str, Any]:
    return {
        "candidate": study.candidate,
        "reference": study.reference,
        "dimension": study.dimension,
        "margin": study.margin,
    }


def arms_of(study: Study) -> list[dict[str, str]]:
    return [
        {
            "key": arm.key,
            "kind": arm.kind,
            "model": arm.version.name if arm.version else "",
            "sha256": arm.version.sha256 if arm.version else "",
            "prompt": arm.prompt,
        }
        for arm in study.arms.select_related("version").order_by("key")
    ]


def _outputs_of(item: Any) -> Any:
    return item.outputs.exclude(sha256="").select_related("arm").order_by("arm__key")


def sha256_of_plan(plan: dict[str, Any]) -> str:
    """Of the plan as one line of JSON with sorted keys, so that anybody can work it out again."""
    line = json.dumps(plan, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(line.encode()).hexdigest()


def pause_study(study: Study, *, by: Any) -> None:
    _go_on(study, {Status.OPEN}, Status.PAUSED, "study.paused", by=by)


def resume_study(study: Study, *, by: Any) -> None:
    _go_on(study, {Status.PAUSED}, Status.OPEN, "study.resumed", by=by)


def close_study(study: Study, *, by: Any) -> None:
    """For good: nobody rates any more, and what was rated can be exported."""
    _go_on(study, {Status.OPEN, Status.PAUSED}, Status.CLOSED, "study.closed", by=by, closed_at=timezone.now())


def _go_on(study: Study, before: set[Study.Status], after: Study.Status, act: str, *, by: Any, **also: Any) -> None:
    """A second click changes nothing."""
    with transaction.atomic():
        row = locked(study)
        if row.status == after:
            return
        if row.status not in before:
            raise Refused("state", gettext("This study is not in a state for that. Load its page again."))
        Study.objects.filter(id=row.id).update(status=after, **also)
        audit.record(act, actor=by, object_type="study", object_id=row.id)


@transaction.atomic
def erase_study(study: Study, *, by: Any) -> None:
    """Destroy the key of its texts, and delete what hangs on it. What was planned, and who did what when, stays."""
    row = locked(study)
    for rows in (row.reports, row.raters, row.items, row.arms):
        rows.all().delete()
    Study.objects.filter(id=row.id).update(status=Status.CLOSED)
    CaseKey.objects.filter(id=row.case_id).update(wrapped=None, destroyed_at=timezone.now())
    audit.record("study.erased", actor=by, object_type="study", object_id=row.id)


# Texts that the checks hold


@transaction.atomic
def allow_output(study: Study, output: Output, *, reason: str, by: Any) -> None:
    """Give it to raters although the checks hold it, and keep why."""
    planned(study)
    if Output.objects.filter(id=output.id, screened=HELD).update(screened=ALLOWED) != 1:
        raise Refused("not_held", gettext("The checks do not hold this text."))
    Allowance(case=study.case, output=output, reason=reason, by=by).save(force_insert=True)
    audit.record("study.held_text_allowed", actor=by, object_type="study", object_id=study.id, code=str(output.id))


@transaction.atomic
def leave_output_out(study: Study, output: Output, *, by: Any) -> None:
    """No rater sees it. Its item then lacks a text, and is taken out or given another one."""
    planned(study)
    if output.screened != HELD:
        raise Refused("not_held", gettext("The checks do not hold this text."))
    empty_output(output, problem="left_out")
    audit.record("study.held_text_left_out", actor=by, object_type="study", object_id=study.id, code=str(output.id))


def empty_output(output: Output, *, problem: str) -> None:
    output.draft = output.text = output.sha256 = output.screened = ""
    output.problem = problem
    output.save(update_fields=["draft", "text", "sha256", "screened", "problem"])
