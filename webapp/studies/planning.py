"""Setting a study up: what it asks, of whom, about which arms and items. Nothing of it changes once it is open."""

from __future__ import annotations

import secrets
from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils.translation import gettext

from assistant.actions import Refused
from assistant.models import CaseKey, ModelVersion
from assistant.safety.scrub import scrub
from assistant.vault import audit
from webapp.accounts.roles import RATE_REPLIES, RUN_STUDIES, Role
from webapp.studies.assigning import assign
from webapp.studies.models import Arm, Assignment, Item, Rater, Study

MOST_SEED = 2**31 - 1
# Without letters and digits that look like others: raters read their code out when they write to a researcher.
CODE_LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
CODE_LENGTH = 6


def default_consent() -> str:
    """What a study says to raters until its researcher changes it."""
    return gettext(
        "What you are asked: to read posts that people in distress wrote, each with one reply or two, and to say how good"
        " the replies are. Names, addresses and numbers were taken out. Some texts are hard to read: each says in a line"
        " what it is about before you open it, and you can skip any of them without a reason that anybody checks.\n\n"
        "What is stored: your answers, the comments you write, how long each page was open, and when. They stand under a"
        " code that was made at random. Whoever runs the study sees codes, not names, beside answers; who took part is"
        " known to them. What leaves this site has codes alone.\n\n"
        "How to stop: at any time, on this page, without a reason. Your answers are then deleted and you are asked"
        " nothing more. What was already counted in a report that was shared cannot be taken out of it.\n\n"
        "Taking part is voluntary, and nothing else here depends on it."
    )


# The study itself


@transaction.atomic
def start_study(*, name: str, question: str, form: str, by: Any) -> Study:
    _refuse_taken_name(name)
    study = Study(
        case=CaseKey.open_case(),
        name=name,
        question=question,
        form=form,
        seed=secrets.randbelow(MOST_SEED) + 1,
        consent=default_consent(),
        by=by,
    )
    study.save(force_insert=True)
    audit.record("study.started", actor=by, object_type="study", object_id=study.id)
    return study


@transaction.atomic
def change_question(study: Study, *, name: str, question: str, form: str, by: Any) -> None:
    if name != study.name:
        _refuse_taken_name(name)
    changed = {"name": name, "question": question, "form": form}
    if form != study.form:  # it was promised in another unit
        changed |= {"candidate": "", "reference": "", "dimension": ""}
        _change(study, "question", by=by, margin=None, **changed)
    else:
        _change(study, "question", by=by, **changed)


def change_size(
    study: Study, *, lay_ratings: int, clinician_ratings: int, most_per_rater: int, seed: int, by: Any
) -> None:
    sizes = {"lay_ratings": lay_ratings, "clinician_ratings": clinician_ratings, "most_per_rater": most_per_rater}
    _change(study, "size", by=by, seed=seed, **sizes)


def promise(study: Study, *, candidate: str, reference: str, dimension: str, margin: float | None, by: Any) -> None:
    """What the study will be held to, said before anybody rated anything. All of it, or nothing."""
    _change(study, "promise", by=by, candidate=candidate, reference=reference, dimension=dimension, margin=margin)


def change_consent(study: Study, *, consent: str, pairs_for_training: bool, by: Any) -> None:
    _change(study, "consent", by=by, consent=consent, pairs_for_training=pairs_for_training)


def _change(study: Study, step: str, *, by: Any, **fields: Any) -> None:
    with transaction.atomic():
        row = planned(study)
        for name, value in fields.items():
            setattr(row, name, value)
        row.save(update_fields=list(fields))
        audit.record("study.changed", actor=by, object_type="study", object_id=study.id, code=step)


def planned(study: Study) -> Study:
    """As it is now, and kept from being opened until the act stands."""
    row = locked(study)
    if row.status != Study.Status.PLANNED:
        raise Refused("opened", gettext("This study was opened. What it asks cannot be changed any more."))
    return row


def locked(study: Study) -> Study:
    """As it is now, kept from changing until the act stands."""
    row = Study.objects.select_for_update(of=("self",)).select_related("case").get(id=study.id)
    if row.case.destroyed_at is not None:
        raise Refused("erased", gettext("This study was erased."))
    return row


