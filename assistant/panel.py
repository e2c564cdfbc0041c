"""The sample that the clinician panel reads before it signs a model off: gathered, drawn, kept, read, marked.

Outputs come from live suggestions of cases whose seeker and supporter agreed, or from a file that evaluation wrote. What is
read is scrubbed. Nobody on the panel is told which of several models wrote an output.

A file is JSON Lines: id, output, and post and draft where no file of cases has them under the same id; level and language where
they are known.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext

from assistant.actions.refused import Refused
from assistant.actions.sign_offs import LEAST_OUTPUTS
from assistant.exports import reason_to_leave_out
from assistant.models import (
    CaseKey,
    LearningConsent,
    ModelVersion,
    PanelItem,
    PanelMark,
    PanelSample,
    Suggestion,
)
from assistant.models.learning import Agreed
from assistant.safety.pipeline import screen
from assistant.safety.scrub import scrub
from assistant.safety.types import Context, Kind, Level
from assistant.vault import audit
from assistant.vault.keys import CaseErased

SIZE = 30  # outputs of the version itself; half as many of others are mixed in where there are some
LARGEST_SAMPLE = 500
LATEST = 2000  # live suggestions that are looked at
LARGEST = 64 * 2**20  # bytes of a file
ENDED = (Suggestion.Status.SHOWN, Suggestion.Status.RELEASED, Suggestion.Status.WITHHELD)


@dataclass(frozen=True, slots=True)
class Texts:
    """As the panel reads them."""

    post: str = field(repr=False)
    draft: str = field(repr=False)
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Output:
    version: ModelVersion
    source: str
    language: str
    level: int
    texts: Texts = field(repr=False)
    suggestion: Suggestion | None = None


# Where outputs come from


def live_outputs(version: ModelVersion) -> list[Output]:
    """Of this version, and of files that carry it."""
    return list(_live(_carrying(version), version))


def live_outputs_of_others(version: ModelVersion) -> list[Output]:
    """Of what else gave this help."""
    rows = Suggestion.objects.filter(job__mode=version.mode).exclude(model_version=None)
    others = ModelVersion.objects.filter(id__in=rows.values("model_version")).exclude(id__in=_carrying(version))
    return [one for other in others for one in _live(ModelVersion.objects.filter(id=other.id), other)]


def _carrying(version: ModelVersion) -> Any:
    own = Q(id=version.id)
    carried = Q(figures__adapter=version.name, mode=version.mode)
    return ModelVersion.objects.filter(own | carried if version.mode else own)


def _live(versions: Any, version: ModelVersion) -> Iterator[Output]:
    agreed = LearningConsent.in_force()
    rows = Suggestion.objects.filter(model_version__in=versions, status__in=ENDED).order_by("-created_at", "id")
    for row in _with_case(rows)[:LATEST]:
        texts = texts_of_suggestion(row, agreed)
        if texts is not None:
            post = row.job.draft.post
            yield Output(version, str(row.id), post.language, post.level, texts, row)


def _with_case(rows: Any) -> Any:
    return rows.select_related("case", "job__revision__case", "job__draft__case", "job__draft__post__case")


def texts_of_suggestion(row: Suggestion, agreed: dict[Any, Agreed]) -> Texts | None:
    """None where the case was erased or somebody took their agreement back."""
    draft = row.job.draft
    if reason_to_leave_out(draft, agreed.get(draft.author_id)):
        return None
    try:
        return Texts(scrub(draft.post.text), scrub(row.job.original), scrub(row.text))
    except CaseErased:  # a moment ago
        return None


def outputs_of_file(path: Path, version: ModelVersion, *, cases: Path | None = None) -> list[Output]:
    """Raises Refused with the line that cannot be used."""
    known = {str(row.get("id")): row for _, row in _rows(cases)} if cases is not None else {}
    found: list[Output] = []
    taken: set[str] = set()
    for number, row in _rows(path):
        whole = known.get(str(row.get("id")), {}) | row
        texts = [whole.get(name, "") for name in ("post", "draft", "output")]
        if not row.get("id") or not all(isinstance(text, str) for text in texts) or not (texts[0] and texts[2]):
            raise Refused("bad_file", f"{path}, line {number}: want id, output and post, here or in the file of cases.")
        if max(map(len, texts)) > settings.MAX_POST:
            raise Refused("bad_file", f"{path}, line {number}: a text has more than {settings.MAX_POST:,} characters.")
        source = str(row["id"])[:64]
        if source in taken:
            raise Refused("bad_file", f"{path}, line {number}: this id stood there before, and an output is read once.")
        taken.add(source)
        post, draft, text = map(scrub, texts)
        given = whole.get("level")
        level = given if isinstance(given, int) and given in tuple(Level) else screen(post, Context(Kind.POST)).level
        language = str(whole.get("language") or "en")[:35]
        found.append(Output(version, source, language, int(level), Texts(post, draft, text)))
    return found


def _rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        if path.stat().st_size > LARGEST:
            raise Refused("bad_file", f"{path}: larger than {LARGEST:,} bytes. Give the lines that are to be read.")
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise Refused("bad_file", f"{path}: cannot be read ({type(error).__name__}).") from error
    for number, line in enumerate(lines, start=1):
        try:
            row = json.loads(line) if line.strip() else None
        except ValueError as error:
            raise Refused("bad_file", f"{path}, line {number}: this is not JSON.") from error
        if row is not None and not isinstance(row, dict):
            raise Refused("bad_file", f"{path}, line {number}: want one JSON object a line.")
        if row is not None:
            yield number, row


# Drawing


def draw(outputs: Sequence[Output], *, size: int, rng: random.Random) -> list[Output]:
    """One of each level and language in turn, so that what is rare is read too."""
    strata: dict[tuple[int, str], list[Output]] = {}
    for one in sorted(outputs, key=lambda one: one.source):
        strata.setdefault((one.level, one.language), []).append(one)
    queues = [rng.sample(strata[key], len(strata[key])) for key in sorted(strata, reverse=True)]
    chosen: list[Output] = []
    while len(chosen) < size and any(queues):
        chosen += [queue.pop() for queue in queues if queue][: size - len(chosen)]
    return chosen


def draw_sample(
    version: ModelVersion,
    own: Sequence[Output],
    others: Sequence[Output],
    *,
    seed: int,
    size: int = SIZE,
    by: Any = None,
) -> PanelSample:
    """Raises Refused where there are too few to say anything by."""
    if size > LARGEST_SAMPLE:
        raise Refused("too_many", f"--size is {size:,}; nobody reads more than {LARGEST_SAMPLE:,} outputs with care.")
    if len(own) < LEAST_OUTPUTS or size < LEAST_OUTPUTS:
        said = gettext(
            "%(name)s: %(n)d outputs can be read, and %(least)d are wanted. `manage.py models sample` takes them from a file."
        )
        raise Refused("too_few", said % {"name": version.name, "n": min(len(own), size), "least": LEAST_OUTPUTS})
    rng = random.Random(seed)  # noqa: S311  no secret: the same draw can be made again
    chosen = [*draw(own, size=size, rng=rng), *draw(others, size=size // 2, rng=rng)]
    rng.shuffle(chosen)
    with transaction.atomic():
        sample = PanelSample(case=CaseKey.open_case(), version=version, seed=seed, sha256=_sum_of(chosen), by=by)
        sample.save(force_insert=True)
        for position, one in enumerate(chosen):
            _item(sample, position, one).save(force_insert=True)
        audit.record("model.sample_drawn", actor=by, object_type="model", object_id=version.id, code=sample.sha256)
    return sample


def _sum_of(chosen: Sequence[Output]) -> str:
    rows = [[one.source, one.version.sha256, hashlib.sha256(one.texts.text.encode()).hexdigest()] for one in chosen]
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()


def _item(sample: PanelSample, position: int, one: Output) -> PanelItem:
    common = {"sample": sample, "position": position, "version": one.version, "source": one.source}
    common |= {"language": one.language, "level": one.level}
    if one.suggestion is not None:
        return PanelItem(case=one.suggestion.case, suggestion=one.suggestion, **common)
    return PanelItem(case=sample.case, post=one.texts.post, draft=one.texts.draft, text=one.texts.text, **common)


# Reading and marking


def texts_of(item: PanelItem, agreed: dict[Any, Agreed]) -> Texts | None:
    """None where it may not be read any more."""
    try:
        if item.suggestion_id is None:
            return Texts(item.post, item.draft, item.text)
        return texts_of_suggestion(_with_case(Suggestion.objects.filter(id=item.suggestion_id)).get(), agreed)
    except CaseErased:
        return None


def unread(sample: PanelSample, *, by: Any) -> Iterator[tuple[PanelItem, Texts]]:
    """What this member has still to say something about, in the sample's order."""
    agreed = LearningConsent.in_force()
    for item in readable(sample).exclude(marks__by=by).select_related("case"):
        texts = texts_of(item, agreed)
        if texts is not None:
            yield item, texts


def readable(sample: PanelSample) -> Any:
    """Its outputs that nobody erased."""
    return sample.items.filter(case__destroyed_at=None, sample__case__destroyed_at=None)


def mark_output(item: PanelItem, *, verdict: str, note: str, by: Any) -> PanelMark:
    """Once: a second look would know more than the first."""
    try:
        with transaction.atomic():
            row = PanelMark(item=item, case=item.case, by=by, verdict=verdict, note=note)
            row.save(force_insert=True)
            audit.record("model.output_marked", actor=by, object_type="panel_item", object_id=item.id, outcome=verdict)
    except IntegrityError as error:
        raise Refused("marked", gettext("You have said something about this one already. That counts.")) from error
    return row
