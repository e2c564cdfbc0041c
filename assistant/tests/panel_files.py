"""Outputs for the clinician panel, as evaluation writes them, and members who read them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from assistant import panel
from assistant.actions.sign_offs import sign_off
from assistant.models import ModelVersion, PanelSample, SignOff


def outputs(path: Path, *, count: int = 24, says: str = "I hear you.", **fields: Any) -> Path:
    """Posts of levels 0 to 2 in two languages."""
    rows = [
        {
            "id": f"case-{number}",
            "post": f"The evenings are long. It is week {number} now.",
            "draft": "That is hard.",
            "output": f"{says} Week {number} sounds long.",
            "level": number % 3,
            "language": "es" if number % 4 == 0 else "en",
        }
        | fields
        for number in range(count)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def sample(path: Path, version: ModelVersion, **fields: Any) -> PanelSample:
    return panel.draw_sample(version, panel.outputs_of_file(path, version), [], seed=1, size=24, **fields)


def read_all(of: PanelSample, *, by: Any, verdict: str = "fine") -> None:
    for item, _texts in list(panel.unread(of, by=by)):
        panel.mark_output(item, verdict=verdict, note="", by=by)


def signed(of: PanelSample, *, by: Any, verdict: str = "signed", days: int = 90) -> SignOff:
    """By somebody who read all of it."""
    read_all(of, by=by)
    return sign_off(of.version, sample=of, verdict=verdict, reason="Read, and it keeps to the draft.", days=days, by=by)
