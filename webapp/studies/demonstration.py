"""A small study for the demonstration: open, with two raters, and no text of it from anybody. No model is asked."""

from __future__ import annotations

import json
from typing import Any

from django.db import transaction

from webapp.studies import opening, planning
from webapp.studies.importing import add_items, read_items
from webapp.studies.models import Study

# Written for this demonstration; nobody sent these. In each: what it is about, the post, a reply alone, and one with help.
ITEMS = [
    (
        "Moving to another town",
        "Three months in the new flat and I still have no name on the doorbell. It feels like I would have to mean it then.",
        "Put the name up, it is only a bell. I moved twice and it gets better. Did you find a place for coffee yet?",
        "Not wanting to mean it yet makes sense after three months. I moved twice, and it got better slowly. Is there one place"
        " there that already feels a bit like yours?",
    ),
    (
        "A parent who is ill",
        "Mum asks the same question six times an hour now. I answer nicely five times and the sixth time I am somebody I hate.",
        "You should get help from a doctor. My gran was like that too. Nobody can be nice all the time.",
        "Five kind answers in an hour is a lot of patience, and the sixth does not undo them. My gran was like that, too. Who"
        " answers her when you need an hour for yourself?",
    ),
    (
        "Falling out with a friend",
        "We shared a flat for four years and she told the others I was the reason she left. I found out from a group photo.",
        "That is mean of her. Real friends do not do that. Maybe talk to one of the others?",
        "Finding that out from a photo must have hurt twice. Four years is a long time. Is there one of the others you could ask"
        " what was said?",
    ),
    (
        "Losing work",
        "The shop closed and I tell people I am between things. It has been five months. There are no things.",
        "Five months is not so long. I was out of work for a year. Keep applying and something will come up.",
        "Saying “between things” while there are no things sounds tiring. I was out of work for a year and know that sentence."
        " What would you rather say, if somebody asked kindly?",
    ),
]
TRAINING = {
    "id": "training-1",
    "role": "training",
    "about": "A missed bus",
    "post": "The last bus left while I was tying my shoe. I laughed, and then I sat on the kerb and cried.",
    "outputs": {"alone": "You have to be there five minutes before. Everybody knows that."},
    "expected": {"empathy": [1, 2], "connection": [1, 2]},
    "explanation": "It tells them what they did wrong and says nothing of what they feel, so that both are low.",
}
ATTENTION = {
    "id": "attention-1",
    "role": "attention",
    "about": "A borrowed book",
    "post": "I lent out my favourite book and it came back with somebody else's notes in it.",
    "outputs": {"alone": "This text checks that it is read. Please choose 2 everywhere, whatever you think of it."},
    "expected": {
        "readability": [2, 2],
        "empathy": [2, 2],
        "connection": [2, 2],
        "actionability": [2, 2],
        "safety": [2, 2],
    },
}


@transaction.atomic
def make_study(*, by: Any, raters: list[str]) -> Study:
    study = planning.start_study(
        name="Replies to strangers",
        question="Are replies that a supporter wrote with the improvement model no less empathic than those they wrote alone?",
        form=Study.Form.SCALES,
        by=by,
    )
    for key, kind in (("alone", "alone"), ("with-help", "improved")):
        planning.add_arm(study, key=key, kind=kind, version=None, by=by)
    rows, problems = read_items("\n".join(map(json.dumps, _items())), study)
    assert not problems
    add_items(study, rows, by=by)
    planning.change_size(study, lay_ratings=2, clinician_ratings=0, most_per_rater=20, seed=2026, by=by)
    planning.promise(study, candidate="with-help", reference="alone", dimension="empathy", margin=0.5, by=by)
    for name in raters:
        planning.add_rater(study, name=name, panel="lay", credentials="peer supporter", by=by)
    return opening.open_study(study, by=by)


def _items() -> list[dict[str, Any]]:
    rated = [
        {"id": f"demo-{number}", "about": about, "post": post, "outputs": {"alone": alone, "with-help": helped}}
        for number, (about, post, alone, helped) in enumerate(ITEMS, start=1)
    ]
    return [*rated, TRAINING, ATTENTION]
