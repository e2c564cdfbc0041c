"""Stands in for the lab: reads an export and writes what `python -m evaluation.studies` writes, with invented figures."""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
from pathlib import Path
from typing import Any

FIGURE = {"value": 3.412, "low": 3.2, "high": 3.6, "n": 12, "method": "mixed model"}
DRAWING = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10"><rect width="5" height="5"/></svg>\n'


def report_of(study: dict[str, Any], sha256: str) -> dict[str, Any]:
    agreement = {"alpha": FIGURE | {"value": 0.61}, "why": "", "words": "They agree well enough."}
    arms = [{"arm": arm["key"], "mean": FIGURE} for arm in study["arms"]]
    planned = study["planned"] | {"panel": "lay", "difference": FIGURE, "verdict": "not worse", "words": "No worse."}
    difference = {"arm": "alone", "against": "improved", "difference": FIGURE, "df": 8.1, "p": 0.04, "p_holm": None}
    model = {
        "panel": "lay",
        "dimension": "empathy",
        "everybody": False,
        "why": "",
        "n": len(study["ratings"]),
        "items": 3,
        "raters": 3,
        "means": arms,
        "components": [{"of": "item", "variance": 0.2}],
        "differences": [difference | {"effect": FIGURE, "together": FIGURE, "planned": True}],
        "ranks": [],
    }
    plot = {"name": "means-lay", "file": "means-lay.svg", "title": "Ratings, lay raters", "says": "Means of each arm."}
    return {
        "head": {"format": 1, "study": study["name"], "study_sha256": sha256, "packages": {"numpy": "2"}},
        "decide": {
            "question": study["question"],
            "compared": [{"arm": "alone", "kind": "alone", "model": "", "prompt": ""}],
            "planned": [planned] if study["planned"]["candidate"] else [],
            "dimensions": [
                {"panel": "lay", "dimension": "empathy", "arms": arms, "words": "Much alike.", "agreement": agreement}
            ],
            "preferences": [],
            "limits": ["Three raters are few."],
        },
        "check": {
            "design": {"languages": [{"of": "en", "n": 3}]},
            "panels": [{"panel": "lay", "raters": 3, "kept": 3, "credentials": [{"says": "supporter", "n": 3}]}],
            "rules": ["Who is too fast is left out."],
            "conduct": [{"rater": one["code"], "seconds": 41.5, "left_out": []} for one in study["raters"]],
            "left_out": [],
            "agreement": [{"panel": "lay", "dimension": "empathy", **agreement, "correlations": []}],
            "models": [model],
            "skips": [{"of": "unclear", "n": 3}],
            "data": ["Codes alone."],
            "methods": ["A mixed model."],
        },
        "plots": [plot | {"columns": ["of", "arm", "value"], "rows": [["empathy", "alone", 3.412]]}],
    }


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("study", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--texts", type=Path)
    given = parser.parse_args()
    data = given.study.read_bytes()
    study = json.loads(data)
    if study["question"] == "Refuse it.":
        sys.stderr.write(f"{given.study}, ratings 1: want a rating.\n")
        return 2
    if study["question"] == "Crash on it.":
        raise RuntimeError
    report = report_of(study, hashlib.sha256(data).hexdigest())
    report["head"]["environment"] = sorted(
        name for name in os.environ if name.startswith(("DATABASE", "SECRET", "VAULT"))
    )
    (given.out / "report.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    (given.out / "check.md").write_text("texts" if given.texts else "no texts", encoding="utf-8")
    (given.out / "means-lay.svg").write_text(DRAWING, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
