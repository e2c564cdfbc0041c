"""What a study of this size can find: the lab's power calculation, in a process of its own, as reports are counted."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.utils.translation import gettext

from webapp.studies.faults import Size, size_of
from webapp.studies.models import Rater, Study
from webapp.studies.reporting import NotCounted, missing_packages, run_lab

EFFECT = 0.5  # half a point of the scale
SCATTER = 1.0  # points; what one rating is away from the mean of its arm
SECONDS = 15  # somebody is waiting for the page
WANTED = 0.8


@dataclass(frozen=True, slots=True)
class Finding:
    """Sentences for each panel that is asked; or why there are none."""

    panels: list[dict[str, Any]]
    why: str = ""


def finding_of(study: Study) -> Finding | None:
    """None: a study of pairs, of which the lab works nothing out."""
    if study.form == Study.Form.PAIRS:
        return None
    if missing_packages():
        return Finding(
            [],
            gettext(
                "The lab works this out, and its packages are missing here. Whoever runs the site installs them with make lab."
            ),
        )
    size, arms = size_of(study), study.arms.count()
    asked = {Rater.Panel.LAY: study.lay_ratings, Rater.Panel.CLINICIAN: study.clinician_ratings}
    panels = []
    for panel, ratings in asked.items():
        people = study.raters.filter(panel=panel, withdrew_at=None).count()
        if ratings and min(people, arms, size.items) >= 2:
            each = _ratings_of_a_text(study, size, ratings, people)
            margin = study.margin if study.candidate else None
            try:
                found = json.loads(_power(size.items, arms, people, each, margin or None))
            except NotCounted:
                return Finding([], gettext("The lab could not work this out now. Load this page again in a minute."))
            panels.append({"label": panel.label, "lines": _lines(found)})
    why = (
        "" if panels else gettext("It can be worked out once there are two arms, two items and two raters of a panel.")
    )
    return Finding(panels, why)


def _ratings_of_a_text(study: Study, size: Size, wanted: int, people: int) -> int:
    """As many as there are people, and no more than they are given."""
    return max(1, min(wanted, people, people * study.most_per_rater // max(1, size.texts)))


@lru_cache(maxsize=256)
def _power(items: int, arms: int, raters: int, ratings: int, margin: float | None) -> str:
    numbers = {"items": items, "arms": arms, "raters": raters, "ratings": ratings, "effect": EFFECT, "sd": SCATTER}
    arguments = ["power", *(word for name, value in numbers.items() for word in (f"--{name}", f"{value:g}")), "--json"]
    if margin is not None:
        arguments += ["--margin", f"{margin:g}"]
    with tempfile.TemporaryDirectory(prefix="power-") as folder:
        return run_lab(arguments, Path(folder), seconds=SECONDS)


def _lines(found: dict[str, Any]) -> list[str]:
    said = {
        "of": _of_hundred(found["power"]),
        "least": f"{found['smallest_effect']:.2f}",
        "items": found["items_for_80"],
    }
    lines = [
        gettext("A true difference of half a point is found in %(of)s of 100 such studies.") % said,
        gettext("The smallest difference that is found in 80 of 100 is %(least)s points.") % said,
    ]
    if found["power_not_worse"] is not None:
        promised = {"of": _of_hundred(found["power_not_worse"]), "margin": f"{found['margin']:g}"}
        lines.append(
            gettext(
                "A candidate that is just as good is shown to be no worse than the promised %(margin)s in %(of)s of 100."
            )
            % promised
        )
    if found["power"] < WANTED:
        more = (
            gettext("With these raters, %(items)s items would find half a point in 80 of 100.")
            if found["items_for_80"]
            else gettext("More items alone would never find half a point in 80 of 100: more raters would.")
        )
        lines.append(more % said)
    return lines


def _of_hundred(share: float) -> int:
    """No study is sure of anything."""
    return min(99, round(100 * share))
