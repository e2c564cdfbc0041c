"""What the pages of models are given: of each version where it comes from, what was measured, who signed, where it runs.

All of it is read from rows and from the papers that were registered. Papers are JSON of somebody's making: what is missing or of
another kind is not shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext, gettext_noop

from assistant.actions.deployments import WENT_BACK, rival_of
from assistant.actions.sign_offs import Standing, lack_of, standing_of
from assistant.canary_page import tried_in
from assistant.inference.types import Mode
from assistant.lineage import commit_of, data_hashes, facts, licences
from assistant.models import Deployment, GateOverride, ModelVersion, PanelSample, PreferenceExport, SignOff
from webapp import watching
from webapp.accounts.roles import MANAGE_PEOPLE, SIGN_OFF_MODELS
from webapp.engine_page import MODES, hash_of, megabytes
from webapp.panel.forms import OverrideForm
from webapp.studies.models import Arm, Report

KINDS = {
    ModelVersion.Kind.BASE: gettext_noop("base model"),
    ModelVersion.Kind.ADAPTER: gettext_noop("adapter"),
    ModelVersion.Kind.REMOTE: gettext_noop("model on another machine"),
}
PASSED_BY = {
    "gate": gettext_noop("gate"),
    "over": gettext_noop("in the place of"),
    "override": gettext_noop("without the gate, by two admins"),
    "release": gettext_noop("brought by release"),
    WENT_BACK: gettext_noop("back from"),
}
LAST = 20


# The list


def list_page() -> dict[str, Any]:
    answering = watching.active()
    rows = ModelVersion.objects.select_related("base").defer("manifest", "report").order_by("-registered_at")
    return {"live": settings.LIVE, "versions": [_row(version, answering) for version in rows]}


def _row(version: ModelVersion, answering: list[watching.Active]) -> dict[str, Any]:
    return {
        "name": version.name,
        "url": reverse("panel:model", args=[version.id]),
        "what": gettext(KINDS[ModelVersion.Kind(version.kind)]),
        "base": version.base.name if version.base else "",
        "does": gettext(MODES[Mode(version.mode)]) if version.mode else "",
        "registered_at": version.registered_at,
        "answers": answers_in(version, answering),
        "lacks": lack_of(version),
    }


def answers_in(version: ModelVersion, answering: list[watching.Active]) -> list[str]:
    return [gettext(MODES[one.mode]) for one in answering if one.version == version]


# One version


def page(version: ModelVersion, user: Any, *, override_form: OverrideForm | None = None) -> dict[str, Any]:
    standing = standing_of(version)
    taught = version.taught_by
    return {
        "version": version,
        "what": gettext(KINDS[ModelVersion.Kind(version.kind)]),
        "does": gettext(MODES[Mode(version.mode)]) if version.mode else "",
        "hash": hash_of(version.sha256, place="version"),
        "size": megabytes(version.size) if version.size else "",
        "answers": answers_in(version, watching.active()),
        "workers": list(loaded_by(version)),
        "tried": tried_in(version.mode, version) if version.mode else None,
        "history": [deployment(row) for row in version.deployments.select_related("by").order_by("-id")[:LAST]],
        "taught": taught if taught is not None and taught != version else None,
        "made": list(made(version.manifest)),
        "data": list(data(version.manifest)),
        "suites": list(suites(version)),
        "missed": missed(version.report),
        "notes": texts(version.report.get("notes")),
        "verdicts": [verdict(row) for row in version.verdicts.select_related("over")[:LAST]],
        "studies": [study(arm) for arm in arms_of(version)],
        "live": settings.LIVE,
        "is_trained": taught is not None,
        "lacks": lack_of(version),
        "needed": standing.needed,
        "sign_offs": [signed(row, user, standing) for row in version.sign_offs.select_related("by")],
        "samples": [sample(row, user) for row in version.samples.select_related("case")],
        "is_member": user.has_perm(SIGN_OFF_MODELS),
        **_overriding(version, user, override_form),
    }


# Where it runs


def loaded_by(version: ModelVersion) -> Iterator[dict[str, Any]]:
    for worker in watching.workers():
        files = {sha256 for one in worker.loaded for sha256 in (one.sha256, *one.adapters.values())}
        if version.sha256 and version.sha256 in files:
            yield {"name": worker.name, "seen_at": worker.seen_at, "silent": worker.silent}


def deployment(row: Deployment) -> dict[str, Any]:
    through = row.passed if isinstance(row.passed, dict) else {}
    return {
        "at": row.at,
        "by": row.by.username if row.by else "",
        "mode": gettext(MODES[Mode(row.mode)]) if row.mode else gettext("both kinds of help"),
        "through": ", ".join(
            f"{gettext(PASSED_BY[key])} {value}" for key, value in through.items() if key in PASSED_BY
        ),
    }


# What made it


def made(manifest: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if not manifest:
        return
    recipe = manifest.get("recipe")
    stage = f"{recipe.get('name', '')} ({recipe.get('stage', '')})" if isinstance(recipe, dict) else facts(recipe)
    base = manifest.get("base")
    yield gettext("Trained on"), facts(base.get("name")) if isinstance(base, dict) else facts(base)
    yield gettext("Recipe"), stage
    yield gettext("Program"), f"{commit_of(dict(manifest))}, {gettext('seed')} {facts(manifest.get('seed'))}"
    yield gettext("Hardware"), facts(manifest.get("hardware"))
    yield gettext("Licences of its data"), licences(dict(manifest))
    yield gettext("May be given away"), gettext("yes") if manifest.get("publishable") is True else gettext("not stated")


def data(manifest: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Each file that it or an earlier stage learned from; the export of ours where it is one."""
    exports = {row.sha256: row for row in PreferenceExport.objects.all()}
    for place, sha256 in data_hashes(dict(manifest)):
        row = exports.get(sha256)
        yield {
            "place": place,
            "hash": hash_of(sha256, place=f"data {place}"),
            "export": gettext("what people here decided, %(lines)d lines of %(date)s")
            % {"lines": row.lines, "date": f"{row.at:%Y-%m-%d}"}
            if row
            else "",
        }