def _refuse_taken_name(name: str) -> None:
    if Study.objects.filter(name=name).exists():
        raise Refused("name", gettext("There is a study of this name already. Choose another one."), status=422)


# Arms and items


@transaction.atomic
def add_arm(study: Study, *, key: str, kind: str, version: ModelVersion | None, by: Any) -> Arm:
    row = planned(study)
    if row.arms.filter(key=key).exists():
        raise Refused("key", gettext("There is an arm with this key already."), status=422)
    arm = Arm.objects.create(study=row, key=key, kind=kind, version=version)
    audit.record("study.arm_added", actor=by, object_type="study", object_id=study.id, code=f"{key} {kind}")
    return arm


@transaction.atomic
def remove_arm(study: Study, arm: Arm, *, by: Any) -> None:
    """With its texts. A promise that named it is no promise any more."""
    row = planned(study)
    if arm.key in (row.candidate, row.reference):
        row.candidate = row.reference = row.dimension = ""
        row.margin = None
        row.save(update_fields=["candidate", "reference", "dimension", "margin"])
    audit.record("study.arm_removed", actor=by, object_type="study", object_id=study.id, code=arm.key)
    arm.delete()


@transaction.atomic
def remove_item(study: Study, item: Item, *, by: Any) -> None:
    planned(study)
    audit.record("study.item_removed", actor=by, object_type="study", object_id=study.id, code=str(item.id))
    item.delete()


# Raters


@transaction.atomic
def add_rater(study: Study, *, name: str, panel: str, credentials: str, by: Any) -> Rater:
    """Before it is open or later. They are asked for consent before they see anything."""
    row = locked(study)
    if row.status == Study.Status.CLOSED:
        raise Refused("closed", gettext("This study is closed. Nobody is asked any more."))
    person = _who_may_rate(name, panel=panel)
    if person.pk == row.by_id or person.has_perm(RUN_STUDIES):
        raise Refused("own", gettext("Whoever may set up studies can look at the arms, and cannot rate."), status=422)
    if name.casefold() in credentials.casefold():
        raise Refused("named", gettext("Leave the name out of what they are: reports repeat it."), status=422)
    if row.raters.filter(user=person).exists():
        raise Refused("there", gettext("They are in this study already."), status=422)
    rater = Rater.objects.create(
        study=row, user=person, panel=panel, credentials=scrub(credentials), code=_new_code(row)
    )
    audit.record("study.rater_added", actor=by, object_type="study", object_id=study.id, code=f"{rater.code} {panel}")
    _deal_again(row)
    return rater


@transaction.atomic
def remove_rater(study: Study, rater: Rater, *, by: Any) -> None:
    """Who has answered something is not taken out by somebody else: they can withdraw themselves."""
    row = locked(study)
    if has_answered(rater):
        raise Refused("begun", gettext("They have begun to rate. Only they themselves can withdraw now."))
    audit.record("study.rater_removed", actor=by, object_type="study", object_id=study.id, code=rater.code)
    rater.delete()
    _deal_again(row)


def _deal_again(study: Study) -> None:
    """In a study that was opened: to who came later, and what nobody has now."""
    if study.status in (Study.Status.OPEN, Study.Status.PAUSED):
        assign(study)


def has_answered(rater: Rater) -> bool:
    return rater.withdrew_at is not None or Assignment.objects.filter(rater=rater).exclude(done_at=None).exists()


def _who_may_rate(name: str, *, panel: str) -> Any:
    """Whoever does not exist, has left or may not rate is answered alike."""
    person = get_user_model().objects.filter(username=name, is_active=True).first()
    fits = person is not None and person.has_perm(RATE_REPLIES)
    if fits and panel == Rater.Panel.CLINICIAN:
        fits = person is not None and person.groups.filter(name=Role.CLINICIAN.value).exists()
    if not fits:
        message = gettext("Nobody of this name can be asked for this panel. Clinicians need the role clinician.")
        raise Refused("nobody", message, status=422)
    return person


def _new_code(study: Study) -> str:
    taken = set(study.raters.values_list("code", flat=True))
    while True:
        code = "".join(secrets.choice(CODE_LETTERS) for _ in range(CODE_LENGTH))
        if code not in taken:
            return code
