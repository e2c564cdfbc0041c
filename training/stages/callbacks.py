"""Reasons to end a run before its last step."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from transformers import TrainerCallback

from training.stages.tracking import DISCARDED, note, read_metrics, write_whole

Share = Callable[[Any], float]  # of a model: the share of its answers that the checks hold or flag


class StopWhenNoBetter(TrainerCallback):  # type: ignore[misc]
    """Counts evaluations without a better one. What it counts is worked out from the history, so a resumed run goes on."""

    def __init__(self, patience: int) -> None:
        self._patience = patience

    def on_evaluate(self, _args: Any, state: Any, control: Any, **_: Any) -> None:
        scores = [line["eval_score"] for line in state.log_history if "eval_score" in line]
        best = max(range(len(scores)), key=scores.__getitem__, default=0)
        if self._patience and len(scores) - 1 - best >= self._patience:
            control.should_training_stop = True


class StopWhenUnsafe(TrainerCallback):  # type: ignore[misc]
    """Stops the run, and marks it, when more of its answers are held or flagged than when it began.

    What was learned since the last check that passed is discarded; where none passed, all of it.
    """

    def __init__(self, run: Path, share: Share, *, begin: float, worse_by: float) -> None:
        self._run, self._share, self._begin, self._worse_by = run, share, begin, worse_by

    def on_evaluate(self, _args: Any, state: Any, control: Any, model: Any = None, **_: Any) -> None:
        passed = [line["step"] for line in read_metrics(self._run) if self._passes(line.get("flagged"))]
        now = self._share(model)
        note(self._run, {"step": state.global_step, "flagged": now})
        if self._passes(now):
            return
        write_whole(
            self._run / DISCARDED,
            {
                "step": state.global_step,
                "passed_at_step": max(passed, default=0),
                "flagged_before": self._begin,
                "flagged_now": now,
                "worse_by_at_most": self._worse_by,
                "reason": "The safety checks hold or flag more of its answers than before the run.",
            },
        )
        control.should_training_stop = True

    def _passes(self, flagged: float | None) -> bool:
        return flagged is not None and flagged <= self._begin + self._worse_by