# How it was measured


def suites(version: ModelVersion) -> Iterator[dict[str, Any]]:
    """The report that it was registered with."""
    head, figures = version.report.get("head"), version.report.get("figures")
    if not isinstance(head, dict) or not isinstance(figures, list):
        return
    yield {
        "name": facts(head.get("suite")),
        "about": facts(head.get("about")) if head.get("about") else "",
        "measured": facts(head.get("measured")),
        "cases": facts(head.get("cases")),
        "figures": [figure(one) for one in figures if isinstance(one, dict)],
    }


def figure(one: Mapping[str, Any]) -> dict[str, str]:
    value, low, high = (one.get(key) for key in ("value", "low", "high"))
    interval = f"{decimal(low)} to {decimal(high)}" if is_number(low) and is_number(high) else ""
    return {
        "name": str(one.get("name", "")),
        "value": decimal(value),
        "interval": interval,
        "n": str(one.get("n") or ""),
        "target": str(one.get("target") or ""),
    }


def is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def decimal(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.3f}"
    return "–" if value is None else str(value)[:60]


def missed(report: Mapping[str, Any]) -> list[str]:
    """Figures below the bar that their suite names: what this version is known to do badly."""
    figures = report.get("figures")
    rows = [one for one in figures if isinstance(one, dict)] if isinstance(figures, list) else []
    return [
        gettext("%(figure)s: %(value)s, and %(target)s is wanted")
        % {"figure": one.get("name"), "value": decimal(one.get("value")), "target": one.get("target")}
        for one in rows
        if misses(one.get("value"), str(one.get("target") or ""))
    ]


def misses(value: object, target: str) -> bool:
    """`target` as suites write it: "at least 0.95", "at most 0.20", "0"."""
    found = re.fullmatch(r"(at least |at most )?(-?\d+(?:\.\d+)?)", target)
    if found is None or not isinstance(value, int | float):
        return False
    bar = float(found[2])
    if found[1] == "at least ":
        return value < bar
    return value > bar if found[1] else value != bar


def texts(said: object) -> list[str]:
    return [str(one) for one in said] if isinstance(said, list) else []


