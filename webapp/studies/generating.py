"""Has models of this deployment write the texts of their arms, whenever nobody waits for a suggestion.

The rows are the queue: an output without text and without a problem is still to be written. Whoever hears the bell writes one
after the other, and stops at once for somebody's suggestion; the bell rings again a little later. A doubled bell costs a text
that is written twice and stored once. What was written is screened before it is stored, and shown to nobody before that.
"""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from celery import current_app
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from assistant.actions import Refused
from assistant.dispatch import LAST, modes_here
from assistant.inference.engine import EngineAway, EngineBusy, EngineError, ModelUnavailable
from assistant.inference.prompts import GENERATE_VERSION, IMPROVE_VERSION, UnknownPrompt, build_prompt
from assistant.inference.types import Mode, Request, StopReason
from assistant.models import Deployment, ModelVersion
from assistant.safety.pipeline import in_trouble
from assistant.safety.scrub import scrub
from assistant.safety.types import Kind
from assistant.second_reader import suggestions_wait
from assistant.vault import audit
from assistant.worker_state import Serving, default_params, holder, is_adapter, load
from webapp.studies.checked import WRITTEN_BY_MODELS, put_text, screen_output
from webapp.studies.models import Arm, Item, Output, Study
from webapp.studies.planning import planned

log = logging.getLogger("lantern.studies")

WRITE_OUTPUTS = "studies.write_outputs"
RING_AGAIN = 20  # seconds, after a suggestion was wanted or the engine was busy
# Longer than a text takes, or a model that has to be loaded for it.
STANDS_STILL_AFTER = timedelta(minutes=5)
_one_at_a_time = threading.Lock()  # in this process


# Asking


@transaction.atomic
def ask_for_outputs(study: Study, *, by: Any) -> None:
    """Make the rows that models have to fill, and ring. Once more: only what failed is tried again."""
    row = planned(study)
    arms = [arm for arm in row.arms.select_related("version") if arm.kind in WRITTEN_BY_MODELS]
    for arm in arms:
        _make_rows(row, arm)
    Output.objects.filter(item__study=row, arm__in=arms, sha256="").exclude(
        problem__in=("", "erased", "left_out")
    ).update(problem="")
    if not to_write(row).exists():
        raise Refused("nothing", gettext("There is nothing that a model has to write."))
    for arm in arms:
        if to_write(row).filter(arm=arm).exists():
            _settle_model(arm)
    note_writing(row.id)
    audit.record("study.texts_asked", actor=by, object_type="study", object_id=row.id)
    transaction.on_commit(lambda: ring(row.id), robust=True)


def note_writing(study_id: uuid.UUID | str) -> None:
    """So that a page can tell texts that are being written from those whose worker is gone."""
    Study.objects.filter(id=study_id).update(writing_at=timezone.now())


def is_writing(study: Study) -> bool:
    """Whether there is something to write, and somebody was heard of it lately."""
    heard = study.writing_at
    if study.status != Study.Status.PLANNED or heard is None or timezone.now() - heard > STANDS_STILL_AFTER:
        return False
    return bool(to_write(study).exclude(arm__prompt="").exists())


def _make_rows(study: Study, arm: Arm) -> None:
    """For every rated item that has nothing in this arm yet. What revises a draft needs one from the file or from another arm."""
    missing = study.items.filter(role=Item.Role.RATED).exclude(outputs__arm=arm).select_related("case")
    alone = written_alone(study) if arm.revises else {}
    for item in missing:
        if not arm.revises or item.id in alone:
            Output(case=item.case, item=item, arm=arm, draft=alone.get(item.id, "")).save(force_insert=True)


def _settle_model(arm: Arm) -> None:
    """From here on the arm is this version, also when another one becomes active meanwhile."""
    mode = mode_of(arm)
    version = arm.version or Deployment.active_version(mode)
    if version is None:
        said = gettext(
            "No model is active that could write the arm %(arm)s. Ask whoever runs the site to activate one."
        )
        raise Refused("no_model", said % {"arm": arm.key})
    shown = {Mode.IMPROVE: IMPROVE_VERSION, Mode.GENERATE: GENERATE_VERSION}
    arm.version, arm.prompt = version, version.prompt_for(mode) or shown[mode]
    arm.save(update_fields=["version", "prompt"])


def written_alone(study: Study) -> dict[uuid.UUID, str]:
    """By item, what a supporter wrote without help: what a model can revise."""
    rows = Output.objects.filter(item__study=study, arm__kind=Arm.Kind.ALONE).exclude(sha256="").select_related("case")
    return {row.item_id: row.text for row in rows}


def mode_of(arm: Arm) -> Mode:
    return Mode.IMPROVE if arm.revises else Mode.GENERATE


def to_write(study: Study) -> Any:
    rows = Output.objects.filter(item__study=study, arm__kind__in=WRITTEN_BY_MODELS, sha256="", problem="")
    return rows.order_by("arm_id", "item_id")


