"""Figures of a cross-validation: each reply is judged by models, and at thresholds, that saw nothing of its fold."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt
from scipy import stats
from sklearn.metrics import roc_auc_score

from assistant.safety.phases import REQUIRED, build_phases
from assistant.safety.pipeline import Pipeline
from assistant.safety.reply_model import FAULTS
from assistant.safety.types import Context, Kind
from training.replies.corpus import EXCHANGED, OTHER, Example
from training.replies.features import Floats
from training.replies.fit import Bools, sources, threshold

_Z = 1.96
OURS = "reply_classifier"


def beyond_thresholds(scores: Mapping[str, Floats], examples: Sequence[Example]) -> dict[str, Floats]:
    """Scores less the threshold that the other folds ask for: above nought is flagged."""
    folds = np.array([example.fold for example in examples])
    beyond = {fault: given.copy() for fault, given in scores.items()}
    for fault, given in scores.items():
        for fold in range(5):
            beyond[fault][folds == fold] -= threshold(given, examples, using=folds != fold)
    return beyond


def flagged_by_rules(examples: Sequence[Example]) -> Bools:
    """Whether the other phases hold a reply or ask a person to look at it."""
    phases = [phase for phase in build_phases() if phase.name != OURS]
    required = {name: kinds for name, kinds in REQUIRED.items() if name != OURS}
    pipeline = Pipeline(phases, required)
    return np.array([pipeline.screen(one.text, Context(Kind.REPLY, post=one.post)).flagged for one in examples])


def lines(examples: Sequence[Example], beyond: Mapping[str, Floats], by_rules: Bools | None = None) -> Iterator[str]:
    faults = np.array([example.fault for example in examples])
    dialogue, advice = sources(examples, "diasafety"), sources(examples, "safetext")
    categories = np.array([example.category for example in examples])
    for fault in FAULTS:
        own = np.isin(categories, np.unique(categories[dialogue & (faults == fault)]))
        flags = beyond[fault] >= 0
        yield f"{fault}"
        yield f"  AUC among its category        {area(faults[own] == fault, beyond[fault][own])}"
        yield f"  recall                        {share(flags[own & (faults == fault)])}"
        yield f"  precision, all of DiaSafety   {share(faults[dialogue & flags] != '')}"
        yield from _good(flags, examples)
        if (again := sources(examples, EXCHANGED) & (categories == fault)).any():
            yield f"  flagged, under a harmless post {share(flags[again])}"
    together = np.max([beyond[fault] for fault in FAULTS], axis=0)
    named = dialogue & np.isin(faults, FAULTS)
    columns = {"any of the three": together >= 0}
    if by_rules is not None:
        columns |= {"rules alone": by_rules, "rules and the three": by_rules | (together >= 0)}
    for name, flags in columns.items():
        yield name
        yield f"  recall, three categories      {share(flags[named])}"
        for category in np.unique(categories[dialogue]):
            unsafe = dialogue & (categories == category) & (faults != "")
            yield f"  recall, {category:23s}{share(flags[unsafe])}"
        yield f"  recall, SafeText              {share(flags[advice & (faults != '')])}"
        yield from _good(flags, examples)
    yield "the highest of the three, as a score"
    yield f"  AUC, three categories         {area(*_of(named | (dialogue & (faults == '')), faults, together))}"
    yield f"  AUC, all of DiaSafety         {area(*_of(dialogue, faults, together))}"
    yield f"  AUC, SafeText                 {area(*_of(advice, faults, together))}"
    yield f"unsafe replies of other kinds: {int((faults == OTHER).sum())}"


def _good(flags: Bools, examples: Sequence[Example]) -> Iterator[str]:
    safe = np.array([not example.fault for example in examples])
    for source in ("diasafety", "safetext", "esconv", "counsel-chat"):
        yield f"  safe flagged, {source:13s}{share(flags[safe & sources(examples, source)])}"


def _of(chosen: Bools, faults: npt.NDArray[np.str_], scores: Floats) -> tuple[Bools, Floats]:
    return faults[chosen] != "", scores[chosen]


def share(flags: Bools) -> str:
    """With Clopper and Pearson's interval."""
    hits, n = int(flags.sum()), len(flags)
    interval = stats.binomtest(hits, n).proportion_ci(0.95, method="exact")
    return f"{hits / n:.3f} [{interval.low:.3f}, {interval.high:.3f}] {hits} of {n}"


def area(positive: Bools, scores: Floats) -> str:
    """Under the ROC curve, with Hanley and McNeil's interval."""
    auc = float(roc_auc_score(positive, scores))
    above, below = int(positive.sum()), int((~positive).sum())
    both_above, both_below = auc / (2 - auc), 2 * auc * auc / (1 + auc)
    variance = auc * (1 - auc) + (above - 1) * (both_above - auc**2) + (below - 1) * (both_below - auc**2)
    reach = _Z * math.sqrt(variance / (above * below))
    return f"{auc:.3f} [{auc - reach:.3f}, {min(1.0, auc + reach):.3f}] {above} and {below}"
