"""Which model answers: making a version active for a mode or for both, and going back. Each is a row."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction

from assistant.actions.refused import Refused
from assistant.actions.registrations import refuse_unknown_prompt
from assistant.actions.sign_offs import refuse_without_sign_off
from assistant.inference.modelfile import ModelFile
from assistant.inference.types import Mode
from assistant.lineage import Gate
from assistant.models import Deployment, GateOverride, GateVerdict, ModelVersion
from assistant.vault import audit

WENT_BACK = "back from"  # in what let a row through: the name of the version that it left


def activate(
    version: ModelVersion,
    *,
    mode: Mode | None = None,
    by: Any = None,
    gate: Gate | None = None,
    override: GateOverride | None = None,
    release: str = "",
) -> None:
    """From the next job on. `mode` None: both, or the one of an adapter, merged or not. Raises Refused.

    An adapter takes the place of another one only with a gate that it passed, or by the word of two admins (`override`, see
    `overrides`). Where real people are answered (LIVE) the clinician panel has signed it off. `release`: this version of
    Lantern brought it, and compared it before.
    """
    if version.mode:
        if mode is not None and mode != version.mode:
            raise Refused("other_mode", f"{version.name} was trained to {version.mode}; it cannot {mode}.")
        mode = Mode(version.mode)
    if version.kind == ModelVersion.Kind.ADAPTER:
        _refuse_without_papers(version)
    refuse_unknown_prompt(version.prompt)
    if gate is not None:
        _remember(gate)
    if not release:
        refuse_without_sign_off(version)  # said before a large file is read, and asked again below
        refuse_unusable(version)
    with transaction.atomic():
        audit.take_turn()  # what answers when the gate is held against it answers until this row is there
        if not release:
            refuse_without_sign_off(version)
        passed = {"release": release} if release else _pass_gate(version, mode, by=by, gate=gate, override=override)
        _deploy(version, mode, by=by, passed=passed)
        _refuse_two_bases()


def refuse_unusable(version: ModelVersion) -> None:
    """Where the worker is this process, what it would load is looked at first: a file that is gone or changed would take all help
    away. A base that is not there yet may be fetched later. Raises ModelUnavailable."""
    if not settings.EMBEDDED or version.kind == ModelVersion.Kind.REMOTE:
        return  # the workers' files lie on their machines
    if version.mode or Path(version.path).exists():
        ModelFile(path=Path(version.path), sha256=version.sha256, size=version.size).verify()


def refuse_unfit_to_try(candidate: ModelVersion, *, gate: Gate | None = None) -> None:
    """An adapter without papers, or of a prompt that this release lacks. Keeps what the gate said, also where it refuses
    the trial. Raises Refused."""
    _refuse_without_papers(candidate)
    refuse_unknown_prompt(candidate.prompt)
    if gate is not None:
        _remember(gate)


def let_through(candidate: ModelVersion, *, mode: Mode, by: Any, gate: Gate | None) -> dict[str, str]:
    """For a canary that people see: what activating this adapter would need, and no override. `gate` None: one that was given
    before. Raises Refused."""
    refuse_without_sign_off(candidate)
    rival = rival_of(candidate, mode)
    if gate is None and rival is not None:
        same = {"version__sha256": candidate.sha256, "over__sha256": rival.sha256}  # a file may have several names here
        known = GateVerdict.objects.filter(**same).order_by("-id").first()
        if known is not None and known.passed:
            return {"gate": known.sha256, "over": rival.name}
    return _pass_gate(candidate, mode, by=by, gate=gate, override=None)


def activate_layout(version: ModelVersion, *, by: Any = None) -> None:
    """Another layout of what is in use: the adapters that were active on it stay active."""
    with transaction.atomic():
        audit.take_turn()
        before = {mode: Deployment.history(mode).first() for mode in Mode}
        _deploy(version, None, by=by)
        for mode, row in before.items():
            if row is not None and row.version.kind == ModelVersion.Kind.ADAPTER and row.version.root == version.root:
                _deploy(row.version, mode, by=by, passed=row.passed)
        _refuse_two_bases()


def roll_back(*, mode: Mode | None = None, by: Any = None) -> dict[Mode, ModelVersion]:
    """To what answered before, by mode; going back needs no gate. Going back once more goes further back, never forth again to
    what was left. Raises Refused where nothing answered before."""
    _refuse_unusable_of(_before(mode))  # large files are read here, while nobody has to wait
    with transaction.atomic():
        audit.take_turn()
        left = {one: Deployment.active_version(one) for one in Mode}
        found = _before(mode)
        if not found:
            raise Refused("nothing_before", "No other version was active before this one.")
        _refuse_unusable_of(found)
        for one, version in found.items():
            here = left[one]
            _deploy(version, one, by=by, passed={WENT_BACK: here.name if here is not None else ""})
        _refuse_two_bases()
    return found


def _before(mode: Mode | None) -> dict[Mode, ModelVersion]:
    former = {one: _former(one) for one in ([mode] if mode else Mode)}
    return {one: version for one, version in former.items() if version is not None}


def _refuse_unusable_of(found: Mapping[Mode, ModelVersion]) -> None:
    for version in dict.fromkeys(found.values()):
        refuse_unusable(version)


def _former(mode: Mode) -> ModelVersion | None:
    """What answered before what answers now, without what somebody went back from since."""
    stood: list[ModelVersion] = []
    for row in reversed(list(Deployment.history(mode))):
        if WENT_BACK in row.passed and row.version in stood:
            while stood[-1] != row.version:
                stood.pop()
        elif not stood or stood[-1] != row.version:
            stood.append(row.version)
    return stood[-2] if len(stood) > 1 else None


def _deploy(version: ModelVersion, mode: Mode | None, *, by: Any, passed: Mapping[str, str] | None = None) -> None:
    Deployment.objects.create(version=version, mode=mode or "", by=by, passed=dict(passed or {}))
    audit.record("model.activated", actor=by, object_type="model", object_id=version.id, code=str(mode or ""))


# The gate

GATE_SAYS = ("judged", "rules version", "rules SHA-256", "budget", "checks")  # what is kept of a verdict


def _refuse_without_papers(adapter: ModelVersion) -> None:
    if not (adapter.manifest_sha256 and adapter.report_sha256):
        raise Refused(
            "papers",
            f"{adapter.name} was registered without a manifest and a report. Add the file again, under another name, with both.",
        )


def _pass_gate(
    version: ModelVersion, mode: Mode | None, *, by: Any, gate: Gate | None, override: GateOverride | None
) -> dict[str, str]:
    """What let it through, for the row; empty where nothing trained answers that it would take the place of."""
    candidate = version.taught_by
    rival = rival_of(version, Mode(version.mode) if version.mode else mode)
    if candidate is None or rival is None:
        return {}
    if override is not None:
        return _by_two(override, version=version, rival=rival)
    if gate is None:
        answering = Deployment.active_version(Mode(candidate.mode))
        stands = answering is not None and answering.taught_by == rival
        raise Refused(
            "gate_missing",
            f"{rival.name} {'answers' if stands else 'is the last adapter that answered'} what asks to {candidate.mode}."
            f" Compare {candidate.name} with it on the frozen suites (python -m evaluation.gate) and give the result with"
            " --gate FILE.",
        )
    _refuse_unfit(gate, candidate=candidate, rival=rival)
    audit.record("model.gate_passed", actor=by, object_type="model", object_id=version.id, code=gate.paper.sha256)
    return {"gate": gate.paper.sha256, "over": rival.name}


def rival_of(version: ModelVersion, mode: Mode | None) -> ModelVersion | None:
    """The other adapter that answers in this mode, merged or not. Where nothing trained answers, the last one that did: else
    one person would activate the base, and then anything."""
    candidate = version.taught_by
    if candidate is None or mode is None:
        return None
    taught = (row.version.taught_by for row in Deployment.history(mode))
    rival = next((one for one in taught if one is not None), None)
    return rival if rival is not None and rival.sha256 != candidate.sha256 else None


def _remember(gate: Gate) -> None:
    """Also what was not passed: the page of the version shows both. In a transaction of its own, for a refusal ends the other."""
    candidate, active = (
        ModelVersion.objects.filter(kind=ModelVersion.Kind.ADAPTER, sha256=sha256).first()
        for sha256 in (gate.candidate, gate.active)
    )
    if candidate is None or active is None:
        return
    said = {key: gate.paper.said.get(key) for key in GATE_SAYS}
    GateVerdict.objects.get_or_create(
        version=candidate, sha256=gate.paper.sha256, defaults={"over": active, "passed": gate.passed, "said": said}
    )


def _refuse_unfit(gate: Gate, *, candidate: ModelVersion, rival: ModelVersion) -> None:
    named = (("candidate", gate.candidate, candidate), ("active", gate.active, rival))
    for what, sha256, version in named:
        if sha256 != version.sha256:
            raise Refused(
                "other_gate",
                f"{gate.paper.path}: its {what} is {sha256}; {version.name} is {version.sha256}. Compare these two.",
            )
    if not gate.passed:
        why = "".join(f"\n  {reason}" for reason in gate.reasons)
        raise Refused("gate_not_passed", f"{gate.paper.path}: {candidate.name} did not pass. {rival.name} stays.{why}")


def _by_two(override: GateOverride, *, version: ModelVersion, rival: ModelVersion) -> dict[str, str]:
    if override.confirmed_by_id is None or override.version_id != version.id:
        raise Refused("not_confirmed", "Another admin has to confirm this first.", status=403)
    if override.over_id != rival.id:
        raise Refused(
            "other_rival",
            f"{rival.name} answers now, not {override.over.name} as when this was proposed. Propose it again.",
        )
    return {"override": override.reason, "over": rival.name}


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