def ring(study_id: uuid.UUID | str, *, countdown: float = 0) -> None:
    """After everything else that waits. A broker that is away leaves the rows as they are: the page offers to go on."""
    try:
        current_app.send_task(WRITE_OUTPUTS, args=[str(study_id)], countdown=countdown, priority=LAST, retry=False)
    except Exception as error:
        log.warning("doorbell_failed", extra={"study": str(study_id), "error": type(error).__name__})


# Writing


def write_outputs(study_id: uuid.UUID | str, *, serving: Serving | None = None) -> int:
    """Write what is to be written, until a suggestion is wanted. How many were written; never raises for one of them."""
    if not _one_at_a_time.acquire(blocking=False):
        ring(study_id, countdown=RING_AGAIN)
        return 0
    try:
        note_writing(study_id)
        study = Study.objects.filter(id=study_id, case__destroyed_at=None).select_related("case").first()
        return _write_all(study, serving) if study is not None and study.status == Study.Status.PLANNED else 0
    finally:
        _one_at_a_time.release()


def _write_all(study: Study, given: Serving | None) -> int:
    written = 0
    for arm in study.arms.filter(kind__in=WRITTEN_BY_MODELS).select_related("version").order_by("id"):
        waiting = list(to_write(study).filter(arm=arm).values_list("id", flat=True))
        if not waiting or arm.version is None:
            continue
        try:
            with _serving(arm.version, mode_of(arm), given) as serving:
                for output_id in waiting:
                    note_writing(study.id)
                    if not _write_one(output_id, serving):
                        ring(study.id, countdown=RING_AGAIN)
                        return written
                    written += 1
        except ModelUnavailable as error:
            log.warning("model_unavailable", extra={"study": str(study.id), "code": error.code})
            to_write(study).filter(arm=arm).update(problem="model_unavailable")
    return written


@contextmanager
def _serving(version: ModelVersion, mode: Mode, given: Serving | None) -> Iterator[Serving]:
    """The engine that is loaded, where this version is the active one; else one of its own, for as long as it takes."""
    if given is not None:
        yield given
        return
    if mode in modes_here() and Deployment.active_version(mode) == version:
        yield holder.serving(mode)
        return
    engine = load(version)
    try:
        yield Serving(engine, version, version.name if is_adapter(version) else "")
    finally:
        engine.close()


def _write_one(output_id: uuid.UUID, serving: Serving) -> bool:
    """Whether the next one can be written."""
    if suggestions_wait() or in_trouble(Kind.SUGGESTION):  # what cannot be checked is not written
        return False
    output = Output.objects.select_related("case", "item__case", "arm__version").filter(id=output_id).first()
    if output is None or output.case.destroyed_at is not None:
        return True
    try:
        text, problem = _ask(output, serving)
    except (EngineBusy, EngineAway):
        return False
    except UnknownPrompt:
        text, problem = "", "unknown_prompt"
    except EngineError as error:
        text, problem = "", error.code
    if text is None:
        return False
    _store(output_id, text, problem)
    return serving.engine.usable


def _ask(output: Output, serving: Serving) -> tuple[str | None, str]:
    """The whole text, or why there is none; None where it gave way to somebody's suggestion."""
    item, mode = output.item, mode_of(output.arm)
    prompt = build_prompt(mode, post=item.post, draft=output.draft, version=serving.prompt_for(mode))
    request = Request(id=str(output.id), prompt=prompt, params=default_params(), adapter=serving.adapter)
    stream = serving.engine.submit(request)
    pieces: list[str] = []
    for piece in stream:
        pieces.append(piece)
        if len(pieces) % 8 == 0 and suggestions_wait():
            stream.cancel()
    stop = stream.outcome.stop if stream.outcome is not None else StopReason.CANCELLED
    if stop is StopReason.CANCELLED:
        return None, ""
    text = "".join(pieces).strip()
    if stop is not StopReason.END:
        return "", str(stop)
    return (text, "") if text else ("", "empty")


def _store(output_id: uuid.UUID, text: str, problem: str) -> None:
    """Whoever was first wins. Nothing is stored in a study that was opened or erased meanwhile."""
    with transaction.atomic():
        rows = Output.objects.select_for_update(of=("self",)).select_related("case", "item__case", "item__study", "arm")
        output = rows.filter(id=output_id, sha256="", problem="", item__study__status=Study.Status.PLANNED).first()
        if output is None:
            return
        if problem:
            output.problem = problem[:100]
        else:
            # Checked as it was written, and kept as the texts of people are: a number that it made up stands in none of theirs.
            put_text(output, scrub(text), screened=_screened(output, output.item, text))
        output.save(update_fields=["text", "sha256", "screened", "problem"])


def _screened(output: Output, item: Item, text: str) -> str:
    return screen_output(
        text, kind=output.arm.kind, post=item.post, draft=output.draft, language=item.language, level=item.level
    )
