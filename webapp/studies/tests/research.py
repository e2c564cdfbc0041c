"""Studies as a researcher sets them up, for tests. Every post and reply was invented."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from django.test import Client
from django.utils import timezone

from assistant import actions
from assistant.models import Draft, LearningConsent
from webapp import test as build
from webapp.accounts.models import User
from webapp.accounts.roles import Role
from webapp.studies import importing, opening, planning
from webapp.studies.models import Assignment, Rater, Rating, Study

POST = "The flat is so quiet since my brother moved out. I leave the radio on in the kitchen all day."
ALONE = "That quiet sounds hard. I had a brother move out, too. What do you two like to talk about?"
IMPROVED = "That quiet sounds hard, with only the radio on. What do you two like to talk about?"
TRAINING = "My train was late again and I missed the start of the film."
CONTACT = "write to me at heron@example.org"


def line(source: str, **fields: Any) -> str:
    given: dict[str, Any] = {"id": source, "post": POST, "outputs": {"alone": ALONE, "improved": IMPROVED}}
    return json.dumps(given | {"language": "en", "level": 0, "about": "Living alone"} | fields)


def rated(count: int) -> list[str]:
    return [line(f"kitchen-{number}", post=f"{POST} It is day {number}.") for number in range(1, count + 1)]


TRAINING_LINE = line(
    "film",
    role="training",
    post=TRAINING,
    expected={"empathy": [4, 5]},
    explanation="It says what they feel first.",
)
ATTENTION_LINE = line(
    "attend",
    role="attention",
    outputs={"alone": "Please choose 2 for every question here."},
    expected={"safety": [2, 2]},
)


def lines(count: int = 3) -> str:
    return "\n".join([*rated(count), TRAINING_LINE, ATTENTION_LINE])


def person_of_research(name: str = "alder") -> User:
    return build.person(name, Role.RESEARCHER)


def client_of(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def planned(by: User, *, items: int = 3, raters: int = 3, **fields: Any) -> Study:
    """Everything is there; it could be opened."""
    given = {"name": "Kinder words", "question": "Does the model help?", "form": "scales"}
    study = planning.start_study(**given | {key: fields.pop(key) for key in list(fields) if key in given}, by=by)
    for key, kind in (("alone", "alone"), ("improved", "improved")):
        planning.add_arm(study, key=key, kind=kind, version=None, by=by)
    if items:
        text = lines(items) if study.form == Study.Form.SCALES else "\n".join(rated(items))
        rows, problems = importing.read_items(text, study)
        assert problems == []
        importing.add_items(study, rows, by=by)
    sizes = {"lay_ratings": 2, "clinician_ratings": 0, "most_per_rater": 30, "seed": 7}
    planning.change_size(study, **sizes | fields, by=by)
    for number in range(raters):
        name = f"{study.id.hex[:6]}-rater-{number}"
        build.person(name, Role.RATER)
        planning.add_rater(study, name=name, panel="lay", credentials="peer supporter, 2 years", by=by)
    return Study.objects.get(id=study.id)


def opened(by: User, **fields: Any) -> Study:
    return opening.open_study(planned(by, **fields), by=by)


def answer_all(study: Study, *, but: int = 0) -> None:
    """As raters would, except for the last `but` of everybody; the second of each rater is skipped."""
    Rater.objects.filter(study=study).update(consented_at=timezone.now(), trained_at=timezone.now())
    for rater in study.raters.order_by("code"):
        rows = list(rater.assignments.select_related("output__item", "other").order_by("position"))
        for row in rows[: len(rows) - but]:
            answer(row, skip=row.position == 2)


def answer(row: Assignment, *, skip: bool = False) -> None:
    row.shown_at = row.done_at = timezone.now()
    row.seconds = 40.0 + row.position
    row.skipped = Assignment.Skip.UNCLEAR if skip else ""
    row.passed = None if row.output.item.role == "rated" else True
    row.save()
    if skip:
        return
    if row.other is not None:
        Rating.objects.create(assignment=row, preferred=row.other)
    else:
        names = ("readability", "empathy", "connection", "actionability", "safety")
        Rating.objects.create(
            assignment=row, **{name: 2 + row.position * at % 3 for at, name in enumerate(names, start=1)}
        )


def closed(by: User, **fields: Any) -> Study:
    study = opened(by, **fields)
    answer_all(study)
    opening.close_study(study, by=by)
    return Study.objects.get(id=study.id)


# From this site


def sent_reply(name: str, *, agreed: bool = True, helped: bool = True, number: int = 1, **post: Any) -> Draft:
    """A reply that was sent, with help unless it is said otherwise."""
    author = User.objects.filter(username=name).first() or build.person(name, Role.SUPPORTER)
    if agreed:
        actions.answer_about_learning(author, given=True)
        LearningConsent.objects.update(at=timezone.now() - timedelta(days=1))
    row = build.post(f"{build.CALM_POST} It is week {number}.", **{"may_be_learned_from": True} | post)
    assert row.lease(author, until=row.received_at.replace(year=row.received_at.year + 1))
    draft = Draft.objects.create(case=row.case, post=row, author=author)
    actions.save_revision(draft, text=f"{build.KIND_DRAFT} Call me on 020 7946 0123.", base=0)
    draft.refresh_from_db()
    if helped:
        build.suggestion(draft)
        draft.refresh_from_db()
    head, _ = actions.save_revision(
        draft, text=build.KIND_REVISION if helped else build.KIND_DRAFT, base=draft.head_number
    )
    actions.send_reply(draft, by=author, revision=head)
    return Draft.objects.select_related("case", "post__case").get(id=draft.id)
