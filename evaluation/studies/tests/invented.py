"""An invented study: two panels, training and attention items, incomplete, with somebody who only clicks."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np

from evaluation.studies.stored import Study, read_study

ARMS = ("alone", "improved", "written")
FIVE = ("readability", "empathy", "connection", "actionability", "safety")
CLICKER = "clicker"
Fields = dict[str, Any]


def invent_study(*, form: str = "scales", items: int = 16, seed: int = 5) -> Fields:
    """The arm `improved` is one point better than `alone` on empathy; on the others all arms are alike."""
    chance = np.random.default_rng(seed)
    raters = [*(_rater(f"lay{n}", "lay") for n in range(5)), *(_rater(f"clin{n}", "clinician") for n in range(3))]
    raters.append(_rater(CLICKER, "lay"))
    posts = [
        _item("train0", "training"),
        _item("look0", "attention"),
        *(_item(f"post{number}", "rated") for number in range(items)),
    ]
    fields: Fields = {
        "format": 1,
        "name": "An invented study",
        "question": "Do replies improve?",
        "form": form,
        "seed": 11,
        "opened": "2026-03-01T09:00:00+00:00",
        "closed": "2026-03-08T09:00:00+00:00",
        "plan_sha256": "c0ffee",
        "planned": {"candidate": "improved", "reference": "alone", "dimension": "empathy", "margin": 0.4},
        "scale": [1, 5],
        "dimensions": [*FIVE, "escalation"],
        "arms": [
            {"key": arm, "kind": arm, "model": "invented-1" if arm == "improved" else "", "sha256": "", "prompt": ""}
            for arm in ARMS
        ],
        "items": posts,
        "raters": raters,
        "ratings": [],
        "choices": [],
        "skips": [{"rater": "lay0", "item": "post0", "arm": "written", "reason": "too_hard"}],
        "comments": [
            {"rater": "lay1", "item": "post1", "arm": "improved", "start": 0, "end": 9, "dimension": "empathy"}
        ],
        "outputs": [
            {"item": item["id"], "arm": arm, "sha256": "", "screened": "clear", "words": 40}
            for item in posts
            for arm in ARMS
        ],
    }
    if form == "pairs":
        fields["choices"] = [
            one for rater, item in itertools.product(raters, posts) for one in _choices(rater["code"], item, chance)
        ]
    else:
        fields["ratings"] = [
            _rating(rater, item, arm, chance)
            for rater, item, arm in itertools.product(raters, posts, ARMS)
            if not (rater["code"] == "lay0" and item["id"] == "post0" and arm == "written")
        ]
    return fields


def _rater(code: str, panel: str) -> Fields:
    says = "ten years on a helpline" if panel == "clinician" else ""
    return {
        "code": code,
        "panel": panel,
        "credentials": says,
        "consented": True,
        "withdrew": False,
        "trained": True,
    } | {
        "given": 54,
        "done": 54,
        "skipped": 0,
        "may_train": False,
    }


def _item(name: str, role: str) -> Fields:
    return {"id": name, "source": name, "role": role, "language": "en", "level": 1, "stratum": "work"}


def _rating(rater: Fields, item: Fields, arm: str, chance: np.random.Generator) -> Fields:
    clicks = rater["code"] == CLICKER
    asked = [*FIVE, *(["escalation"] if rater["panel"] == "clinician" else [])]
    better = {"empathy": {"improved": 1.0}}
    post = sum(item["id"].encode()) % 7 / 7
    values = {
        name: 3
        if clicks
        else int(np.clip(np.rint(chance.normal(2.4 + post + better.get(name, {}).get(arm, 0), 0.7)), 1, 5))
        for name in asked
    }
    return {
        "rater": rater["code"],
        "item": item["id"],
        "arm": arm,
        "position": 0,
        "seconds": 1.0 if clicks else 30.0,
        "values": values,
        "passed": None if item["role"] == "rated" else not clicks,
    }


def _choices(rater: str, item: Fields, chance: np.random.Generator) -> list[Fields]:
    made = []
    for first, second in itertools.combinations(ARMS, 2):
        better = 0.75 if first == "improved" else 0.25 if second == "improved" else 0.5
        preferred = first if rater == CLICKER or chance.random() < better else second
        made.append(
            {"rater": rater, "item": item["id"], "first": first, "second": second, "preferred": preferred}
            | {"position": 0, "seconds": 1.0 if rater == CLICKER else 30.0, "passed": None}
        )
    return made


def write(fields: Fields, folder: Path, *, name: str = "study.json") -> Path:
    path = folder / name
    path.write_text(json.dumps(fields), encoding="utf-8")
    return path


def read(fields: Fields, folder: Path) -> Study:
    return read_study(write(fields, folder))