def verdict(row: Any) -> dict[str, Any]:
    checks = row.said.get("checks")
    return {
        "over": row.over.name,
        "passed": row.passed,
        "judged": facts(row.said.get("judged")) if row.said.get("judged") else f"{row.at:%Y-%m-%d}",
        "rules": facts(row.said.get("rules version")),
        "hash": hash_of(row.sha256, place=f"verdict {row.pk}"),
        "checks": [check(one) for one in checks if isinstance(one, dict)] if isinstance(checks, list) else [],
    }


def check(one: Mapping[str, Any]) -> dict[str, Any]:
    gap = one.get("difference")
    shown = [decimal(part) for part in gap] if isinstance(gap, list) and len(gap) == 3 else []
    return {
        "suite": str(one.get("suite", "")),
        "figure": str(one.get("figure", "")),
        "candidate": decimal(one.get("candidate")),
        "active": decimal(one.get("active")),
        "difference": f"{shown[0]} ({shown[1]} to {shown[2]})" if shown else "",
        "passed": one.get("passed") is True,
        "reasons": texts(one.get("reasons")),
        "note": str(one.get("note") or ""),
    }


def arms_of(version: ModelVersion) -> Any:
    return Arm.objects.filter(version=version).select_related("study").order_by("-study__created_at")


def study(arm: Arm) -> dict[str, Any]:
    return {"name": arm.study.name, "state": arm.study.get_status_display(), "arm": arm.get_kind_display()}


def studies_to_rest_on(version: ModelVersion) -> list[tuple[str, str]]:
    """Hash of the export that its latest report was counted from, and the study's name."""
    found: dict[str, str] = {}
    for arm in arms_of(version):
        done = Report.objects.filter(study=arm.study, status=Report.Status.DONE).exclude(export_sha256="").first()
        if done is not None:
            found[done.export_sha256] = arm.study.name
    return list(found.items())


# Who speaks for it


def signed(row: SignOff, user: Any, standing: Standing) -> dict[str, Any]:
    counts = row in (*standing.signed, *standing.refused)
    return {
        "id": row.id,
        "who": row.by.username,
        "verdict": row.get_verdict_display(),
        "is_refusal": row.verdict == SignOff.Verdict.REFUSED,
        "reason": row.reason,
        "at": row.at,
        "until": row.expires_at,
        "withdrawn_at": row.withdrawn_at,
        "stands": counts,
        "replaced": row.stands and not counts,  # by what they said later
        "study": hash_of(row.study_sha256, place=f"study {row.id}"),
        "is_own": row.by_id == user.pk and counts,
    }


def sample(row: PanelSample, user: Any) -> dict[str, Any]:
    outputs = row.items.count()
    return {
        "id": row.id,
        "at": row.at,
        "outputs": outputs,
        "own": row.items.filter(marks__by=user).count(),
        "members": row.items.filter(marks__isnull=False).values("marks__by").distinct().count(),
        "erased": row.case.destroyed_at is not None,
        "hash": hash_of(row.sha256, place=f"sample {row.id}"),
    }


def _overriding(version: ModelVersion, user: Any, form: OverrideForm | None) -> dict[str, Any]:
    rows = list(version.overrides.select_related("by", "over", "confirmed_by")[:LAST])
    waiting = next((row for row in rows if row.is_open), None)
    rival = rival_of(version, Mode(version.mode)) if version.mode else None
    may_propose = user.has_perm(MANAGE_PEOPLE) and waiting is None and rival is not None
    return {
        "overrides": [override(row) for row in rows if row is not waiting],
        "waiting": override(waiting) | {"id": waiting.id, "is_own": waiting.by_id == user.pk} if waiting else None,
        "is_admin": user.has_perm(MANAGE_PEOPLE),
        "rival": rival,
        "override_form": form or (OverrideForm() if may_propose else None),
    }


def override(row: GateOverride) -> dict[str, Any]:
    return {
        "by": row.by.username,
        "over": row.over.name,
        "reason": row.reason,
        "at": row.at,
        "until": row.until,
        "confirmed_by": row.confirmed_by.username if row.confirmed_by else "",
        "confirmed_at": row.confirmed_at,
    }
