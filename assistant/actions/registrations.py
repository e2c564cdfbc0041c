"""A model file is registered: by path and hash, an adapter with what made it and what was measured of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.db import transaction

from assistant.actions.refused import Refused
from assistant.inference.gguf import read_header
from assistant.inference.modelfile import ModelFile
from assistant.inference.prompts import UnknownPrompt, build_prompt
from assistant.inference.types import Mode
from assistant.lineage import BadPaper, Manifest, Paper, adapter_named, beside
from assistant.models import ModelVersion
from assistant.vault import audit

LONGEST_NAME = 100


def add_version(name: str, **fields: Any) -> ModelVersion:
    """Raises Refused."""
    refuse_unknown_prompt(fields.get("prompt", ""))
    _refuse_unfit_name(name)
    _refuse_too_long(fields)
    if ModelVersion.objects.filter(name=name).exists():
        raise Refused("name_taken", f"{name}: this name is taken. Choose another with --name.")
    with transaction.atomic():
        version = ModelVersion.objects.create(name=name, **fields)
        audit.record("model.added", actor=None, object_type="model", object_id=version.id)
    return version


def _refuse_unfit_name(name: str) -> None:
    """It stands on pages, in commands and in logs."""
    if not 1 <= len(name) <= LONGEST_NAME or not name.isprintable() or name != name.strip() or name.startswith("-"):
        raise Refused(
            "name",
            f"{ascii(name)[:120]}: a name has 1 to {LONGEST_NAME} characters that can be seen, and does not begin with -. Choose"
            " another with --name.",
        )


def _refuse_too_long(fields: dict[str, Any]) -> None:
    for field in ModelVersion._meta.fields:
        what, most = field.name, getattr(field, "max_length", None)
        if most and isinstance(fields.get(what), str) and len(fields[what]) > most:
            raise Refused(
                "too_long", f"The {what.replace('_', ' ')} has more than {most} characters. Use a shorter one."
            )


def add_adapter(
    file: ModelFile,
    *,
    name: str = "",
    base: ModelVersion | None = None,
    mode: Mode | None = None,
    manifest: Path | None = None,
    report: Path | None = None,
    shipped: bool = False,
) -> ModelVersion:
    """`base`: None for the one that the manifest names by hash. Raises Refused."""
    try:
        made = Manifest.of(Paper.read(manifest or beside(file.path, "manifest"), what="manifest"))
        measured = Paper.read(report or beside(file.path, "report"), what="report")
        _refuse_papers_of_another(file, made, measured)
    except BadPaper as error:
        raise Refused("papers", f"{file.path.name}: an adapter comes with a manifest and a report. {error}") from error
    if mode is not None and mode is not made.mode:
        raise Refused("other_mode", f"{file.path.name} was trained to {made.mode}, says its manifest, not to {mode}.")
    base = base or _base_of(made)
    _refuse_misfit(file, base, made)
    return add_version(
        name or made.name,
        kind=ModelVersion.Kind.ADAPTER,
        path=str(file.path),
        sha256=file.sha256,
        size=file.size,
        layout=read_header(file.path).layout,
        base=base,
        mode=made.mode,
        prompt=made.prompt,
        shipped=shipped,
        manifest=made.paper.said,
        manifest_path=str(made.paper.path),
        manifest_sha256=made.paper.sha256,
        report=measured.said,
        report_path=str(measured.path),
        report_sha256=measured.sha256,
    )


def refuse_unknown_prompt(prompts: str) -> None:
    """Before a model is asked in words that this release does not have."""
    for prompt in filter(None, prompts.split(",")):
        mode = next((mode for mode in Mode if prompt.startswith(f"{mode}-")), None)
        if mode is None:
            raise Refused(
                "unknown_prompt", f"{prompt}: want the version of a prompt to {' or '.join(Mode)}, as improve-2."
            )
        try:
            build_prompt(mode, post="", draft="", version=prompt)
        except UnknownPrompt as error:
            raise Refused("unknown_prompt", str(error)) from error


def changed_papers(version: ModelVersion) -> list[str]:
    """Why the manifest and the report of an adapter are not what was registered; nothing when they are."""
    found = []
    papers = (
        ("manifest", version.manifest_path, version.manifest_sha256, version.manifest),
        ("report", version.report_path, version.report_sha256, version.report),
    )
    for what, path, sha256, said in papers:
        if not sha256:
            found.append(f"it was registered without a {what}; add it again, under another name, with one")
            continue
        try:
            paper = Paper.read(Path(path), what=what)
        except BadPaper as error:
            found.append(str(error))
            continue
        if paper.sha256 != sha256:
            found.append(f"the {what} at {path} has SHA-256 {paper.sha256} where {sha256} is expected")
        elif paper.said != said:
            found.append(f"the row no longer holds what the {what} at {path} says")
    return found


def _refuse_papers_of_another(file: ModelFile, made: Manifest, measured: Paper) -> None:
    if made.adapter_sha256 != file.sha256:
        raise BadPaper(
            f"The file hashes to {file.sha256}; its manifest is that of {made.adapter_sha256}. Take the pair that training"
            " wrote together."
        )
    named = adapter_named(measured, "facts", "model")
    if named != file.sha256:
        raise BadPaper(f"{measured.path}: it was measured on the adapter {named}, not on this one. Measure this one.")


def _base_of(made: Manifest) -> ModelVersion:
    bases = ModelVersion.objects.filter(kind=ModelVersion.Kind.BASE, mode="", sha256=made.base_sha256)
    found = bases.order_by("registered_at").last()
    if found is None:
        raise Refused(
            "no_base",
            f"{made.name} was trained on the base {made.base_sha256}, which is not registered here. Add that file first.",
        )
    return found


def _refuse_misfit(file: ModelFile, base: ModelVersion, made: Manifest) -> None:
    if base.kind != ModelVersion.Kind.BASE:
        raise Refused("no_base", f"{base.name}: this is no base model on this machine.")
    header = read_header(file.path)
    if not header.is_adapter:
        raise Refused("no_adapter", f"{file.path.name}: this is a base model, no adapter.")
    if Path(base.path).exists() and (reason := header.misfit(read_header(Path(base.path)))):
        raise Refused("misfit", f"{file.path.name}: not an adapter for {base.name}: {reason}.")
    if made.base_sha256 not in (base.sha256, base.root.sha256):
        raise Refused(
            "other_base",
            f"{made.name} was trained on the base {made.base_sha256}; {base.name} is {base.root.sha256}. Register it for its"
            " own base.",
        )
