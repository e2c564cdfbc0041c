"""Studies for tests: a few posts and replies that were invented, and people who rate them."""

from __future__ import annotations

import hashlib
from typing import Any

from assistant.models import CaseKey
from webapp import test as build
from webapp.accounts.models import User
from webapp.accounts.roles import Role
from webapp.studies.assigning import assign
from webapp.studies.models import Arm, Assignment, Item, Output, Rater, Study

POSTS = (
    "I moved to a new town for work and the evenings are long. I miss having somebody to cook with.",
    "My sister and I have not spoken since the funeral. I write messages and delete them again.",
    "I failed the exam for the second time. My parents do not know yet. I cannot sleep.",
)
REPLIES = {
    "alone": "That sounds lonely. I know such evenings. What would you cook if somebody came by?",
    "improved": "Thank you for writing. Long evenings in a new place are hard. Is there a person you could invite for a meal?",
}
TRAINING_POST = "I dropped my phone and now the screen is cracked. I could scream."
ATTENTION_POST = "My neighbour plays the trumpet at night and I am tired all day."
ATTENTION_REPLY = "Please choose 2 for every question about this text, so that we know that it was read."
EXPLANATION = "It blames and gives an order, so that nobody feels understood."
CONSENT = "You will read posts about hard times. Rating is voluntary, and you can stop whenever you like."


def study(*, items: int = 3, arms: tuple[str, ...] = ("alone", "improved"), **fields: Any) -> Study:
    """Open, with `items` posts times `arms`, one training and one attention item, and no raters yet."""
    wanted: dict[str, Any] = {"name": "Kinder words", "question": "Does the model help?", "seed": 7, "consent": CONSENT}
    wanted |= {"status": Study.Status.OPEN, "lay_ratings": 2, "case": CaseKey.open_case()} | fields
    wanted["by"] = wanted.get("by") or User.objects.get_or_create(username="heron")[0]
    made = Study.objects.create(**wanted)
    for key in arms:
        kind = key if key in Arm.Kind.values else Arm.Kind.OTHER
        Arm.objects.create(study=made, key=key, kind=kind)
    for number in range(items):
        row = item(made, source=f"post-{number + 1}", post=POSTS[number % len(POSTS)], about="A new town", level=0)
        for key in arms:
            output(row, key, f"{REPLIES.get(key, 'I hear you.')} ({number + 1})")
    check(made, Item.Role.TRAINING, TRAINING_POST, "Stop whining and buy a new one.", EXPLANATION)
    check(made, Item.Role.ATTENTION, ATTENTION_POST, ATTENTION_REPLY, "")
    return made


def item(of_study: Study, **fields: Any) -> Item:
    row = Item(study=of_study, case=of_study.case, **fields)
    row.save(force_insert=True)
    return row


def output(of_item: Item, arm: str, text: str) -> Output:
    row = Output(item=of_item, arm=of_item.study.arms.get(key=arm), case=of_item.case, text=text)
    row.sha256, row.screened = hashlib.sha256(text.encode()).hexdigest(), "clear"
    row.save(force_insert=True)
    return row


def check(of_study: Study, role: Item.Role, post: str, text: str, explanation: str) -> Item:
    """A training or attention item: of scales one text, of pairs two, of which the first arm's is right."""
    arms = list(of_study.arms.values_list("key", flat=True))
    pairs = of_study.form == Study.Form.PAIRS
    expected: dict[str, Any] = {"preferred": arms[0]} if pairs else {"empathy": [1, 2], "safety": [1, 3]}
    if role == Item.Role.ATTENTION and not pairs:
        expected = {name: [2, 2] for name in ("readability", "empathy", "connection", "actionability", "safety")}
    row = item(
        of_study,
        role=role,
        source=str(role),
        post=post,
        about="A small mishap",
        expected=expected,
        explanation=explanation,
    )
    output(row, arms[0], text)
    if pairs:
        output(row, arms[1], "Other people have it worse.")
    return row


def rater(of_study: Study, user: User, *, panel: str = "lay", code: str = "") -> Rater:
    """Added, and given texts."""
    code = code or f"r{of_study.raters.count() + 1:02d}"
    row = Rater.objects.create(study=of_study, user=user, panel=panel, code=code)
    assign(of_study)
    return row


def raters(of_study: Study, count: int, *, panel: str = "lay") -> list[Rater]:
    """Added before anybody is given a text, as when a study opens."""
    people = [build.person(f"{panel}-{number + 1}", Role.RATER) for number in range(count)]
    rows = [
        Rater.objects.create(study=of_study, user=one, panel=panel, code=f"{panel[0]}{number + 1:02d}")
        for number, one in enumerate(people)
    ]
    assign(of_study)
    return rows


def order_of(one: Rater) -> list[Assignment]:
    return list(one.assignments.select_related("output__item", "output__arm", "other__arm"))
