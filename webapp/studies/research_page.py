"""What the pages of researchers show. No answer of a rater, and no name beside a code, while a study goes on or after it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from django.db.models import Count, Q
from django.urls import reverse
from django.utils.translation import gettext

from webapp.studies.acquaintance import knows_some
from webapp.studies.assigning import short_of
from webapp.studies.checked import ALLOWED, HELD, NOTED, WRITTEN_BY_MODELS
from webapp.studies.faults import faults_of, size_of
from webapp.studies.finding import finding_of
from webapp.studies.generating import is_writing
from webapp.studies.models import Arm, Item, Output, Rater, Report, Study
from webapp.studies.research_access import rated_by

CHIPS = {Study.Status.PLANNED: "", Study.Status.OPEN: "good", Study.Status.PAUSED: "look", Study.Status.CLOSED: ""}


def problem_words(code: str) -> str:
    said = {
        "erased": gettext("Its case was erased."),
        "left_out": gettext("The checks held it, and it was left out."),
        "model_unavailable": gettext("The model could not be loaded."),
        "unknown_prompt": gettext("The model wants a prompt that this release does not have."),
        "empty": gettext("The model wrote nothing."),
        "length": gettext("The text did not end within its length."),
        "deadline": gettext("The text was not ready in time."),
        "repetition": gettext("The model went round in circles."),
    }
    return said.get(code, gettext("The model could not write it."))


def studies_page(user: Any) -> dict[str, Any]:
    rows = Study.objects.select_related("by", "case").annotate(people=Count("raters"))
    rated = set(rated_by(user))
    return {"studies": [_listed(row, is_rated=row.id in rated) for row in rows]}


def _listed(row: Any, *, is_rated: bool) -> dict[str, Any]:
    erased = row.case.destroyed_at is not None
    return {
        "name": row.name,
        "question": row.question,
        "is_rated": is_rated,
        "url": "" if erased or is_rated else reverse("studies:research_study", args=[row.id]),
        "status": gettext("Erased") if erased else row.get_status_display(),
        "chip": "" if erased else CHIPS[Study.Status(row.status)],
        "by": row.by.username,
        "at": row.created_at,
        "people": row.people,
    }


def study_page(study: Study) -> dict[str, Any]:
    """Its steps while it is set up; afterwards how far it is."""
    if study.status == Study.Status.PLANNED:
        return {"study": study, "steps": steps_of(study), "chip": CHIPS[Study.Status(study.status)]}
    short = short_of(study) if study.status != Study.Status.CLOSED else {}
    return {
        "study": study,
        "chip": CHIPS[Study.Status(study.status)],
        "size": size_of(study),
        "panels": [panel for name in Rater.Panel if (panel := _panel(study, name, short)) is not None],
        "some_know": any(short.values()) and knows_some(study),
        # Not before they agreed: a code that appears as somebody is added would say whose it is.
        "raters": [_progress(rater) for rater in _counted(study).exclude(consented_at=None, withdrew_at=None)],
        "promise": promise_words(study),
        "report": study.reports.filter(status=Report.Status.DONE).exists(),
    }


def steps_of(study: Study) -> list[dict[str, Any]]:
    roles = Counter(study.items.values_list("role", flat=True))
    arms = list(study.arms.values_list("key", flat=True))
    panels = Counter(study.raters.values_list("panel", flat=True))
    people = gettext("%(lay)s lay, %(clinician)s clinicians")
    counts = {name: roles[str(name)] for name in ("rated", "training", "attention")}
    asked = {"lay": study.lay_ratings, "clinician": study.clinician_ratings, "most": study.most_per_rater}
    return [
        _step(study, "question", gettext("Name and question"), f"{study.get_form_display()}", True),
        _step(study, "arms", gettext("Arms: where the texts come from"), ", ".join(arms), bool(arms)),
        _step(
            study,
            "items",
            gettext("Items: posts with their texts"),
            gettext("%(rated)s rated, %(training)s for training, %(attention)s for attention") % counts,
            bool(roles[str(Item.Role.RATED)]),
        ),
        _step(
            study,
            "size",
            gettext("How many people rate each text"),
            gettext("%(lay)s lay, %(clinician)s clinicians; at most %(most)s texts each") % asked,
            bool(study.lay_ratings or study.clinician_ratings),
        ),
        _step(
            study, "promise", gettext("The comparison that you promise"), promise_words(study), bool(study.candidate)
        ),
        _step(
            study,
            "consent",
            gettext("What raters agree to"),
            gettext("Asked about training a model, too") if study.pairs_for_training else "",
            bool(study.consent.strip()),
        ),
        _step(
            study,
            "raters",
            gettext("Raters"),
            people % {"lay": panels[str(Rater.Panel.LAY)], "clinician": panels[str(Rater.Panel.CLINICIAN)]},
            bool(panels),
        ),
    ]


def _step(study: Study, name: str, label: str, said: str, done: bool) -> dict[str, Any]:
    return {"label": label, "said": said, "done": done, "url": reverse(f"studies:research_{name}", args=[study.id])}


def promise_words(study: Study) -> str:
    if not study.candidate:
        return gettext("None")
    said = {
        "candidate": study.candidate,
        "reference": study.reference,
        "dimension": study.dimension,
        "margin": f"{study.margin:g}" if study.margin is not None else "–",
    }
    if study.form == Study.Form.PAIRS:
        return gettext("%(candidate)s wins no less often than one half less %(margin)s against %(reference)s") % said
    return gettext("%(candidate)s is no worse than %(reference)s by more than %(margin)s in %(dimension)s") % said


# Items


def items_page(study: Study) -> dict[str, Any]:
    arms = list(study.arms.select_related("version"))
    outputs: dict[Any, dict[int, Output]] = {}
    for output in Output.objects.filter(item__study=study).defer("text", "draft"):
        outputs.setdefault(output.item_id, {})[output.arm_id] = output
    items = [_item_line(item, arms, outputs.get(item.id, {})) for item in study.items.order_by("role", "source")]
    return {"study": study, "arms": arms, "items": items, "writing": writing_of(study)}


def _item_line(item: Item, arms: list[Arm], outputs: dict[int, Output]) -> dict[str, Any]:
    return {
        "source": item.source,
        "url": reverse("studies:research_item", args=[item.study_id, item.id]),
        "role": _role_words(item.role),
        "is_rated": item.role == Item.Role.RATED,
        "language": item.language,
        "level": item.level,
        "stratum": item.stratum,
        "texts": [_text_state(arm, outputs.get(arm.id), rated=item.role == Item.Role.RATED) for arm in arms],
    }


def _role_words(role: str) -> str:
    words = {"rated": gettext("rated"), "training": gettext("training"), "attention": gettext("attention")}
    return words[role]


def _text_state(arm: Arm, output: Output | None, *, rated: bool) -> dict[str, str]:
    if output is None or (not output.sha256 and not output.problem):
        waits = arm.kind in WRITTEN_BY_MODELS and rated
        return {"arm": arm.key, "chip": "", "said": gettext("to be written") if waits else gettext("none")}
    if output.problem:
        return {"arm": arm.key, "chip": "look", "said": problem_words(output.problem)}
    chips = {HELD: ("hold", gettext("held")), ALLOWED: ("look", gettext("held, given all the same"))}
    chips[NOTED] = ("", gettext("noted"))
    chip, said = chips.get(output.screened, ("good", gettext("clear")))
    return {"arm": arm.key, "chip": chip, "said": said}


def writing_of(study: Study) -> dict[str, Any]:
    """How many texts the models of the arms have to write, how many of them are there, and whether more come."""
    arms = study.arms.filter(kind__in=WRITTEN_BY_MODELS)
    items = study.items.filter(role=Item.Role.RATED)
    rows = Output.objects.filter(item__in=items, arm__in=arms)
    done = rows.exclude(sha256="").count()
    failed = rows.exclude(problem="").count()
    asked, goes_on = items.count() * arms.count(), is_writing(study)
    said = ""
    if study.status == Study.Status.PLANNED and study.writing_at is not None and asked and not goes_on:
        said = _written_words(asked, done, failed)
    return {"asked": asked, "done": done, "failed": failed, "goes_on": goes_on, "lacks": done < asked, "said": said}


def _written_words(asked: int, done: int, failed: int) -> str:
    """Where nothing is written any more: why not."""
    if done >= asked:
        return gettext("The models have written everything.")
    if done + failed >= asked:
        return gettext("The models have tried everything. What failed can be tried again.")
    return gettext("Nothing is being written. Press again to go on with what is missing.")


def item_page(study: Study, item: Item) -> dict[str, Any]:
    outputs = item.outputs.select_related("case", "arm__version", "allowance__case", "allowance__by").order_by("arm_id")
    return {
        "study": study,
        "item": item,
        "role": _role_words(item.role),
        "planned": study.status == Study.Status.PLANNED,
        "outputs": [_shown_output(output) for output in outputs],
    }


def _shown_output(output: Output) -> dict[str, Any]:
    allowance = getattr(output, "allowance", None)
    return {
        "id": output.id,
        "arm": output.arm.key,
        "kind": output.arm.get_kind_display(),
        "model": output.arm.version.name if output.arm.version else "",
        "state": _text_state(output.arm, output, rated=True),
        "text": output.text,
        "draft": output.draft,
        "held": output.screened == HELD,
        "allowance": allowance,
    }


# Raters


def raters_page(study: Study) -> dict[str, Any]:
    """By name, without codes: who sees both could tell whose answers are whose."""
    rows = study.raters.select_related("user").order_by("panel", "user__username")
    return {
        "study": study,
        "raters": list(rows),
        "closed": study.status == Study.Status.CLOSED,
        "goes_on": study.status in (Study.Status.OPEN, Study.Status.PAUSED),
    }


def check_page(study: Study) -> dict[str, Any]:
    faults = faults_of(study)
    size = size_of(study)
    return {
        "study": study,
        "missing": [fault for fault in faults if fault.missing],
        "doubtful": [fault for fault in faults if not fault.missing],
        "size": size,
        "lay": size.needed(study.lay_ratings),
        "clinician": size.needed(study.clinician_ratings),
        "promise": promise_words(study),
        "finding": finding_of(study),
    }


# How far it is


def _counted(study: Study) -> Any:
    """In the order of codes, which is one of chance."""
    done = Q(assignments__done_at__isnull=False)
    skipped = ~Q(assignments__skipped="")
    return study.raters.annotate(
        given=Count("assignments"),
        done=Count("assignments", filter=done & ~skipped),
        skipped=Count("assignments", filter=done & skipped),
    ).order_by("panel", "code")


def _progress(rater: Any) -> dict[str, Any]:
    if rater.withdrew_at is not None:
        state = gettext("withdrew")
    elif rater.trained_at is None and not rater.done:
        state = gettext("agreed")
    else:
        state = gettext("finished") if rater.given and rater.done + rater.skipped >= rater.given else gettext("rating")
    return {
        "code": rater.code,
        "panel": rater.get_panel_display(),
        "given": rater.given,
        "done": rater.done,
        "skipped": rater.skipped,
        "state": state,
    }


def _panel(study: Study, panel: Rater.Panel, short: Mapping[str, int]) -> dict[str, Any] | None:
    rows = [row for row in _counted(study) if row.panel == panel]
    if not rows:
        return None
    active = [row for row in rows if row.withdrew_at is None]
    given = sum(row.given for row in active)
    through = sum(row.done + row.skipped for row in active)
    return {
        "label": panel.label,
        "people": len(active),
        "withdrew": len(rows) - len(active),
        "begun": sum(1 for row in active if row.consented_at is not None),
        "given": given,
        "through": through,
        "short": short.get(str(panel), 0),
    }
