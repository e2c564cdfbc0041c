"""Pairs from what supporters did with suggestions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from assistant.changes import Kind, apply_changes, changes_between
from assistant.inference.trained_prompts import Task
from training.pairs.choosing import Candidate, Drop, check_texts, choose
from training.pairs.options import PairOptions, PairReport
from training.schemas import Objective, Pair, PairSource
from training.sources.lantern import REASONS, FinishedDraft, JudgedChange, Outcome, Verdict


def supporter_feedback(drafts: Iterable[FinishedDraft], options: PairOptions) -> tuple[list[Pair], PairReport]:
    """One pair for each change that a supporter refused, one for each that was written over, one for those that were taken.

    The two texts differ by that change alone, so being alike is no reason to drop them.
    """
    report = PairReport(PairSource.SUPPORTER_FEEDBACK)
    candidates = []
    for draft in drafts:
        for found in _judged(draft):
            report.considered += 1
            if isinstance(found, str):
                report.dropped[found] += 1
                continue
            try:
                check_texts(found.pair.post, found.pair.chosen, found.pair.rejected, options, alike=1.0)
            except Drop as drop:
                report.dropped[str(drop)] += 1
            else:
                candidates.append(found)
    return choose(candidates, options, report)


def _judged(draft: FinishedDraft) -> Iterator[Candidate | str]:
    """Candidates, or why there is none."""
    if not draft.draft or not draft.suggestion:
        return
    if draft.moderator is not None and draft.moderator.outcome is Outcome.WITHHELD:
        yield "reply withheld"
        return
    changes = changes_between(draft.draft, draft.suggestion)
    places = {(one.before.strip(), one.after.strip()): one.index for one in changes if one.kind is not Kind.KEEP}
    taken: set[int] = set()
    others: list[tuple[int, JudgedChange]] = []
    for judged in draft.changes:
        if judged.kind is Kind.KEEP:
            continue
        index = places.get((judged.before.strip(), judged.after.strip()))
        if index is None:
            yield "a change that is not one of this draft"
        elif judged.verdict is Verdict.ACCEPTED:
            taken.add(index)
        else:
            others.append((index, judged))
    own = apply_changes(draft.draft, changes, taken)
    if taken:
        yield _of_draft(draft, own, draft.draft, Objective.EMPATHY, "taken")
    for index, judged in others:
        chosen = draft.sent if judged.verdict is Verdict.EDITED else own
        rejected = apply_changes(draft.draft, changes, taken | {index})
        objective = REASONS.get(judged.reason, Objective.STYLE)
        yield _of_draft(draft, chosen, rejected, objective, f"{judged.verdict}-{index}")


def _of_draft(draft: FinishedDraft, chosen: str, rejected: str, objective: Objective, kind: str) -> Candidate | str:
    if chosen.strip() == rejected.strip():
        return "the same text"
    pair = Pair(
        id=f"{draft.id}/{kind}",
        task=Task.IMPROVE,
        chosen=chosen.strip(),
        rejected=rejected.strip(),
        source=PairSource.SUPPORTER_FEEDBACK,
        objective=objective,
        origin=draft.origin,
        group=draft.group,
        post=draft.post,
        draft=draft.draft,
        score_chosen=1.0,
        author_chosen=draft.author,
        author_rejected=draft.author,
    )
    return Candidate(pair, 1.0)
