"""Which model answers: making a version active for a mode or for both, and going back. Each is a row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import transaction

from assistant.actions.refused import Refused
from assistant.actions.registrations import refuse_unknown_prompt
from assistant.inference.types import Mode
from assistant.lineage import Gate
from assistant.models import Deployment, ModelVersion
from assistant.vault import audit

Versions = Mapping[Mode, ModelVersion]

MANAGE_PEOPLE = "accounts.manage_people"
LONGEST_REASON = 100  # characters: it stands in the audit log


def activate(
    version: ModelVersion,
    *,
    mode: Mode | None = None,
    by: Any = None,
    gate: Gate | None = None,
    override: str = "",
    release: str = "",
) -> None:
    """From the next job on. `mode` None: both, or the one of an adapter, merged or not. Raises Refused.

    An adapter takes the place of another one only with a gate that it passed, or by the word of an admin (`override`, `by`).
    `release`: this version of Lantern brought it, and compared it before.
    """
    if version.mode:
        if mode is not None and mode != version.mode:
            raise Refused("other_mode", f"{version.name} was trained to {version.mode}; it cannot {mode}.")
        mode = Mode(version.mode)
    if version.kind == ModelVersion.Kind.ADAPTER:
        _refuse_without_papers(version)
    refuse_unknown_prompt(version.prompt)
    with transaction.atomic():
        passed = {"release": release} if release else _pass_gate(version, mode, by=by, gate=gate, override=override)
        _deploy(version, mode, by=by, passed=passed)
        _refuse_two_bases()


def refuse_unfit_to_try(candidate: ModelVersion) -> None:
    """An adapter without papers, or of a prompt that this release lacks. Raises Refused."""
    _refuse_without_papers(candidate)
    refuse_unknown_prompt(candidate.prompt)


def let_through(candidate: ModelVersion, *, mode: Mode, by: Any, gate: Gate | None, override: str) -> dict[str, str]:
    """For a canary that people see: the gate that activating this adapter would need. Raises Refused."""
    return _pass_gate(candidate, mode, by=by, gate=gate, override=override)


def activate_layout(version: ModelVersion, *, by: Any = None) -> None:
    """Another layout of what is in use: the adapters that were active on it stay active."""
    with transaction.atomic():
        before = {mode: Deployment.history(mode).first() for mode in Mode}
        _deploy(version, None, by=by)
        for mode, row in before.items():
            if row is not None and row.version.kind == ModelVersion.Kind.ADAPTER and row.version.root == version.root:
                _deploy(row.version, mode, by=by, passed=row.passed)
        _refuse_two_bases()


def roll_back(*, mode: Mode | None = None, by: Any = None) -> dict[Mode, ModelVersion]:
    """To what answered before, by mode; going back needs no gate. Raises Refused where nothing did."""
    with transaction.atomic():
        former = {one: _former(one) for one in ([mode] if mode else Mode)}
        found = {one: version for one, version in former.items() if version is not None}
        if not found:
            raise Refused("nothing_before", "No other version was active before this one.")
        for one, version in found.items():
            _deploy(version, one, by=by)
        _refuse_two_bases()
    return found


def _former(mode: Mode) -> ModelVersion | None:
    rows = list(Deployment.history(mode))
    return next((row.version for row in rows if row.version != rows[0].version), None)


def _deploy(version: ModelVersion, mode: Mode | None, *, by: Any, passed: Mapping[str, str] | None = None) -> None:
    Deployment.objects.create(version=version, mode=mode or "", by=by, passed=dict(passed or {}))
    audit.record("model.activated", actor=by, object_type="model", object_id=version.id, code=str(mode or ""))


# The gate


def _refuse_without_papers(adapter: ModelVersion) -> None:
    if not (adapter.manifest_sha256 and adapter.report_sha256):
        raise Refused(
            "papers",
            f"{adapter.name} was registered without a manifest and a report. Add the file again, under another name, with both.",
        )


def _pass_gate(
    version: ModelVersion, mode: Mode | None, *, by: Any, gate: Gate | None, override: str
) -> dict[str, str]:
    """What let it through, for the row; empty where nothing trained answers that it would take the place of."""
    candidate = version.taught_by
    rival = _rival_of(candidate, Mode(version.mode) if version.mode else mode)
    if candidate is None or rival is None:
        return {}
    if override:
        return _override(version, override, by=by)
    if gate is None:
        raise Refused(
            "gate_missing",
            f"{rival.name} answers what asks to {candidate.mode}. Compare {candidate.name} with it on the frozen suites and"
            " give the result with --gate FILE.",
        )
    _refuse_unfit(gate, candidate=candidate, rival=rival)
    audit.record("model.gate_passed", actor=by, object_type="model", object_id=version.id, code=gate.paper.sha256)
    return {"gate": gate.paper.sha256, "over": rival.name}


def _rival_of(candidate: ModelVersion | None, mode: Mode | None) -> ModelVersion | None:
    """The other adapter that answers in this mode, merged or not."""
    active = Deployment.active_version(mode) if candidate is not None and mode is not None else None
    rival = active.taught_by if active is not None else None
    return rival if rival is not None and candidate is not None and rival.sha256 != candidate.sha256 else None


def _refuse_unfit(gate: Gate, *, candidate: ModelVersion, rival: ModelVersion) -> None:
    named = (("candidate", gate.candidate, candidate), ("active", gate.active, rival))
    for what, sha256, version in named:
        if sha256 != version.sha256:
            raise Refused(
                "other_gate",
                f"{gate.paper.path}: its {what} is {sha256}; {version.name} is {version.sha256}. Compare these two.",
            )
    if not gate.passed:
        raise Refused("gate_not_passed", f"{gate.paper.path}: {candidate.name} did not pass. {rival.name} stays.")


def _override(version: ModelVersion, reason: str, *, by: Any) -> dict[str, str]:
    if by is None or not by.has_perm(MANAGE_PEOPLE):
        raise Refused("not_admin", "Only an admin may do without the gate: name one with --by.", status=403)
    if not reason.strip() or len(reason) > LONGEST_REASON:
        raise Refused("reason", f"Give the reason in 1 to {LONGEST_REASON} characters; it stands in the audit log.")
    audit.record("model.gate_overridden", actor=by, object_type="model", object_id=version.id, code=reason)
    return {"override": reason}


def _refuse_two_bases() -> None:
    """A worker that gives both kinds of help would have to load two models. Remote ones take no room here."""
    if not settings.EMBEDDED and set(settings.WORKER_MODES) != set(Mode):
        return
    bases = {}
    for mode in Mode:
        version = Deployment.active_version(mode)
        if version is not None and version.kind != ModelVersion.Kind.REMOTE:
            bases[mode] = Deployment.loaded_for(version)
    if len(set(bases.values())) > 1:
        said = " and ".join(f"{mode} from {base.name}" for mode, base in bases.items())
        raise Refused(
            "two_bases",
            f"A worker would answer {said}, and hold two models. Activate one base for both modes, or give each worker"
            " one mode with WORKER_MODES"
            f"{', which needs workers of their own (REDIS_URL)' if settings.EMBEDDED else ''}.",
        )
